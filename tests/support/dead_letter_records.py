"""Records of the dead-letter topic, as a consumer hands them over, without a broker."""

from collections.abc import Sequence

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message

from master_orchestrator_schemas.dead_letters import Origin, marker_headers, origin_headers

Headers = Sequence[tuple[str, bytes]]


def stored(partition: int, offset: int, value: bytes, headers: Headers, at_ms: int) -> Message:
    """A record of car-1 at this place."""
    return Message(
        topic="dead.letters",
        partition=partition,
        offset=offset,
        key=b"car-1",
        value=value,
        headers=[*headers],
        timestamp=(TIMESTAMP_LOG_APPEND_TIME, at_ms),
    )


def dead_letter(
    partition: int,
    offset: int,
    *,
    topic: str = "vehicle.telemetry",
    reason: str = "undecodable",
    at_ms: int = 1_000,
    headers: Headers = (),
) -> Message:
    """A dead letter; ``headers`` came with the record."""
    origin = origin_headers(Origin(topic, partition, 7, reason, "why"), at_ms)
    return stored(partition, offset, b"value", [*headers, *origin], at_ms)


def marker(partition: int, offset: int, *, of: int, ref: str | None = None) -> Message:
    """A marker that the letter at offset ``of`` was dropped; ``ref``: another reference than that."""
    named = f"{partition}/{of}" if ref is None else ref
    headers = marker_headers("dropped", named, operator="ann", at_ms=2_000)
    return stored(partition, offset, b"", headers, 2_000)
