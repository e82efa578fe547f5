"""The time that a user gives as ``--start``."""

from master_orchestrator.ingest.clocks import Bounds, ColumnClock
from master_orchestrator.ingest.zones import LocalTimes, zone_of
from master_orchestrator_schemas.messages.telemetry import MAX_MS


def start_of(text: str, zone: str | None) -> int:
    """Milliseconds since 1970 of a time in any form, or of a number of seconds or milliseconds. Raises ValueError."""
    clock = ColumnClock(Bounds(-MAX_MS, 2 * MAX_MS), LocalTimes(zone_of(zone or "UTC")), day_first=None)
    try:
        at_ms = clock.ts_ms(text, "")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"start {text!r} is not a time: give ISO 8601, like 2026-03-01T08:00:00Z") from error
    if not 0 <= at_ms <= MAX_MS:
        raise ValueError(f"start {text!r} is not a time from 1970 to 9999")
    return at_ms
