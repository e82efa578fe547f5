"""The audit trail's hash chain: each record holds the SHA-256 of the one before it, per workflow.

The hash is over the record's canonical JSON without ``hash``: keys sorted, no spaces, UTF-8, no escapes but those JSON
needs. As a record holds strings, integers and null only, this is the form of RFC 8785, which any language can rebuild.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from operator import attrgetter
from typing import Any, Protocol, TypeVar

import msgspec

from master_orchestrator.core.state import GENESIS
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.vocabulary import Priority, State

_encoder = msgspec.json.Encoder()
_sorting_encoder = msgspec.json.Encoder(order="deterministic")


class Violation(msgspec.Struct, frozen=True):
    """Where a trail is not what the engine wrote.

    ``kind``: ``edited`` (the hash does not fit the content), ``missing`` (a hole in ``seq``; also what truncation at
    the front looks like), ``reordered`` (``seq`` goes back), ``unlinked`` (``prev_hash`` is not that of the record
    before), ``forked`` (two different records with one ``seq``). ``readers/`` adds more. ``place``: topic, partition
    and offset of the record, where it is about one record.
    """

    workflow_id: str
    seq: int
    kind: str
    text: str
    place: str | None = None


def details_json(details: dict[str, Any]) -> str:
    """Canonical JSON of an event's details, keys sorted at every depth."""
    return _sorting_encoder.encode(details).decode() if details else "{}"


class _Place(msgspec.Struct, frozen=True, gc=False):
    """A record's cause, its fields in sorted order."""

    offset: int
    partition: int
    topic: str


class _Canonical(msgspec.Struct, frozen=True, gc=False):
    """A record as it is hashed, its fields in sorted order: a struct is encoded in half of a mapping's time."""

    actor: str
    at_ms: int
    attempt: int
    cause: _Place
    details: str
    event: str
    from_state: State | None
    positions: dict[str, int]
    prev_hash: str
    priority: Priority
    reason: str | None
    seq: int
    to_state: State
    vehicle_id: str
    workflow_id: str


def canonical_json(record: AuditRecord) -> bytes:
    """The bytes that the record's hash is taken over."""
    cause = record.cause
    return _encoder.encode(
        _Canonical(
            record.actor,
            record.at_ms,
            record.attempt,
            _Place(cause.offset, cause.partition, cause.topic),
            record.details,
            record.event,
            record.from_state,
            dict(sorted(record.positions.items())),
            record.prev_hash,
            record.priority,
            record.reason,
            record.seq,
            record.to_state,
            record.vehicle_id,
            record.workflow_id,
        )
    )


def hash_of(record: AuditRecord) -> str:
    """What ``record.hash`` must be: SHA-256, hex."""
    return sha256(canonical_json(record)).hexdigest()


class Chained(Protocol):
    """A record of a chain."""

    @property
    def seq(self) -> int:
        """Its number in the chain, from 0."""

    @property
    def prev_hash(self) -> str:
        """The hash of the one before it."""

    @property
    def hash(self) -> str:
        """Its own."""


R = TypeVar("R", bound=Chained)


def verify_chain(
    records: Iterable[R],
    chain_of: Callable[[R], str] = attrgetter("workflow_id"),
    hashed: Callable[[R], str] = hash_of,  # type: ignore[assignment]  # R is AuditRecord where nothing else is said
) -> list[Violation]:
    """What is wrong with these records, each chain's in order of ``seq``; chains may be interleaved.

    An exact repeat of the newest record of a chain is not a violation: a reader may see it twice.

    Args:
        chain_of: the chain's name; by default the workflow's.
        hashed: what a record's hash must be.
    """
    newest: dict[str, R] = {}
    violations: list[Violation] = []
    for record in records:
        name = chain_of(record)
        before = newest.get(name)
        if before == record:
            continue
        violations += [
            Violation(name, record.seq, kind, text) for kind, text in _violations(before, record, hashed(record))
        ]
        if before is None or record.seq > before.seq:
            newest[name] = record
    return violations


def _violations(before: Chained | None, record: Chained, hashed: str) -> Iterator[tuple[str, str]]:
    if hashed != record.hash:
        yield ("edited", "its hash does not fit its content")
    expected = 0 if before is None else before.seq + 1
    if record.seq > expected:
        yield ("missing", f"records {expected} to {record.seq - 1} are not there")
    elif before is not None and record.seq == before.seq:
        yield ("forked", "another record has the same seq")
    elif record.seq < expected:
        yield ("reordered", f"it comes after record {expected - 1}")
    elif record.prev_hash != (GENESIS if before is None else before.hash):
        yield ("unlinked", "its prev_hash is not the hash of the record before it")
