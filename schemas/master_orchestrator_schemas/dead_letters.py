"""The headers of the dead letters' topic, written and read: where a record came from, and what was done about it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from master_orchestrator_schemas.headers import Headers, header_text, rfc3339
from master_orchestrator_schemas.topology.plans import HEADERS_ROOM

MAX_TEXT = 1_000
"""Characters of a dead letter's message."""

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

MAX_NUMBER = 2**63 - 1

KEPT_KEY_BYTES = 4_096
KEPT_HEADERS = 32
KEPT_HEADER_BYTES = HEADERS_ROOM // 2
"""Of the sender's headers, in a dead letter; its topic has ``HEADERS_ROOM`` more than the inputs."""


class Origin(NamedTuple):
    """Where a dead letter stood and why it is one. Its value is the record's, bytes untouched.

    Args:
        topic: of the record; empty if it is not told.
        partition: -1 where there was no place, as for a command that was given up.
        offset: the same.
        reason: for machines, a ``DecodeError.reason`` or a code of the writer's own.
        message: for people, what was wrong; cut after 1000 characters.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    message: str


_TOPIC, _PARTITION, _OFFSET, _REASON, _MESSAGE, _TIME = ORIGIN_NAMES = tuple(
    f"dead_letter_{name}" for name in (*Origin._fields, "time")
)
ORIGIN_HEADERS = frozenset(ORIGIN_NAMES)
"""The names that :func:`origin_headers` writes, and every dead letter has."""


def kept_key(key: bytes | None) -> bytes:
    """The sender's key, as much of it as a dead letter keeps."""
    return (key or b"")[:KEPT_KEY_BYTES]


def kept_headers(headers: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    """The sender's headers, the first of them that fit: a dead letter must not grow over its topic's limit."""
    kept: list[tuple[str, bytes | None]] = []
    room = KEPT_HEADER_BYTES
    for name, value in headers[:KEPT_HEADERS]:
        room -= len(name.encode()) + len(value or b"")
        if room >= 0:
            kept.append((name, value))
    return kept


def origin_headers(origin: Origin, at_ms: int) -> Headers:
    """The headers of a dead letter. ``at_ms``: the rejected record's timestamp."""
    return [
        (_TOPIC, header_text(origin.topic)),
        (_PARTITION, str(origin.partition).encode()),
        (_OFFSET, str(origin.offset).encode()),
        (_REASON, header_text(origin.reason)),
        (_MESSAGE, header_text(origin.message[:MAX_TEXT])),
        (_TIME, rfc3339(at_ms).encode()),
    ]


def read_origin(texts: Mapping[str, str]) -> Origin:
    """The inverse of :func:`origin_headers`, from header texts by name; missing or wrong texts give defaults."""
    return Origin(
        topic=texts.get(_TOPIC, ""),
        partition=number_of(texts.get(_PARTITION), -1),
        offset=number_of(texts.get(_OFFSET), -1),
        reason=texts.get(_REASON, "unknown"),
        message=texts.get(_MESSAGE, ""),
    )


def marker_headers(
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
        (DONE, header_text(done)),
        (DONE_REF, header_text(ref)),
        (DONE_OPERATOR, header_text(operator[:MAX_TEXT])),
        (DONE_TIME, rfc3339(at_ms).encode()),
    ]
    if text is not None:
        headers.append((DONE_TEXT, header_text(text[:MAX_TEXT])))
    if redriven_to is not None:
        headers.append((DONE_TO, header_text(redriven_to)))
    return headers


def number_of(text: str | None, otherwise: int) -> int:
    """A number from 0 to 2^63-1 in a header, or ``otherwise``."""
    return int(text) if text is not None and is_number(text) else otherwise


def is_number(text: str, maximum: int = MAX_NUMBER) -> bool:
    """Whether a text is a number from 0 to ``maximum`` in ASCII digits."""
    return text.isascii() and text.isdigit() and len(text) <= len(str(maximum)) and int(text) <= maximum
