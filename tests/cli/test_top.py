"""`top`: the system on one screen, from the metrics of its processes, on narrow and wide terminals."""

import pytest
from prometheus_client import generate_latest
from rich.console import Console

from master_orchestrator.cli.main import run
from master_orchestrator.cli.top import screen
from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator.supervision.overview import Overview
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.metrics_server import start_metrics_server


@pytest.fixture
def engine() -> Metrics:
    metrics = Metrics(Process.ENGINE)
    metrics.workflows.read = lambda: [(("DIAGNOSIS", "URGENT"), 2), (("SCHEDULED", "ROUTINE"), 1_005)]
    metrics.commands_open.read = lambda: [(("DIAGNOSIS", "urgent"), 2), (("FEEDBACK", "routine"), 9)]
    metrics.commands_oldest_seconds.read = lambda: [(("DIAGNOSIS", "urgent"), 1.5), (("FEEDBACK", "routine"), 86_400.0)]
    metrics.lane_bound_seconds.labels("DIAGNOSIS", "urgent").set(1)
    metrics.input_lag_records.read = lambda: [(("vehicle.telemetry", "0"), 31)]
    metrics.alerts.labels("URGENT_UNRESOLVED").inc()
    return metrics


@pytest.fixture
def runners() -> Metrics:
    metrics = Metrics(Process.RUNNER)
    metrics.workers.labels("DIAGNOSIS").set(8)
    metrics.replies.labels("DIAGNOSIS", "urgent", "result").inc(40)
    metrics.replies.labels("DIAGNOSIS", "urgent", "retryable").inc(2)
    return metrics


@pytest.mark.parametrize("width", [80, 200])
def test_it_shows_states_lanes_agents_and_alerts(engine: Metrics, runners: Metrics, width: int) -> None:
    pages = [generate_latest(metrics.registry).decode() for metrics in (engine, runners)]
    console = Console(width=width)
    with console.capture() as captured:
        console.print(screen(Overview(pages), []))
    lines = [line.rstrip() for line in captured.get().splitlines()]

    assert "1,007 workflows open, 2 of them URGENT; 31 inputs behind" == lines[0]
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "DATA_ANALYSIS(0) → DIAGNOSIS(2) → URGENCY_ASSESSMENT(0)" in text
    assert "DIAGNOSIS urgent 2 1.5 s ████████████████████ 150%" in text
    assert "FEEDBACK routine 9 86400.0 s waits for people" in text
    assert "DIAGNOSIS 0 8 42 2" in text
    assert "calls for a human since the engines' start: URGENT_UNRESOLVED 1" in text


def test_it_asks_the_processes_and_names_who_does_not_answer(
    engine: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with start_metrics_server(engine, 0) as server:
        assert 0 == run(["top", "--once", f"127.0.0.1:{server.port}", nobody])
    shown = capsys.readouterr().out
    assert f"no answer from http://{nobody}" in shown
    assert "1,007 workflows open" in shown


def test_nobody_answers_is_no_overview_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    assert 69 == run(["top", "--once", nobody])
    captured = capsys.readouterr()
    assert f"no process serves metrics at http://{nobody}" in captured.err
    assert "" == captured.out


@pytest.mark.parametrize(
    "address", ["", "http://[", "a b:1", "host:port", "a..b:1", "x" * 300, "localhost:1/metrics", "h:0"]
)
def test_what_is_no_address_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(["top", "--once", address])
    assert "is not an address" in capsys.readouterr().err


def test_without_a_terminal_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(["top"])
    assert "--once" in capsys.readouterr().err
