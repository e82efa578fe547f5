"""The audit trail's hash chain: each record holds the SHA-256 of the one before it, per workflow.

The hash is over the record's canonical JSON without ``hash``: keys sorted, no spaces, UTF-8, no escapes but those JSON
needs. As a record holds strings, integers and null only, this is the form of RFC 8785, which any language can rebuild.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from master_orchestrator.core.state import GENESIS
from master_orchestrator_schemas.messages import AuditRecord

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


def canonical_json(record: AuditRecord) -> bytes:
    """The bytes that the record's hash is taken over. The keys below are in sorted order, on purpose."""
    cause = record.cause
    return _encoder.encode(
        {
            "actor": record.actor,
            "at_ms": record.at_ms,
            "attempt": record.attempt,
            "cause": {"offset": cause.offset, "partition": cause.partition, "topic": cause.topic},
            "details": record.details,
            "event": record.event,
            "from_state": record.from_state,
            "positions": dict(sorted(record.positions.items())),
            "prev_hash": record.prev_hash,
            "priority": record.priority,
            "reason": record.reason,
            "seq": record.seq,
            "to_state": record.to_state,
            "vehicle_id": record.vehicle_id,
            "workflow_id": record.workflow_id,
        }
    )


def hash_of(record: AuditRecord) -> str:
    """What ``record.hash`` must be: SHA-256, hex."""
    return sha256(canonical_json(record)).hexdigest()


def verify_chain(records: Iterable[AuditRecord]) -> list[Violation]:
    """What is wrong with these records, each workflow's in order of ``seq``; workflows may be interleaved.

    An exact repeat of the newest record of a workflow is not a violation: a reader may see it twice.
    """
    newest: dict[str, AuditRecord] = {}
    violations: list[Violation] = []
    for record in records:
        before = newest.get(record.workflow_id)
        if before == record:
            continue
        violations.extend(_violations(before, record))
        if before is None or record.seq > before.seq:
            newest[record.workflow_id] = record
    return violations


def _violations(before: AuditRecord | None, record: AuditRecord) -> Iterable[Violation]:
    def violation(kind: str, text: str) -> Violation:
        return Violation(record.workflow_id, record.seq, kind, text)

    if hash_of(record) != record.hash:
        yield violation("edited", "its hash does not fit its content")
    expected = 0 if before is None else before.seq + 1
    if record.seq > expected:
        yield violation("missing", f"records {expected} to {record.seq - 1} are not there")
    elif before is not None and record.seq == before.seq:
        yield violation("forked", "another record has the same seq")
    elif record.seq < expected:
        yield violation("reordered", f"it comes after record {expected - 1}")
    elif record.prev_hash != (GENESIS if before is None else before.hash):
        yield violation("unlinked", "its prev_hash is not the hash of the record before it")
