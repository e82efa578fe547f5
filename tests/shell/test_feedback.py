"""Senders hear of their mistakes: in the batch's own transaction, bounded, with an example and the remedy."""

from collections.abc import Iterable

import pytest
from support.fetched_records import FetchedRecord
from support.topics import CODEC
from support.vehicle_processor import VehicleProcessor, vehicle_processor

from master_orchestrator.shell.feedback import MAX_SENDERS, TOLD_EVERY_MS
from master_orchestrator_schemas.headers import sender_of
from master_orchestrator_schemas.messages import SenderFeedback
from master_orchestrator_schemas.messages.feedback import MAX_MISTAKES
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.topology import Topology

RANK = INPUTS.index("Telemetry")
NOW_MS = 1_785_952_800_000
GATEWAY = (("ce_source", b"gateway/7"),)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def processor(topology: Topology, metrics: Metrics) -> VehicleProcessor:
    one = topology.model_copy(update={"partitions": 1})
    return vehicle_processor(one, metrics)


def told(processor: VehicleProcessor, *records: FetchedRecord) -> list[SenderFeedback]:
    """What a batch of readings puts on the topic."""
    table: dict[bytes, bytes] = {}
    work = processor.process(0, [(RANK, record) for record in records], table.get)
    ours = [record for record in work.records if record.topic == "sender.feedback"]
    feedbacks = [CODEC.decode(record.value, SenderFeedback) for record in ours]
    assert [feedback.sender.encode() for feedback in feedbacks] == [record.key for record in ours]
    return feedbacks


def reading(offset: int, text: bytes = b"", at_ms: int = NOW_MS) -> FetchedRecord:
    value = b'{"vehicle_id": "v", "timestamp": %d%s}' % (NOW_MS - 60_000 + offset, text)
    return FetchedRecord(offset, at_ms, b"v", value, GATEWAY)


def broken(offset: int, at_ms: int = NOW_MS) -> FetchedRecord:
    return FetchedRecord(offset, at_ms, b"v", b"[1]", GATEWAY)


def test_a_refused_record_is_told_to_its_sender_with_example_and_remedy(
    processor: VehicleProcessor, metrics: Metrics
) -> None:
    (feedback,) = told(processor, reading(0), broken(1), broken(2))

    (mistake,) = feedback.mistakes
    assert ("gateway/7", "undecodable", 2, 2, "v") == (
        feedback.sender, mistake.code, mistake.count, mistake.offset, mistake.key
    )  # fmt: skip
    assert "JSON array" in mistake.message
    assert mistake.remedy
    counted = {"sender": "gateway/7", "reason": "undecodable"}
    assert 2 == metrics.registry.get_sample_value("master_orchestrator_dead_letters_by_sender_total", counted)


def test_what_was_left_out_is_told_too_and_counted_by_name(processor: VehicleProcessor, metrics: Metrics) -> None:
    (feedback,) = told(processor, reading(0, b', "ignition": true, "gear": "D"'))

    assert ["gear", "ignition"] == [mistake.name for mistake in feedback.mistakes]
    counted = {"topic": "vehicle.telemetry", "name": "gear"}
    assert 1 == metrics.registry.get_sample_value("master_orchestrator_left_out_total", counted)


def test_who_makes_no_mistake_hears_nothing(processor: VehicleProcessor) -> None:
    assert [] == told(processor, reading(0, b', "rpm": 900'))


def test_a_known_mistake_is_told_again_only_now_and_then(processor: VehicleProcessor) -> None:
    assert 1 == len(told(processor, broken(0)))
    assert [] == told(processor, broken(1, NOW_MS + 1_000))
    assert 1 == len(told(processor, broken(2, NOW_MS + 2_000), reading(3, b', "gear": "D"', NOW_MS + 2_000)))
    (again,) = told(processor, broken(4, NOW_MS + 2_000 + TOLD_EVERY_MS))
    assert ("undecodable", 4) == (again.mistakes[0].code, again.mistakes[0].count)


def test_made_up_names_and_senders_are_bounded(processor: VehicleProcessor, metrics: Metrics) -> None:
    feedbacks = []
    for number in range(300):
        names = b"".join(b', "name-%d-%d": "x"' % (number, index) for index in range(3))
        feedbacks = told(processor, reading(number, names, NOW_MS + number))
        assert all(len(feedback.mistakes) <= MAX_MISTAKES for feedback in feedbacks)
    assert [] == feedbacks, "it has been told of enough kinds, and not long ago"
    senders = [(("ce_source", b"gateway/%d" % number),) for number in range(2 * MAX_SENDERS)]
    told(processor, *(FetchedRecord(offset, NOW_MS, b"v", b"[1]", sender) for offset, sender in enumerate(senders)))
    for name in ("left_out", "dead_letters_by_sender"):
        (family,) = [family for family in metrics.registry.collect() if family.name == f"master_orchestrator_{name}"]
        assert 65 == len([sample for sample in family.samples if sample.name.endswith("_total")])


def test_who_sends_again_what_was_forgotten_is_told_anew(processor: VehicleProcessor) -> None:
    told(processor, broken(0))
    others = [FetchedRecord(n, NOW_MS, b"v", b"[1]", (("ce_source", b"g%d" % n),)) for n in range(MAX_SENDERS)]
    told(processor, *others)

    assert 1 == len(told(processor, broken(1)))


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ([("ce_source", b"gateway/7"), ("client_id", b"c-1")], "gateway/7"),
        ([("client_id", b"c-1")], "c-1"),
        ([("ce_source", b""), ("client_id", None)], "unknown"),
        (None, "unknown"),
        ([("ce_source", b"\x1b[31m\xff")], "\\x1b[31m\ufffd"),
    ],
)
def test_a_sender_is_known_by_its_headers(headers: Iterable[tuple[str, bytes | None]] | None, sender: str) -> None:
    assert sender == sender_of(headers)
