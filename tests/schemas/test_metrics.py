"""Names that Prometheus tools accept, one registry per process, and an endpoint that serves them."""

import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from master_orchestrator_schemas.metrics import PREFIX, Metrics, start_metrics_server

LISTED = [metric for metric in vars(Metrics()).values() if isinstance(metric, Counter | Gauge | Histogram)]
BASE_UNITS = ("_seconds", "_records", "_partitions", "_queued", "_flight", "_topics")


@pytest.mark.parametrize("family", [family for metric in LISTED for family in metric.describe()], ids=lambda f: f.name)
def test_names_have_the_prefix_and_a_base_unit(family: object) -> None:
    name, kind = vars(family)["name"], vars(family)["type"]

    assert name.startswith(f"{PREFIX}_")
    assert kind == "counter" or name.endswith(BASE_UNITS)
    assert "milli" not in name
    assert "_ms" not in name


def test_every_metric_of_the_list_is_registered() -> None:
    registry = CollectorRegistry()
    listed = {family.name for metric in LISTED for family in metric.describe()}

    assert listed == {family.name for family in Metrics(registry).registry.collect() if family.name.startswith(PREFIX)}


def test_buckets_grow() -> None:
    for metric in LISTED:
        if isinstance(metric, Histogram):
            bounds = metric._upper_bounds
            assert bounds == sorted(set(bounds))


def test_two_processes_worth_of_metrics_live_side_by_side() -> None:
    one, other = Metrics(), Metrics()
    one.workflows_opened.labels("URGENT").inc()

    labels = {"priority": "URGENT"}
    assert one.registry.get_sample_value(f"{PREFIX}_workflows_opened_total", labels) == 1
    assert other.registry.get_sample_value(f"{PREFIX}_workflows_opened_total", labels) is None


def test_the_endpoint_serves_them_and_frees_its_port() -> None:
    metrics = Metrics()
    metrics.dead_letters.labels("vehicle.telemetry", "undecodable").inc()

    with start_metrics_server(metrics, 0) as server:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
            page = answer.read().decode()
        port = server.port

    assert f'{PREFIX}_dead_letters_total{{reason="undecodable",topic="vehicle.telemetry"}} 1.0' in page
    assert "process_resident_memory_bytes" in page
    with start_metrics_server(metrics, port):
        pass
