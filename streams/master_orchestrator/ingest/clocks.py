"""Where a row's time comes from: its own column, the time of day, the time since the start, or the count of rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from master_orchestrator.ingest.time_causes import cause
from master_orchestrator.ingest.times import TimeTexts, duration_s, time_of_day
from master_orchestrator.ingest.zones import LocalTimes, ms_of
from master_orchestrator_schemas.measures import SECONDS
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.values import number

EARLIEST_MS = 946_684_800_000
"""2000-01-01: before it no vehicle reported, and a reading's time is a mistake."""
HALF_A_DAY = timedelta(hours=12)
RESTART_S = 60.0
"""A time since the start that falls back by more than this is another drive's."""

MAGNITUDES: tuple[tuple[float, float], ...] = ((1e11, 1_000.0), (1e14, 1.0), (1e17, 1e-3), (1e20, 1e-6))
"""A bare number below the first figure counts seconds since 1970, then milli-, micro- and nanoseconds: its factor to
milliseconds. Each range begins in 1973 at the latest and ends after the year 5000."""

EXCEL_EPOCH_MS, DAY_MS = -2_209_161_600_000, 86_400_000


class Bounds(NamedTuple):
    """Between which times a reading may lie, in milliseconds."""

    earliest_ms: int = EARLIEST_MS
    latest_ms: int = MAX_MS

    def checked(self, at_ms: int, cell: object) -> int:
        """The time itself. Raises ValueError with the likely cause where it cannot be."""
        if self.earliest_ms <= at_ms <= self.latest_ms:
            return at_ms
        raise ValueError(cause(at_ms, cell, self.latest_ms))


class ReadingClock(Protocol):
    """Gives each row of a file, in order, its time."""

    def ts_ms(self, cell: object, vehicle: str) -> int:
        """Milliseconds since 1970 UTC. Raises ValueError, saying what is wrong with the cell."""
        ...


class ColumnClock:
    """Dates with times in any form, or a number of seconds (milli-, micro-, nanoseconds) since 1970.

    Args:
        unit: of numbers, where the column's name says it.
    """

    def __init__(
        self,
        bounds: Bounds,
        local: LocalTimes,
        *,
        unit: str | None = None,
        day_first: bool | None = None,
        excel: bool = False,
    ) -> None:
        self._bounds = bounds
        self._local = local
        self._factor = None if unit is None else SECONDS[unit] * 1_000
        self._texts = TimeTexts(day_first)
        self._excel = excel
        self._last: tuple[object, int] | None = None
        self.naive = False

    def ts_ms(self, cell: object, vehicle: str) -> int:
        """The cell's time."""
        if self._last is not None and cell == self._last[0]:
            return self._last[1]
        counted = number(cell) if isinstance(cell, str) else cell
        if isinstance(counted, int | float) and not isinstance(counted, bool):
            return self._bounds.checked(self._of_number(counted, cell, vehicle), cell)
        if not isinstance(cell, str):
            raise ValueError("not a time")  # noqa: TRY004 - wrong is the cell of the file, not an argument
        moment = self._texts.parse(cell)
        if moment.tzinfo is None:
            self.naive = True
            return self._bounds.checked(self._local.ms(moment, vehicle), cell)
        at_ms = self._bounds.checked(ms_of(moment), cell)
        self._last = cell, at_ms
        return at_ms

    def _of_number(self, counted: float, cell: object, vehicle: str) -> int:
        if self._excel:
            days_ms = round(EXCEL_EPOCH_MS + counted * DAY_MS)
            return self._local.ms(datetime.fromtimestamp(days_ms / 1_000, UTC).replace(tzinfo=None), vehicle)
        if self._factor is not None:
            return round(min(counted * self._factor, 2.0 * MAX_MS))
        factor = next((factor for below, factor in MAGNITUDES if abs(counted) < below), 0.0)
        at_ms = round(counted * factor) if factor else MAX_MS + 1
        if at_ms > self._bounds.latest_ms and isinstance(cell, str) and 14 <= len(cell.strip()) <= 21:
            return self._compact(cell, vehicle, at_ms)
        return at_ms

    def _compact(self, cell: str, vehicle: str, at_ms: int) -> int:
        """``20260805175756``: no number of anything since 1970 that has come yet, but a date."""
        try:
            return self._local.ms(self._texts.parse(cell), vehicle)
        except ValueError:
            return at_ms


