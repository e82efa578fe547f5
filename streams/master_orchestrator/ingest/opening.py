"""A file before it is read: which map it goes by, whose readings it holds, where the time comes from."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from master_orchestrator.ingest.clocks import (
    Bounds,
    ClockMaker,
    ColumnClock,
    Counting,
    ElapsedClock,
    RowClock,
    TimeOfDayClock,
)
from master_orchestrator.ingest.column_map import ColumnMap, TimeRule
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.file_start import start_above, start_in_name
from master_orchestrator.ingest.row_files import RowFile
from master_orchestrator.ingest.time_rule import cells_of, time_rule
from master_orchestrator.ingest.times import TimeTexts, UnclearDateError
from master_orchestrator.ingest.zones import LocalTimes, ms_of, zone_of
from master_orchestrator_schemas.measures import SECONDS
from master_orchestrator_schemas.messages.telemetry import MAX_MS


@dataclass(frozen=True)
class ReadTerms:
    """What the user said about the files.

    Args:
        column_map: instead of the one found by the header.
        vehicle_id: for every row, whatever the file says.
        start_ms: the first reading's time where rows carry none, and the day where they carry the time of day only.
        default_start_ms: the same for rows without a time, when ``start_ms`` is None.
        latest_ms: a later reading is a reject.
        zone: of times that name none, where the map does not say it.
        day_first: of dates like 05/08/2026, where the map does not say it.
    """

    default_start_ms: int
    column_map: ColumnMap | None = None
    vehicle_id: str | None = None
    start_ms: int | None = None
    latest_ms: int = MAX_MS
    zone: str | None = None
    day_first: bool | None = None


@dataclass
class TimeSource:
    """Where the rows' times come from: the rule, and what makes a clock for one pass over the file."""

    rule: TimeRule
    clock: ClockMaker
    has_zone: bool

    @property
    def goes_on(self) -> bool:
        """Whether one clock goes on from file to file."""
        return self.rule.kind == "rows" or (self.rule.kind == "elapsed" and self.clock() is self.clock())


class TimeSources:
    """Finds the times of files one after the other; drives without a time of their own follow each other."""

    def __init__(self, terms: ReadTerms) -> None:
        self._terms = terms
        self._bounds = Bounds(latest_ms=terms.latest_ms)
        self._counting: Counting | None = None

    def of(self, file: RowFile, column_map: ColumnMap) -> TimeSource:
        """The source of a file's times. Raises :class:`ColumnMapError`: there is none, or it cannot be told."""
        rule = time_rule(column_map, file.columns, file.sample)
        if rule is None:
            raise ColumnMapError(
                f"{file.path}: no column holds the time among {_listed(file.columns)}: name it in a map "
                "(ts: {column: NAME}), or give rows a rate (ts: {kind: rows, rate_hz: 1})"
            )
        if self._terms.day_first is not None:
            rule = rule.model_copy(update={"day_first": self._terms.day_first})
        zone_name = rule.zone or self._terms.zone
        zone = zone_of(zone_name) if zone_name else _zone_beside(file, rule)
        _refuse_unclear_dates(file, rule)
        return TimeSource(rule, self._clock(file, rule, zone or UTC), has_zone=zone is not None)

    def _clock(self, file: RowFile, rule: TimeRule, zone: tzinfo) -> ClockMaker:
        match rule.kind:
            case "rows":
                return self._counted(lambda start_ms: RowClock(rule.rate_hz, rule.pause_s, start_ms))
            case "elapsed":
                return self._elapsed(file, rule, zone)
            case "time_of_day":
                day = self._day(file.path, zone)
                return lambda: TimeOfDayClock(self._bounds, day, LocalTimes(zone))
        unit, is_excel = rule.unit, rule.kind == "excel"
        return lambda: ColumnClock(self._bounds, LocalTimes(zone), unit=unit, day_first=rule.day_first, excel=is_excel)

    def _counted(self, make: Callable[[int], Counting]) -> ClockMaker:
        start_ms = self._terms.start_ms if self._terms.start_ms is not None else self._terms.default_start_ms
        counting = self._counting = self._counting or make(start_ms)
        return lambda: counting

    def _elapsed(self, file: RowFile, rule: TimeRule, zone: tzinfo) -> ClockMaker:
        factor, from_first = SECONDS[rule.unit or "s"], rule.start == "first_row"
        started_ms = self._started_ms(file, rule, zone)

        def clock(start_ms: int) -> ElapsedClock:
            return ElapsedClock(self._bounds, start_ms, rule.pause_s, factor=factor, from_first=from_first)

        if started_ms is not None:
            return lambda: clock(started_ms)
        if self._terms.start_ms is None:
            raise ColumnMapError(
                f"{file.path}: its rows carry the time since the start only: give --start, or put the date and time in "
                "its name (2026-08-05 17-58-00)"
            )
        return self._counted(clock)

    def _started_ms(self, file: RowFile, rule: TimeRule, zone: tzinfo) -> int | None:
        """When this file says that it starts; None where it does not."""
        above = start_above(file.path, file.preamble, rule.day_first)
        in_name = start_in_name(file.path)
        local = above or (in_name[0] if in_name and in_name[1] else None)
        if local is None:
            return None
        try:
            return ms_of(local) if local.tzinfo else LocalTimes(zone).ms(local, "")
        except ValueError as error:
            raise ColumnMapError(f"{file.path}: its start, {local}, {error}") from error

    def _day(self, path: Path, zone: tzinfo) -> datetime:
        in_name = start_in_name(path)
        if in_name is not None:
            return in_name[0].replace(hour=0, minute=0, second=0)
        if self._terms.start_ms is not None:
            start = datetime.fromtimestamp(self._terms.start_ms / 1000, zone)
            return start.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        raise ColumnMapError(f"{path}: its rows carry the time of day only: put the date in its name or give --start")


def _refuse_unclear_dates(file: RowFile, rule: TimeRule) -> None:
    """Dates that may be of either kind are a matter of the whole file: a guess would be wrong for half of the users."""
    if rule.kind != "column" or rule.day_first is not None or rule.column is None:
        return
    texts = TimeTexts(None)
    for cell in cells_of(file.sample, (rule.date_column or rule.column,)):
        try:
            texts.parse(f"{cell} 00:00:00" if rule.date_column else cell)
        except UnclearDateError as error:
            raise ColumnMapError(f"{file.path}: {rule.date_column or rule.column}={cell!r} {error}") from error
        except ValueError:
            continue


def _zone_beside(file: RowFile, rule: TimeRule) -> tzinfo | None:
    """The zone of the first time in ``zone_column`` that names one."""
    texts = TimeTexts(rule.day_first)
    for cell in cells_of(file.sample, (rule.zone_column,)) if rule.zone_column else ():
        try:
            if (zone := texts.parse(cell).tzinfo) is not None:
                return zone
        except ValueError:
            continue
    return None


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(re.sub(r"\s+", " ", column)[:40] for column in columns[:8])
    return shown if len(columns) <= 8 else f"{shown} and {len(columns) - 8} more"
