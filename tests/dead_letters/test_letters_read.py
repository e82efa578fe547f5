"""Reading dead letters without a broker: what counts as one, what is done with, which are shown."""

from collections.abc import Iterable

import pytest
from confluent_kafka import Message
from support.dead_letter_records import dead_letter, marker, stored

from master_orchestrator.client.redriving import objection
from master_orchestrator.readers.dead_letters import DeadLetter, LetterId, parse_letter_id, read_letter, read_marker
from master_orchestrator.readers.letter_value import letter_value
from master_orchestrator.readers.open_letters import MAX_KINDS, LetterFilter, SettledLetters, newest, oldest
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import Topology

READING = Telemetry(vehicle_id="car-1", ts_ms=1_700_000_000_000, engine_rpm=900.0)


def letters(*records: Message) -> list[DeadLetter]:
    return [read_letter(record) for record in records]


def settled_by(records: Iterable[Message]) -> SettledLetters:
    settled = SettledLetters()
    for record in records:
        settled.see(record)
    return settled


def test_a_letter_says_where_it_stood_and_how_often_it_was_sent_again() -> None:
    (letter,) = letters(dead_letter(2, 117, reason="invalid", headers=[("dead_letter_attempts", b"3")]))
    assert ("2/117", "invalid", "vehicle.telemetry[2]@7", "car-1", 3) == (
        str(letter.id),
        letter.reason,
        letter.origin,
        letter.vehicle,
        letter.attempts,
    )


def test_a_record_without_any_header_is_a_letter_of_unknown_reason() -> None:
    (letter,) = letters(stored(0, 0, b"x", [], 5))
    assert ("unknown", "", 0) == (letter.reason, letter.topic, letter.attempts)


@pytest.mark.parametrize("value", [b"-1", b"", b"many", b"9" * 40, "٣".encode()])
def test_a_header_that_is_no_number_does_not_hurt(value: bytes) -> None:
    assert 0 == letters(dead_letter(0, 0, headers=[("dead_letter_attempts", value)]))[0].attempts


def test_what_has_a_marker_behind_it_is_settled_and_counted_once() -> None:
    settled = settled_by([dead_letter(0, 70), dead_letter(0, 71), marker(0, 74, of=71), marker(0, 90, of=71)])
    assert (1, False, True, False) == (
        settled.count,
        LetterId(0, 70) in settled,
        LetterId(0, 71) in settled,
        LetterId(0, 10_000) in settled,
    )


def test_a_sender_cannot_forge_a_marker() -> None:
    """Its headers come along into its dead letter, but that has an origin."""
    forged = dead_letter(0, 5, headers=[("dead_letter_done", b"dropped"), ("dead_letter_ref", b"0/3")])
    assert read_marker(forged) is None
    assert LetterId(0, 3) not in settled_by([dead_letter(0, 3), forged])


@pytest.mark.parametrize("ref", ["1/3", "0/9", "0/8", "0/-3", "nonsense", ""])
def test_a_marker_that_names_no_letter_before_it_in_its_partition_is_none(ref: str) -> None:
    assert read_marker(marker(0, 8, of=3, ref=ref)) is None


def test_a_marker_whose_letter_retention_took_is_passed_over() -> None:
    assert 0 == settled_by([marker(0, 80, of=3)]).count


@pytest.mark.parametrize(
    "text", ["", "7", "/", "1/", "/1", "1/2/3", "-1/2", "a/b", "1/ 2", "0/9999999999999999999", "2147483648/0"]
)
def test_an_id_is_partition_and_offset(text: str) -> None:
    with pytest.raises(ValueError, match="PARTITION/OFFSET"):
        parse_letter_id(text)


def test_filters_hold_together() -> None:
    (letter,) = letters(dead_letter(1, 4, reason="invalid", at_ms=1_000))
    fits = LetterFilter("invalid", "vehicle.telemetry", "car-1", 1_000, 1_000, frozenset({LetterId(1, 4)}))
    assert fits.takes(letter)
    others: list[dict[str, object]] = [
        {"reason": "oversized"},
        {"topic": "agent.replies"},
        {"vehicle": "car-2"},
        {"not_after_ms": 999},
        {"not_before_ms": 1_001},
        {"ids": frozenset({LetterId(4, 1)})},
    ]
    assert [] == [other for other in others if LetterFilter(**other).takes(letter)]  # type: ignore[arg-type]  # fields


def test_all_are_counted_and_the_newest_or_oldest_kept() -> None:
    many = letters(*(dead_letter(0, n, reason="a" if n % 3 else "b", at_ms=1_000 - n) for n in range(9)))
    listing = newest(many, 2)
    assert (9, {("a", "vehicle.telemetry"): 6, ("b", "vehicle.telemetry"): 3}) == (listing.total, listing.counts)
    assert [[0, 1], [8, 7]] == [[row.id.offset for row in rows] for rows in (listing.rows, oldest(many, 2).rows)]


def test_made_up_reasons_do_not_fill_the_memory() -> None:
    listing = newest(letters(*(dead_letter(0, n, reason=f"r{n}") for n in range(3 * MAX_KINDS))), 1)
    assert (3 * MAX_KINDS, MAX_KINDS + 1) == (listing.total, len(listing.counts))


def test_a_command_that_had_all_its_tries_is_redriven_by_its_workflow(topology: Topology) -> None:
    topic = topology.command_topics[0]
    headers = [("ce_id", b"car-1~4/DIAGNOSIS/3/0")]
    (letter,) = letters(dead_letter(0, 0, topic=topic, reason="retries_exhausted", headers=headers))
    assert "master-orchestrator redrive car-1~4'" in (objection(letter, topology) or "")


def test_what_is_not_whole_or_not_ours_is_never_sent_again(topology: Topology) -> None:
    (cut,) = letters(dead_letter(0, 0, headers=[("dead_letter_cut_from", b"3000000")]))
    (foreign,) = letters(dead_letter(0, 0, topic="someone.elses"))
    (output,) = letters(dead_letter(0, 0, topic=topology.topic_of("AuditRecord")))
    (fine,) = letters(dead_letter(0, 0))
    assert "3000000 bytes" in (objection(cut, topology) or "")
    assert "someone.elses" in (objection(foreign, topology) or "")
    assert objection(output, topology) is not None
    assert objection(fine, topology) is None


@pytest.mark.parametrize(
    ("value", "topic", "form", "content"),
    [
        (Codec().encode(READING), "vehicle.telemetry", "Telemetry", None),
        (b'{"odd": [1, 2]}', "vehicle.telemetry", "json", {"odd": [1, 2]}),
        (b"{not json", "vehicle.telemetry", "text", "{not json"),
        (b"\x1b[2Jgone", "vehicle.telemetry", "hex", b"\x1b[2Jgone".hex()),
        (b"\xc3\x01short", "vehicle.telemetry", "hex", b"\xc3\x01short".hex()),
        (b"[" * 100_000, "vehicle.telemetry", "text", "[" * 4_096),
        (b"\x00" * 100_000, "nowhere", "hex", "00" * 4_096),
        (b"", "vehicle.telemetry", "hex", ""),
    ],
)
def test_a_value_is_shown_as_far_as_it_can_be_read(
    value: bytes, topic: str, form: str, content: object, topology: Topology
) -> None:
    seen = letter_value(value, topic, topology)
    assert form == seen.form
    assert content in (None, seen.content)
