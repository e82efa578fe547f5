"""What is asked about one workflow, or about all, is answered without reading everything."""

from collections.abc import Iterator, Mapping
from typing import Self

import pytest
from confluent_kafka import Message
from hypothesis import given
from msgspec.structs import replace
from support.core_vehicle import CoreVehicle, policy_of
from support.message_strategies import statuses
from support.statuses import status
from support.topics import CODEC

from master_orchestrator.core.fold import statistics
from master_orchestrator.readers import audit
from master_orchestrator.readers import statuses as status_reader
from master_orchestrator.readers.audit import read_trail
from master_orchestrator.readers.statuses import FiguresHead, read_status
from master_orchestrator_schemas.heads import HeadReader
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import State

TRUCK = "truck-1"
FIGURES = HeadReader("status", FiguresHead, Limits())
ONE = f"{TRUCK}~0"
PARTITION = Partition("workflow.status", 0)


class CountedTopic:
    """A partition of a topic, and how many of its records were read."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages, self._start, self.read = messages, 0, 0

    def __call__(self, *_: object, **_options: object) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def start_offsets(self) -> dict[Partition, int]:
        return {PARTITION: 0}

    def end_offsets(self) -> dict[Partition, int]:
        return {PARTITION: len(self._messages)}

    def go_to(self, offsets: Mapping[Partition, int]) -> None:
        (self._start,) = offsets.values()

    def catch_up(self, _progress: object = None, *, until: Mapping[Partition, int] | None = None) -> Iterator[Message]:
        for message in self._messages[self._start : (until or self.end_offsets())[PARTITION]]:
            self.read += 1
            yield message


def status_message(one: Status) -> Message:
    return Message(key=one.workflow_id.encode(), value=CODEC.encode(one), partition=0)


def status_of(vehicle_id: str, seq: int) -> Status:
    return replace(status(f"{vehicle_id}~0", State.DIAGNOSIS), seq=seq)


@pytest.fixture
def one_partition(topology: Topology) -> Topology:
    return topology.model_copy(update={"partitions": 1})


@pytest.mark.parametrize(("back", "most"), [(1, 4), (4, 4), (5, 20), (60, 100), (100, 100)])
def test_a_status_is_looked_for_from_the_end_back(
    one_partition: Topology, monkeypatch: pytest.MonkeyPatch, back: int, most: int
) -> None:
    records = [status_message(status_of("truck-2", seq)) for seq in range(100)]
    records[100 - back] = status_message(status_of(TRUCK, 7))
    topic = CountedTopic(records)
    monkeypatch.setattr(status_reader, "TopicReader", topic)
    monkeypatch.setattr(status_reader, "LATELY", 4)

    found = read_status(KafkaSettings(), one_partition, ONE)

    assert found is not None
    assert 7 == found.seq
    assert back <= topic.read <= most
    assert read_status(KafkaSettings(), one_partition, "truck-3~0") is None


def test_the_newest_of_a_windows_statuses_counts(one_partition: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = CountedTopic([status_message(status_of(TRUCK, seq)) for seq in range(3)])
    monkeypatch.setattr(status_reader, "TopicReader", topic)

    found = read_status(KafkaSettings(), one_partition, ONE)

    assert found is not None
    assert 2 == found.seq


def test_a_trail_is_read_up_to_its_status(
    one_partition: Topology, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    vehicle = CoreVehicle(policy_of(topology), vehicle_id=TRUCK)
    vehicle.fault("P0217")
    trail = vehicle.audit
    topic = CountedTopic([audit_message(record) for record in (trail[0], *trail, trail[-1], *trail)])
    monkeypatch.setattr(audit, "TopicReader", topic)
    newest = replace(status_of(TRUCK, trail[-1].seq), created_at_ms=trail[0].at_ms)

    assert trail == read_trail(KafkaSettings(), one_partition, ONE, newest)
    assert 1 + len(trail) == topic.read
    assert trail == read_trail(KafkaSettings(), one_partition, ONE)


def audit_message(record: AuditRecord) -> Message:
    return Message(key=f"{record.workflow_id}/{record.seq}".encode(), value=CODEC.encode(record), partition=0)


@given(statuses)
def test_the_head_gives_the_figures_of_the_whole_status(one: Status) -> None:
    assert statistics([one]) == statistics([FIGURES.read(CODEC.encode(one))])