class TimeOfDayClock:
    """HH:MM:SS on a known day; half a day back means that midnight has passed."""

    def __init__(self, bounds: Bounds, day: datetime, local: LocalTimes) -> None:
        self._bounds = bounds
        self._day = day
        self._last = day
        self._local = local
        self.naive = True

    def ts_ms(self, cell: object, vehicle: str) -> int:
        """The cell's time on the day that it is by now."""
        try:
            at = self._day + time_of_day(str(cell))
            if self._last - at > HALF_A_DAY:
                self._day += timedelta(days=1)
                at += timedelta(days=1)
        except OverflowError as error:
            raise ValueError("past the year 9999") from error
        self._last = max(self._last, at)
        return self._bounds.checked(self._local.ms(at, vehicle), cell)


class RowClock:
    """A fixed number of rows a second; a new drive starts a pause after the last one. Goes on from file to file."""

    def __init__(self, rate_hz: float, pause_s: float, start_ms: int) -> None:
        self._step_ms = 1000 / rate_hz
        self._pause_ms = pause_s * 1000
        self._next_ms = float(start_ms)
        self._file: Path | None = None
        self._drive: tuple[Path | None, object] | None = None

    def begin(self, file: Path) -> None:
        """The next row belongs to this file: another drive."""
        self._file = file

    def ts_ms(self, cell: object, vehicle: str) -> int:  # noqa: ARG002 - every row counts
        """The time of the next row; ``cell`` names the drive it belongs to."""
        drive = self._file, cell
        if self._drive not in (None, drive):
            self._next_ms += self._pause_ms
        self._drive = drive
        at_ms = self._next_ms
        self._next_ms += self._step_ms
        if at_ms > MAX_MS:
            raise ValueError("the time of this row is past the year 9999: see rate_hz and pause_s of the column map")
        return int(at_ms)


class ElapsedClock:
    """Time since the start of the drive. Where files do not say when they start, they follow each other by a pause.

    Args:
        start_ms: of the first drive.
        factor: seconds in one of the column's units.
        from_first: the first row is the start, whatever number it has.
    """

    def __init__(self, bounds: Bounds, start_ms: int, pause_s: float, *, factor: float = 1.0, from_first: bool) -> None:
        self._bounds = bounds
        self._start_ms = start_ms
        self._pause_ms = pause_s * 1_000
        self._factor = factor
        self._from_first = from_first
        self._zero_s: float | None = None
        self._last_s: float | None = None
        self._newest_ms: int | None = None

    def begin(self, file: Path) -> None:  # noqa: ARG002 - as RowClock
        """The next row is the first of another drive."""
        self._last_s = self._zero_s = None
        if self._newest_ms is not None:
            self._start_ms = int(self._newest_ms + self._pause_ms)

    def ts_ms(self, cell: object, vehicle: str) -> int:  # noqa: ARG002 - one drive is of one vehicle
        """The start and the time since then."""
        try:
            elapsed_s = duration_s(str(cell)) * self._factor
        except ValueError as error:
            raise ValueError("not a time since the start: give seconds, MM:SS or HH:MM:SS") from error
        if self._last_s is not None and elapsed_s < self._last_s - RESTART_S:
            self.begin(Path())
        if self._zero_s is None:
            self._zero_s = elapsed_s if self._from_first else 0.0
        self._last_s = max(elapsed_s, self._last_s or elapsed_s)
        at_ms = self._bounds.checked(int(self._start_ms + min((elapsed_s - self._zero_s) * 1_000, MAX_MS)), cell)
        self._newest_ms = max(at_ms, self._newest_ms or at_ms)
        return at_ms


Counting = RowClock | ElapsedClock
"""Clocks that go on from file to file."""

ClockMaker = Callable[[], ReadingClock]
