"""Readiness and liveness over HTTP."""

import json
import urllib.request
from urllib.error import HTTPError

import pytest

from master_orchestrator_schemas.health import HealthVerdict, joint
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.metrics_server import start_metrics_server

YES = HealthVerdict(ok=True, why="a")


class Patient:
    """Says what it is told to say."""

    def __init__(self) -> None:
        self.verdicts = {"ready": HealthVerdict(ok=True, why="works"), "live": HealthVerdict(ok=True, why="lives")}

    def ready(self) -> HealthVerdict:
        return self.verdicts["ready"]

    def live(self) -> HealthVerdict:
        return self.verdicts["live"]


def get(port: int, path: str) -> tuple[int, str]:
    """(status, body)."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_each_endpoint_says_its_own_verdict_as_it_is_when_asked() -> None:
    patient = Patient()
    with start_metrics_server(Metrics(), 0, health=patient) as server:
        assert (200, {"ok": True, "why": "works"}) == _read(server.port, "/ready")
        patient.verdicts["ready"] = HealthVerdict(ok=False, why="restores its tables")
        assert (503, {"ok": False, "why": "restores its tables"}) == _read(server.port, "/ready")
        assert (200, {"ok": True, "why": "lives"}) == _read(server.port, "/live")
        assert "process_resident_memory_bytes" in get(server.port, "/metrics")[1]


def _read(port: int, path: str) -> tuple[int, object]:
    status, body = get(port, path)
    return status, json.loads(body)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([YES, HealthVerdict(ok=True, why="b")], HealthVerdict(ok=True, why="a; b")),
        (
            [YES, HealthVerdict(ok=False, why="b"), HealthVerdict(ok=False, why="c")],
            HealthVerdict(ok=False, why="b; c"),
        ),
        ([YES] * 6, YES),
    ],
)
def test_of_several_parts_those_count_that_say_no(parts: list[HealthVerdict], whole: HealthVerdict) -> None:
    assert whole == joint(parts)
