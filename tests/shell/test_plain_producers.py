"""What goes out of transactions: partitions side by side, each one's records in order."""

from collections import Counter

import pytest
from confluent_kafka import KafkaError

from master_orchestrator.shell import clients
from master_orchestrator.shell.clients import PLAIN_PRODUCERS, PlainProducers
from master_orchestrator.shell.errors import ShellError
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

PARTITION = 3


class WaitingProducer:
    """librdkafka's producer, which reports on what it was given when it is polled; ``calls`` of all in order."""

    def __init__(self, calls: list[tuple[int, str]], refused: str) -> None:
        self._calls, self._refused = calls, refused
        self._reports: list[tuple[str, clients.Report]] = []
        self.partitions: Counter[int] = Counter()

    def produce(
        self, topic: str, _value: bytes, _key: bytes, partition: int, *, on_delivery: clients.Report, **_more: object
    ) -> None:
        self._calls.append((id(self), topic))
        self.partitions[partition] += 1
        self._reports.append((topic, on_delivery))

    def poll(self, _timeout: float) -> None:
        self._calls.append((id(self), "poll"))
        for topic, report in self._reports:
            error = KafkaError(KafkaError._MSG_TIMED_OUT) if topic == self._refused else None
            report(error, None)  # type: ignore[arg-type]  # a message is not made by hand
        self._reports = []


class Stage:
    """Producers that wait, and all that was asked of them."""

    def __init__(self, topology: Topology, monkeypatch: pytest.MonkeyPatch, refused: str = "") -> None:
        self.calls: list[tuple[int, str]] = []
        self.made: list[WaitingProducer] = []

        def make(_config: object) -> WaitingProducer:
            self.made.append(WaitingProducer(self.calls, refused))
            return self.made[-1]

        monkeypatch.setattr(clients, "Producer", make)
        self.producers = PlainProducers(KafkaSettings(), topology)

    def sent(self, topic: str) -> set[int]:
        """Which producers have sent records of the topic."""
        return {producer for producer, called in self.calls if called == topic}


def records(topics: list[str]) -> list[Record]:
    return [Record(topic, b"car-1", b"value") for topic in topics]


@pytest.fixture
def stage(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(topology, monkeypatch)


def test_a_partitions_records_go_by_one_producer_in_order(topology: Topology, stage: Stage) -> None:
    for _ in range(3):
        stage.producers.send(records([*topology.command_topics]), PARTITION)
    assert 1 == len(stage.made)
    assert [*topology.command_topics] * 3 == [called for _, called in stage.calls if called != "poll"]


def test_partitions_do_not_wait_for_each_other(stage: Stage) -> None:
    for partition in range(PLAIN_PRODUCERS + 1):
        stage.producers.send(records(["a"]), partition)
    assert PLAIN_PRODUCERS == len(stage.made) == len(stage.sent("a"))


def test_activity_goes_to_its_actors_partition_all_else_to_its_inputs(topology: Topology, stage: Stage) -> None:
    stage.producers.send(records(["a", topology.topic_of("Activity")]), PARTITION)
    assert {PARTITION: 1, clients.ANY_PARTITION: 1} == sum((each.partitions for each in stage.made), Counter())


def test_a_record_that_cannot_be_delivered_is_told(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(topology, monkeypatch, refused="lost")
    with pytest.raises(ShellError, match=f"partition {PARTITION} could not be delivered"):
        stage.producers.send(records(["a", "b", "c", "d", "lost"]), PARTITION)
