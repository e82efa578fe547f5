"""The engine's gauges on a real Kafka: right after a restart, 0 where nothing is left, growing in a stall."""

import time
import urllib.request
from collections.abc import Callable

import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families
from support.engine_system import EngineSystem
from support.topics import CODEC

from master_orchestrator.cluster.node_settings import free_port
from master_orchestrator_schemas.kafka import producer_config
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.metrics import PREFIX

pytestmark = pytest.mark.kafka
PATIENCE_S = 90.0
VEHICLES = 12


class Scrape:
    """The engine's metrics, by name; values of all label sets added up."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"

    def total(self, name: str, **labels: str) -> float:
        """The sum; NaN while nobody answers."""
        try:
            with urllib.request.urlopen(self._url, timeout=5) as answer:  # noqa: S310 - our own
                page = answer.read().decode()
        except OSError:
            return float("nan")
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == f"{PREFIX}_{name}" and labels.items() <= sample.labels.items()
        )

    def until(self, holds: Callable[[float], bool], name: str, **labels: str) -> float:
        """The sum, once it is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds(value := self.total(name, **labels)):
            assert time.monotonic() < deadline, (name, value)
            time.sleep(0.05)
        return value


def test_what_is_open_is_told_right_after_a_kill_and_commands_wait_visibly(system: EngineSystem) -> None:
    port = free_port()
    scrape = Scrape(port)
    engine = system.start("w1", "--metrics-port", str(port))
    system.request_checks(range(VEHICLES))
    labels = {"agent": "DATA_ANALYSIS", "lane": "routine"}
    scrape.until(lambda value: value == VEHICLES, "workflows")
    assert VEHICLES == scrape.total("commands_open", **labels)
    before_s = scrape.until(lambda value: value > 0.5, "commands_oldest_seconds", **labels)
    engine.kill()
    engine.start()
    scrape.until(lambda value: value == system.topology.partitions, "owned_partitions")
    assert VEHICLES == scrape.total("workflows")
    assert VEHICLES == scrape.total("commands_open")
    assert before_s < scrape.total("commands_oldest_seconds", **labels)
    assert system.topology.partitions == scrape.total("restore_done_ratio")
    assert 0 < scrape.total("table_bytes")
    with system.echo_agents():
        system.assert_whole(VEHICLES)
        scrape.until(lambda value: value == 0, "workflows")
        scrape.until(lambda value: value == 0, "commands_open")


def test_an_open_transaction_of_a_gateway_shows_and_is_over_with_it(system: EngineSystem) -> None:
    port = free_port()
    scrape = Scrape(port)
    system.start("w1", "--metrics-port", str(port))
    scrape.until(lambda value: value == system.topology.partitions, "owned_partitions")
    gateway = Producer(producer_config(system.kafka, **{"transactional.id": f"{system.topology.app_id}-gateway"}))
    gateway.init_transactions(10)
    topic = system.topology.topic_of("Telemetry")
    for number, end in enumerate((gateway.commit_transaction, gateway.abort_transaction)):
        gateway.begin_transaction()
        reading = Telemetry(vehicle_id="car-1", ts_ms=1_700_000_000_000 + number, engine_rpm=900.0)
        gateway.produce(topic, CODEC.encode(reading), b"car-1", partition=0)
        gateway.flush(10)
        scrape.until(lambda value: value >= 1, "input_lag_records", topic=topic)
        scrape.until(lambda value: value > 1.0, "input_oldest_seconds", topic=topic)
        end(10)
        scrape.until(lambda value: value == 0, "input_lag_records", topic=topic)
        assert 0 == scrape.total("input_oldest_seconds", topic=topic)
