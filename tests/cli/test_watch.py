"""`workflows --watch` draws what has come since, and is for people at a terminal."""

import sys
import time
from collections.abc import Iterator
from typing import Self

import pytest
from confluent_kafka import Message
from msgspec.structs import replace
from support.statuses import status

from master_orchestrator.cli import watching
from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.readers.topics import partition_of
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import State

DIAGNOSED = status("car-1~0", State.DIAGNOSIS)


class Topic:
    """A status topic that has one more record each time that it is read."""

    def __init__(self, topology: Topology, statuses: list[Status]) -> None:
        self._topology, self._statuses = topology, statuses

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def catch_up(self, _progress: object = None) -> Iterator[Message]:
        status = self._statuses.pop(0)
        yield Message(
            topic="workflow.status",
            partition=partition_of(status.vehicle_id, self._topology.partitions),
            key=status.workflow_id.encode(),
            value=Codec().encode(status),
        )


@pytest.mark.usefixtures("off_the_record")
def test_what_has_come_since_is_drawn(
    topology: Topology, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = Topic(topology, [DIAGNOSED, replace(DIAGNOSED, state=State.SCHEDULING, seq=2)])
    rounds = iter([None])

    def until_ctrl_c(_seconds: float) -> None:
        if next(rounds, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: None)
    monkeypatch.setattr(watching, "TopicReader", lambda *_: topic)
    monkeypatch.setattr(time, "sleep", until_ctrl_c)
    monkeypatch.setattr(watching, "refuse_to_watch", lambda _: None)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert 130 == run(["workflows", "--watch"])
    shown = capsys.readouterr().out
    assert shown.index("DIAGNOSIS") < shown.index("SCHEDULING")


@pytest.mark.parametrize(
    ("options", "terminal", "message"),
    [
        ([], False, "needs a terminal"),
        (["--json"], True, "draws a table"),
        (["-o", "csv"], True, "draws a table"),
    ],
)
def test_it_is_for_people_at_a_terminal(
    options: list[str],
    terminal: bool,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert 2 == run(["workflows", "--watch", *options])
    assert message in capsys.readouterr().err
