"""Record headers: the CloudEvents envelope, the W3C trace context, and where a dead letter came from."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from master_orchestrator_schemas.messages.telemetry import MAX_MS

Headers = list[tuple[str, bytes]]

_SPEC_VERSION = ("ce_specversion", b"1.0")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
MAX_TEXT = 1_000
"""Characters of a dead letter's message."""


def rfc3339(at_ms: int) -> str:
    """``2026-01-31T12:00:00.250Z``. Times before 1970 and after 9999 become those ends."""
    moment = _EPOCH + timedelta(milliseconds=min(max(at_ms, 0), MAX_MS))
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def envelope_headers(message_type: str, source: str, id: str, at_ms: int, traceparent: str | None) -> Headers:  # noqa: A002 - CloudEvents' name
    """The CloudEvents 1.0 attributes of a record (Kafka binding, binary mode), and its trace context if it has one.

    Args:
        message_type: the message class, ``Telemetry``; ``ce_type`` is its Avro full name.
        source: who writes, such as ``master-orchestrator/engine``.
        id: unique within the source; a repeat of the same message has the same.
        at_ms: when it happened, milliseconds since 1970 UTC.
        traceparent: W3C trace context, carried from telemetry to every command, reply and audit record.
    """
    headers = [_SPEC_VERSION, ("ce_id", _text(id)), *_common_headers(message_type, source, at_ms)]
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return headers


@lru_cache(maxsize=1024)  # the engine stamps all records of an input with one time
def _common_headers(message_type: str, source: str, at_ms: int) -> Headers:
    return [
        ("ce_type", b"master_orchestrator." + message_type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", rfc3339(at_ms).encode()),
        ("content-type", b"application/avro"),
    ]


def traceparent_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str | None:
    """The W3C trace context of a record, None without a valid one: a broken context is not worth a dead letter."""
    for name, value in headers or ():
        if name == "traceparent" and value is not None and _TRACEPARENT.fullmatch(value):
            return value.decode()
    return None


def dead_letter_headers(  # noqa: PLR0917 - the first three are a record's place, in Kafka's order
    topic: str, partition: int, offset: int, reason: str, message: str, at_ms: int
) -> Headers:
    """Where a dead letter stood and why it is one. Its value is the record's, bytes untouched.

    Args:
        reason: for machines, a ``DecodeError.reason`` or a code of the writer's own.
        message: for people, what was wrong; cut after 1000 characters.
        at_ms: the refused record's timestamp.
    """
    return [
        ("dead_letter_topic", _text(topic)),
        ("dead_letter_partition", str(partition).encode()),
        ("dead_letter_offset", str(offset).encode()),
        ("dead_letter_reason", _text(reason)),
        ("dead_letter_message", _text(message[:MAX_TEXT])),
        ("dead_letter_time", rfc3339(at_ms).encode()),
    ]


ORIGIN_HEADERS = frozenset(
    f"dead_letter_{name}" for name in ("topic", "partition", "offset", "reason", "message", "time")
)
"""The names that :func:`dead_letter_headers` writes, and every dead letter has."""

CUT_FROM = "dead_letter_cut_from"
"""On a dead letter whose value was shortened: how many bytes it had."""

ATTEMPTS = "dead_letter_attempts"
"""On a record that was sent again out of the dead letters: how often by now. A new dead letter of it keeps it."""

REDRIVEN_BY = "redriven_by"
"""On such a record: the operator."""

DONE = "dead_letter_done"
"""On a marker: what was done about the dead letter at ``dead_letter_ref``, ``redriven`` or ``dropped``."""

DONE_REF = "dead_letter_ref"
DONE_OPERATOR = "dead_letter_operator"
DONE_TIME = "dead_letter_done_time"
DONE_TEXT = "dead_letter_reason_text"
DONE_TO = "dead_letter_redriven_to"


def dead_letter_done_headers(
    done: str, ref: str, *, operator: str, at_ms: int, text: str | None = None, redriven_to: str | None = None
) -> Headers:
    """A marker: the record in ``dead.letters`` that remembers, and is the audit of, what an operator did about another.

    It stands in the dead letter's own partition, behind it, and has no origin headers, which every dead letter has.

    Args:
        done: ``redriven`` or ``dropped``.
        ref: the dead letter's ``partition/offset``.
        text: the operator's reason; cut after 1000 characters.
        redriven_to: ``topic[partition]@offset`` of the record that was sent again.
    """
    headers = [
        (DONE, _text(done)),
        (DONE_REF, _text(ref)),
        (DONE_OPERATOR, _text(operator[:MAX_TEXT])),
        (DONE_TIME, rfc3339(at_ms).encode()),
    ]
    if text is not None:
        headers.append((DONE_TEXT, _text(text[:MAX_TEXT])))
    if redriven_to is not None:
        headers.append((DONE_TO, _text(redriven_to)))
    return headers


def _text(text: str) -> bytes:
    return text.encode(errors="replace")  # what is quoted from a broken record may hold lone surrogates
