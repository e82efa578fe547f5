"""`up` as a user runs it: everything comes up, what is killed comes back, and SIGTERM leaves nothing behind."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from master_orchestrator.cluster.broker import running_bootstrap_servers
from master_orchestrator.supervision.services import command_line

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "up.log"


@pytest.fixture
def system(tmp_path: Path, log: Path) -> Iterator[psutil.Popen]:
    """`up` without load on an embedded broker of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KAFKA_", "MASTER_"))}
    command = command_line("--data-dir", str(tmp_path), "up", "--no-metrics")
    with log.open("wb") as output, psutil.Popen(command, stdout=output, stderr=output, env=environment) as started:
        yield started
        if started.is_running():
            started.kill()


def test_up_keeps_everything_alive_until_it_is_told_to_stop(system: psutil.Popen, log: Path, tmp_path: Path) -> None:
    _await(lambda: {"kafka", "engine", "agents"} == _services(log, "started"), log)
    engine = _child(system, "engine")
    engine.kill()
    _await(lambda: "engine" in _services(log, "started again"), log)
    assert engine.pid != _child(system, "engine").pid

    (broker,) = [child for child in system.children() if "kafka.Kafka" in child.cmdline()]
    broker.kill()
    _await(lambda: "kafka" in _services(log, "started again"), log)
    assert running_bootstrap_servers(tmp_path / "kafka") is not None

    everything = system.children(recursive=True)
    system.terminate()
    assert 0 == system.wait(60), log.read_text()
    assert [] == [process for process in everything if process.is_running()]
    assert running_bootstrap_servers(tmp_path / "kafka") is None
    stopped = [event["service"] for event in _events(log) if event.get("message") == "stopped"]
    assert ["engine", "agents", "kafka"] == stopped


def _child(system: psutil.Popen, command: str) -> psutil.Process:
    (found,) = [child for child in system.children() if command in child.cmdline()]
    return found


def _events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def _services(log: Path, message: str) -> set[str]:
    return {event["service"] for event in _events(log) if event.get("message") == message}


def _await(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
