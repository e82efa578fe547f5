"""Where a row's time comes from: its own column, the time of day with a date, or the count of rows."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol

from master_orchestrator.ingest.column_map import TimeRule
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator_schemas.messages.telemetry import MAX_MS

DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
LEAST_MS = 100_000_000_000
"""A number below this counts seconds (up to the year 5138), from here on milliseconds (from 1973)."""
HALF_A_DAY = timedelta(hours=12)

Cells = Mapping[str, object]


class Clock(Protocol):
    """Gives each row of a file, in order, its time."""

    def ts_ms(self, cells: Cells) -> int:
        """Milliseconds since 1970 UTC. Raises ValueError, saying which cell is wrong."""
        ...


class ColumnClock:
    """ISO 8601 (UTC where no zone is given), or seconds or milliseconds since 1970."""

    def __init__(self, column: str) -> None:
        self._column = column

    def ts_ms(self, cells: Cells) -> int:
        """The cell's time."""
        value = cells.get(self._column)
        try:
            return parse_instant(value)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{self._column}={value!r} is no time: give ISO 8601 or seconds since 1970") from error


def parse_instant(value: object) -> int:
    """Milliseconds since 1970 UTC of an ISO 8601 text or of a number. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value if value >= LEAST_MS else value * 1000)
    text = str(value).strip()
    try:
        return parse_instant(float(text))
    except ValueError:
        instant = datetime.fromisoformat(text)
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)


class TimeOfDayClock:
    """HH:MM:SS[.fff] on a known day, taken as UTC; half a day back means that midnight has passed."""

    def __init__(self, column: str, day: date) -> None:
        self._column = column
        self._last = datetime.combine(day, time.min, UTC)

    def ts_ms(self, cells: Cells) -> int:
        """The cell's time on the day that it is by now."""
        value = cells.get(self._column)
        try:
            at = datetime.combine(self._last.date(), time.fromisoformat(str(value).strip()), UTC)
        except ValueError as error:
            raise ValueError(f"{self._column}={value!r} is no time of day (HH:MM:SS)") from error
        if self._last - at > HALF_A_DAY:
            if at.date() == date.max:
                raise ValueError(f"{self._column}={value!r} is past the year 9999")
            at += timedelta(days=1)
        self._last = max(self._last, at)
        return int(at.timestamp() * 1000)


class RowClock:
    """A fixed number of rows a second; a new drive starts a pause after the last one. Goes on from file to file."""

    def __init__(self, rule: TimeRule, start_ms: int) -> None:
        self._group_by = rule.group_by
        self._step_ms = 1000 / rule.rate_hz
        self._pause_ms = rule.pause_s * 1000
        self._next_ms = float(start_ms)
        self._file: Path | None = None
        self._drive: tuple[Path | None, object] | None = None

    def begin(self, file: Path) -> None:
        """The next row belongs to this file: another drive."""
        self._file = file

    def ts_ms(self, cells: Cells) -> int:
        """The time of the next row."""
        drive = self._file, cells.get(self._group_by) if self._group_by else None
        if self._drive not in (None, drive):
            self._next_ms += self._pause_ms
        self._drive = drive
        at_ms = self._next_ms
        self._next_ms += self._step_ms
        if at_ms > MAX_MS:
            raise ValueError("the time of this row is past the year 9999: see rate_hz and pause_s of the column map")
        return int(at_ms)


def day_of(path: Path, start_ms: int | None) -> date:
    """The day of a file with times of day: from its name, else of ``--start``. Raises :class:`ColumnMapError`."""
    found = DATE_IN_NAME.search(path.name)
    if found:
        try:
            return date.fromisoformat(found[1])
        except ValueError as error:
            raise ColumnMapError(f"{path}: {found[1]} in its name is no date ({error})") from error
    if start_ms is not None:
        return datetime.fromtimestamp(start_ms / 1000, UTC).date()
    raise ColumnMapError(f"{path}: its rows carry the time of day only: put the date in its name or give --start")
