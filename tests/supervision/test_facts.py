"""What `up` tells of the system that it runs: addresses, readiness, and a line of facts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.cli.up import address_lines, plan, quiet, tell_facts
from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator.supervision.facts import facts
from master_orchestrator_schemas.health import HealthVerdict, make_http_server


class Health:
    def __init__(self, verdict: HealthVerdict) -> None:
        self.verdict = verdict

    def ready(self) -> HealthVerdict:
        return self.verdict

    def live(self) -> HealthVerdict:
        return self.verdict


@contextmanager
def served(registry: CollectorRegistry, health: Health) -> Iterator[str]:
    server = make_http_server(registry, health, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    open_now = Gauge("master_orchestrator_workflows", "-", ["state", "priority"], registry=registry)
    open_now.labels("DIAGNOSIS", "URGENT").set(2)
    open_now.labels("SCHEDULED", "ROUTINE").set(5)
    ended = Counter("master_orchestrator_workflows_ended_total", "-", ["state", "reason"], registry=registry)
    ended.labels("COMPLETED", "serviced").inc(9)
    ended.labels("FAILED", "cancelled").inc(1)
    Gauge("master_orchestrator_commands_open", "-", ["agent"], registry=registry).labels("DIAGNOSIS").set(2)
    Gauge("master_orchestrator_input_lag_records", "-", ["topic"], registry=registry).labels("t").set(31)
    return registry


def test_the_line_has_readiness_and_the_engines_figures(registry: CollectorRegistry) -> None:
    health = Health(HealthVerdict(ok=True, why="works"))
    with served(registry, health) as engine, served(CollectorRegistry(), health) as agents:
        assert (
            "Ready: engine, agents. 7 workflows open, 2 of them URGENT; 9 completed, 1 failed; 2 commands open; "
            "31 records behind." == facts({"engine": engine, "agents": agents})
        )


def test_what_is_not_ready_says_why(registry: CollectorRegistry) -> None:
    with served(registry, Health(HealthVerdict(ok=False, why="3 partitions are restored of 8"))) as engine:
        told = facts({"engine": engine, "agents": f"http://127.0.0.1:{free_port()}"})
    assert told.startswith(
        "Not ready: engine: 3 partitions are restored of 8; agents: does not answer yet. 7 workflows"
    )


def test_a_line_is_told_when_it_changes(registry: CollectorRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    class ThreeRounds(threading.Event):
        rounds = 0

        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  not waited for here
            self.rounds += 1
            if self.rounds == 2:
                health.verdict = HealthVerdict(ok=True, why="works")
            if self.rounds == 3:
                self.set()
            return self.is_set()

    health = Health(HealthVerdict(ok=False, why="it is \x1b[2J restored"))
    with served(registry, health) as engine:
        tell_facts({"engine": engine}, ThreeRounds())
    lines = capsys.readouterr().out.splitlines()
    assert ["Not ready", "Ready"] == [line.split(" ", 1)[1].partition(":")[0] for line in lines]
    assert "\x1b" not in "".join(lines)


def test_the_addresses_are_those_that_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    call, port = Invocation({"data_dir": tmp_path}), free_port()
    system = plan(call, brokers=1, port=port, handlers=[], load=[], served={"engine": 9500, "agents": 9501})
    assert f"127.0.0.1:{port}" == system.bootstrap_servers
    assert (["--metrics-port", "9500"], ["--metrics-port", "9501"]) == (system.engine, system.agents)
    assert f"Kafka:  127.0.0.1:{port}" == address_lines(system.bootstrap_servers, {})[0]


def test_logs_are_quiet_unless_somebody_has_said_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTER_ORCHESTRATOR_LOG_LEVEL", raising=False)
    assert ["--log-level", "warning"] == quiet(Invocation()).child_options()
    assert ["--log-level", "debug"] == quiet(Invocation({"log_level": "debug"})).child_options()
    monkeypatch.setenv("MASTER_ORCHESTRATOR_LOG_LEVEL", "info")
    assert [] == quiet(Invocation()).child_options()


def test_a_port_is_for_an_embedded_kafka(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(["--bootstrap-servers", "127.0.0.1:9", "up", "--port", "9092"])
    assert "--port is for the embedded Kafka" in capsys.readouterr().err
