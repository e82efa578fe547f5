"""Audit records as text: a line for people, NDJSON with everything, CSV for spreadsheets."""

import csv
from collections.abc import Callable, Iterable
from typing import Any, TextIO

import msgspec

from master_orchestrator.readers.reports import audit_report
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.messages import AuditRecord

_encoder = msgspec.json.Encoder(order="deterministic")

COLUMNS = (
    "workflow_id",
    "vehicle_id",
    "seq",
    "at",
    "event",
    "actor",
    "from_state",
    "to_state",
    "priority",
    "reason",
    "attempt",
    "details",
    "cause_topic",
    "cause_partition",
    "cause_offset",
    "positions",
    "prev_hash",
    "hash",
)


def json_line(record: AuditRecord) -> str:
    """A record as programs get it: ``reports.AuditReport``, keys sorted."""
    return _encoder.encode(audit_report(record)).decode()


def exact_line(record: AuditRecord) -> str:
    """A record as its hash is over it, keys sorted: ``details`` is its text. Reads back as an ``AuditRecord``."""
    return _encoder.encode(record).decode()


def text_line(record: AuditRecord) -> str:
    """What matters of a record, on one line."""
    move = f"{record.from_state or ''}->{record.to_state}" if record.from_state != record.to_state else record.to_state
    reason = f" ({record.reason})" if record.reason else ""
    place = f"{record.workflow_id}/{record.seq}"
    return f"{rfc3339(record.at_ms)} {place} {record.priority.name} {record.event} {move}{reason} {record.actor}"


def write_ndjson(records: Iterable[AuditRecord], stream: TextIO) -> int:
    """One JSON object per line; returns how many."""
    return _write_lines(map(json_line, records), stream)


def write_exact(records: Iterable[AuditRecord], stream: TextIO) -> int:
    """The same with what hashes are over; returns how many."""
    return _write_lines(map(exact_line, records), stream)


def _write_lines(lines: Iterable[str], stream: TextIO) -> int:
    count = 0
    for line in lines:
        stream.write(line + "\n")
        count += 1
    return count


def write_events(events: Iterable[dict[str, Any]], stream: TextIO) -> int:
    """One JSON object per line, keys sorted; returns how many."""
    return _write_lines((_encoder.encode(event).decode() for event in events), stream)


def write_csv(records: Iterable[AuditRecord], stream: TextIO) -> int:
    """A header and one row per record (RFC 4180); returns how many."""
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    count = 0
    for record in records:
        writer.writerow(_row(record))
        count += 1
    return count


def _row(record: AuditRecord) -> dict[str, object]:
    plain: dict[str, object] = msgspec.structs.asdict(record)
    derived = {
        "at": rfc3339(record.at_ms),
        "priority": record.priority.name,
        "cause_topic": record.cause.topic,
        "cause_partition": record.cause.partition,
        "cause_offset": record.cause.offset,
        "positions": _encoder.encode(record.positions).decode(),
    }
    return {column: ({**plain, **derived})[column] for column in COLUMNS}


WRITERS: dict[str, Callable[[Iterable[AuditRecord], TextIO], int]] = {
    "ndjson": write_ndjson,
    "exact": write_exact,
    "csv": write_csv,
}
"""By the name of the format."""
