"""The fields of a service event, as keywords."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

from master_orchestrator_schemas.vocabulary import ServiceEventKind, Subsystem

ServiceEventName = (
    ServiceEventKind | Literal["CHECKED_IN", "COMPLETED", "NO_SHOW", "CANCELLED", "PARTS_MISSING", "MOVED"]
)
"""What happened at the workshop."""


class ServiceEventFields(TypedDict, total=False):
    """What a workshop may say about an event.

    Args:
        event_id: the workshop's own id; a repeat is dropped. By default a new one.
        timestamp: ISO 8601 or ``datetime``, in this machine's local time where it names no zone; by default now.
        ts_ms: the same in milliseconds since 1970 UTC.
        workshop_id: where it happened.
        confirmed_cause: a component name or a trouble code.
        confirmed_subsystem: the subsystem that was at fault.
        parts_replaced: component names.
        labour_hours: hours of work.
        note: free text.
        start_ms, end_ms: of MOVED, when the appointment begins and ends now.
    """

    event_id: str | int
    timestamp: datetime | str
    ts_ms: int
    workshop_id: str | None
    confirmed_cause: str | None
    confirmed_subsystem: Subsystem | str | None
    parts_replaced: Sequence[str]
    labour_hours: float | None
    note: str | None
    start_ms: int | None
    end_ms: int | None
