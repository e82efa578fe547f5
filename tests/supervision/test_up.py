"""`up` as a user runs it: everything comes up, what is killed comes back, and SIGTERM leaves nothing behind."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from master_orchestrator.cluster.broker import running_bootstrap_servers
from master_orchestrator.cluster.locking import try_lock
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.supervision.services import command_line

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "up.log"


@pytest.fixture
def system(tmp_path: Path, log: Path) -> Iterator[psutil.Popen]:
    """`up` without load on an embedded broker of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KAFKA_", "MASTER_"))}
    command = command_line("--data-dir", str(tmp_path), "up", "--no-metrics", "--verbose")
    with log.open("wb") as output, psutil.Popen(command, stdout=output, stderr=output, env=environment) as started:
        yield started
        if started.is_running():
            started.kill()


def test_up_keeps_everything_alive_until_it_is_told_to_stop(system: psutil.Popen, log: Path, tmp_path: Path) -> None:
    _await(lambda: {"kafka", "engine", "agents", "ueba"} == _services(log, "started"), log)
    engine = _child(system, "engine")
    engine.kill()
    _await(lambda: "engine" in _services(log, "restarted"), log)
    assert engine.pid != _child(system, "engine").pid

    (broker,) = [child for child in system.children() if "kafka.Kafka" in child.cmdline()]
    broker.kill()
    _await(lambda: "kafka" in _services(log, "restarted"), log)
    assert running_bootstrap_servers(tmp_path / "kafka") is not None

    everything = system.children(recursive=True)
    system.terminate()
    assert 0 == system.wait(60), log.read_text()
    assert [] == [process for process in everything if process.is_running()]
    assert running_bootstrap_servers(tmp_path / "kafka") is None
    stopped = [event["service"] for event in _events(log) if event.get("message") == "stopped"]
    assert ["engine", "agents", "ueba", "kafka"] == stopped


def test_whoever_is_started_while_the_broker_is_away_waits_for_it(
    system: psutil.Popen, log: Path, tmp_path: Path
) -> None:
    _await(lambda: _events_of(log, "partitions_owned") != [], log)
    (broker,) = [child for child in system.children() if "kafka.Kafka" in child.cmdline()]
    workers = [_child(system, name) for name in ("engine", "agents")]
    broker.kill()
    with _kept_down(tmp_path / "kafka" / "node-1"):
        for worker in workers:
            worker.kill()
        _await(lambda: {"engine", "agents"} <= _services(log, "restarted"), log)
        waiting = {name: _child(system, name).pid for name in ("engine", "agents")}
        # The fourth time that it is said is 14 s after the first; 10 s were once all that was waited.
        _await(lambda: all(_said(log, name, "waiting for Kafka") >= 4 for name in waiting), log)
    owned = len(_events_of(log, "partitions_owned"))
    _await(lambda: len(_events_of(log, "partitions_owned")) > owned, log)
    assert waiting == {name: _child(system, name).pid for name in waiting}
    assert ExitCode.MISTAKE not in {event["exit_code"] for event in _events_of(log, "died")}
    system.terminate()
    assert 0 == system.wait(60), log.read_text()


@contextmanager
def _kept_down(node: Path) -> Iterator[None]:
    """Hold the node's lock as soon as it is free: no broker can be started there."""
    deadline = time.monotonic() + 30
    while (lock := try_lock(node / "lock")) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield
    finally:
        os.close(lock)


def _said(log: Path, program: str, words: str) -> int:
    return sum(event.get("program") == program and words in str(event.get("message")) for event in _events(log))


def _events_of(log: Path, message: str) -> list[dict[str, Any]]:
    return [event for event in _events(log) if event.get("message") == message]


def _child(system: psutil.Popen, command: str) -> psutil.Process:
    living = [child for child in system.children() if child.status() != psutil.STATUS_ZOMBIE]
    titles = {child: " ".join(child.cmdline()) for child in living}  # ueba runs an engine too, and its title says so
    (named,) = [child for child, title in titles.items() if command in title.split() and "ueba" not in title]
    return named


def _events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def _services(log: Path, message: str) -> set[str]:
    return {event["service"] for event in _events_of(log, message)}


def _await(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
