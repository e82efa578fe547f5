"""One table of metrics: named as Prometheus wants it, registered per process, known series at 0, served over HTTP."""

import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import PREFIX, TABLE, Metrics
from master_orchestrator_schemas.metrics_server import start_metrics_server

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
PLAIN_COUNTS = {
    "workflows", "commands_open", "commands_fetched", "workers", "workers_busy", "timers_pending", "controls",
    "risk_score", "rule_labels_needed",
}  # fmt: skip
UNITS = ("_seconds", "_records", "_partitions", "_bytes", "_ratio", "_info", "_topics")


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
def test_names_have_the_prefix_and_a_base_unit(metric: object) -> None:
    name, kind = vars(metric)["name"], vars(metric)["kind"]
    assert name.startswith(f"{PREFIX}_")
    assert (kind is Counter) == name.endswith("_total")
    assert kind is Counter or name.endswith(UNITS) or name.removeprefix(f"{PREFIX}_") in PLAIN_COUNTS
    assert not re.search("milli|_ms", name)


def _families(metrics: Metrics) -> set[str]:
    return {family.name for family in metrics.registry.collect() if family.name.startswith(PREFIX)}


def test_each_process_registers_its_own_and_nothing_else() -> None:
    processes = (Process.ENGINE, Process.RUNNER, Process.UEBA, None)
    engine, runner, ueba, every = (_families(Metrics(process)) for process in processes)
    assert {metric.name.removesuffix("_total") for metric in TABLE} == every
    assert engine | runner | ueba == every

    def names(*processes: Process | None) -> set[str]:
        return {metric.name.removesuffix("_total") for metric in TABLE if metric.process in processes}

    assert names(None) == engine & runner
    assert names(None, Process.STREAM) == engine & ueba


def test_known_series_start_at_0() -> None:
    value = Metrics(Process.ENGINE).registry.get_sample_value
    assert 0 == value(f"{PREFIX}_alerts_total", {"kind": "URGENT_UNRESOLVED"})
    assert 0 == value(f"{PREFIX}_workflows_opened_total", {"priority": "URGENT"})
    assert 0 == value(f"{PREFIX}_workflows_ended_total", {"state": "FAILED", "reason": "cancelled"})
    assert 0 == value(f"{PREFIX}_retries_total", {"agent": "DIAGNOSIS", "reason": "timeout"})
    assert 0 == value(f"{PREFIX}_transactions_total", {"outcome": "fenced"})
    assert value(f"{PREFIX}_workflows_ended_total", {"state": "COMPLETED", "reason": "cancelled"}) is None


def test_two_seconds_is_a_bucket_of_every_wait() -> None:
    for metric in TABLE:
        if metric.kind is Histogram:
            assert [*metric.buckets] == sorted(set(metric.buckets))
    assert 2.0 in Metrics.command_wait_seconds.buckets
    assert 2.0 in Metrics.timer_delay_seconds.buckets


def test_two_processes_worth_of_metrics_live_side_by_side() -> None:
    one, other = Metrics(), Metrics()
    one.workflows_opened.labels("URGENT").inc()
    labels = {"priority": "URGENT"}
    assert 1 == one.registry.get_sample_value(f"{PREFIX}_workflows_opened_total", labels)
    assert 0 == other.registry.get_sample_value(f"{PREFIX}_workflows_opened_total", labels)


def test_a_live_gauge_is_asked_at_each_scrape() -> None:
    metrics = Metrics(Process.ENGINE, CollectorRegistry())
    ages = [3.0, 4.0]
    metrics.commands_oldest_seconds.read = lambda: [(("DIAGNOSIS", "urgent"), ages.pop(0))]
    labels = {"agent": "DIAGNOSIS", "lane": "urgent"}
    name = f"{PREFIX}_commands_oldest_seconds"
    assert [3.0, 4.0] == [metrics.registry.get_sample_value(name, labels) for _ in range(2)]


def test_the_endpoint_serves_them_and_frees_its_port() -> None:
    metrics = Metrics()
    metrics.dead_letters.labels("vehicle.telemetry", "undecodable").inc()

    with start_metrics_server(metrics, 0) as server:
        page = _read(server.port, "/metrics")[1]
        port = server.port

    assert f'{PREFIX}_dead_letters_total{{reason="undecodable",topic="vehicle.telemetry"}} 1.0' in page
    assert "process_resident_memory_bytes" in page
    assert "python_gc_collections_total" in page
    with start_metrics_server(metrics, port):
        pass


def test_what_is_not_there_is_404() -> None:
    with start_metrics_server(Metrics(), 0) as server:
        assert {404} == {_read(server.port, path)[0] for path in ("/nope", "/", "/ready", "/metrics/x")}


def _read(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_the_document_shows_the_table() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    assert [document_line(metric) for metric in TABLE] == rows


def document_line(metric: object) -> str:
    """One line of the table in docs/metrics.md; run this file to print them all."""
    what = vars(metric)
    labels = ", ".join(f"`{label}`" for label in what["labels"])
    kind = {"LiveGauge": "gauge"}.get(what["kind"].__name__, what["kind"].__name__.lower())
    process = {None: "all", Process.STREAM: "engine, ueba"}.get(what["process"]) or what["process"].name.lower()
    return f"| `{what['name'].removeprefix(PREFIX + '_')}` | {kind} | {labels} | {process} | {what['says']} |"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's package prometheus) is not here")
@pytest.mark.parametrize("process", Process)
def test_promtool_finds_nothing_to_remark(process: Process) -> None:
    page = generate_latest(Metrics(process).registry)
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False)
    assert (0, b"") == (done.returncode, done.stderr + done.stdout)


if __name__ == "__main__":
    for each in TABLE:
        print(document_line(each))  # noqa: T201
