"""One pass over a file: each row becomes a reading, a part of one, or a reject with its reason."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from master_orchestrator.ingest.cells import UnreadableError, comma_number, point_number
from master_orchestrator.ingest.clocks import ElapsedClock, RowClock
from master_orchestrator.ingest.column_map import ColumnMap, same_name
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.joining import Joiner
from master_orchestrator.ingest.meaning import Meanings
from master_orchestrator.ingest.notes import Notes
from master_orchestrator.ingest.opening import TimeSource
from master_orchestrator.ingest.plan import Fields, Plan
from master_orchestrator.ingest.plausible import doubts
from master_orchestrator.ingest.row import BadRow, Row
from master_orchestrator.ingest.row_files import RowFile
from master_orchestrator_schemas.measures import is_unit
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.messages.telemetry import VEHICLE_ID_PATTERN
from master_orchestrator_schemas.units import shown
from master_orchestrator_schemas.values import number

MAX_PLANS, MAX_IDS = 1_000, 100_000
_VEHICLE_ID = re.compile(VEHICLE_ID_PATTERN)
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{13}[0-9]{4}\Z")
"""ISO 3779: 17 of these letters and digits, the last four of them digits."""
VIN_REMARK = "a vehicle_id has the form of a VIN; it names a person's car wherever it is shown: send a pseudonym"


@dataclass(frozen=True)
class Opened:
    """What is settled about a file before it is read. ``vehicle_id``: of every row, whatever the file says."""

    file: RowFile
    column_map: ColumnMap
    vehicle_id: str | None
    times: TimeSource


class Reject(NamedTuple):
    """A row that became no reading: where it stands, why, and its cells (CSV, JSON text)."""

    file: str
    line: int
    reason: str
    row: str


class Joined(Enum):
    """A row that went into the reading of another one."""

    JOINED = "joined"


JOINED: Final = Joined.JOINED


class Pass:
    """One pass over a file."""

    def __init__(self, drive: Opened) -> None:
        self._drive = drive
        self._map = drive.column_map
        self.notes = Notes()
        self._clock = drive.times.clock()
        if isinstance(self._clock, RowClock | ElapsedClock):
            self._clock.begin(drive.file.path)
        has_comma = drive.file.decimal_comma if self._map.decimal is None else self._map.decimal == ","
        self._to_number = comma_number if has_comma else point_number
        self._plans: dict[tuple[str, ...], tuple[Plan, tuple[int, ...]]] = {}
        self._valid_ids: set[str] = set()
        self._constants = self._of_constants()
        self._meanings = self._made_meanings()
        self._joiner: Joiner | None = Joiner(round(self._map.long.together_s * 1_000)) if self._map.long else None
        if self._map.long is None and self._plan(drive.file.columns)[0].joins:
            self._joiner = Joiner(0)

    def _made_meanings(self) -> Meanings:
        drive, long = self._drive, self._map.long
        sources = {*drive.times.rule.columns, *(long.columns if long else ())}
        same = {same_name(name) for name in sources}
        columns = frozenset(name for name in drive.file.columns if name in sources or same_name(name) in same)
        meanings = Meanings(self._map, self.notes, columns | sources, vehicle_given=drive.vehicle_id is not None)
        if long is None:
            quiet = Meanings(self._map, Notes(), columns | sources, vehicle_given=False)
            known = quiet.of(drive.file.columns)
            vehicle = next((meaning.column for meaning in known if meaning.field == "vehicle_id"), None)
            for doubt in doubts(known, drive.file.sample, self._to_number, vehicle):
                self.notes.drop(doubt.meaning.column, doubt.why)
                meanings.suspects |= {doubt.meaning.field}
        return meanings

    def _of_constants(self) -> Fields:
        """The map's constants, each read as a cell of a column of that name would be."""
        names, values = tuple(self._map.constants), list(self._map.constants.values())
        notes = Notes()
        plan = Plan(Meanings(ColumnMap(), notes, frozenset(), vehicle_given=False).of(names), notes, self._to_number)
        fields = plan.fields(0, values)
        if vehicle := plan.vehicle(values):
            fields["vehicle_id"] = vehicle
        if notes.unread:
            raise ColumnMapError(
                f"column map: constants: {next(iter(notes.unread))}: {next(iter(notes.unread.values())).why}"
            )
        return fields

    def readings(self) -> Iterator[Telemetry | Reject | Joined]:
        """Every row as a reading, a part of one, or a reject."""
        joiner = self._joiner
        for row in self._drive.file.rows():
            made = self._bad(row) if isinstance(row, BadRow) else self._reading(row)
            if joiner is None or isinstance(made, Reject):
                yield made
                continue
            was_empty = joiner.is_empty
            before = joiner.add(made)
            if not was_empty:
                yield JOINED if before is None else before
        if joiner is not None and (last := joiner.last()) is not None:
            yield last
        self._say_what_was_taken()

    def _say_what_was_taken(self) -> None:
        if getattr(self._clock, "naive", False) and not self._drive.times.has_zone:
            self.notes.say("times without a zone are taken as UTC: --zone Europe/Berlin says otherwise")

    def _bad(self, row: BadRow) -> Reject:
        return Reject(str(self._drive.file.path), row.line, row.reason, row.text)

    def _reading(self, row: Row) -> Telemetry | Reject:
        try:
            return self._made(row)
        except (ValueError, OverflowError) as error:
            return Reject(str(self._drive.file.path), row.line, str(error), json.dumps(dict(row.cells), default=str))

    def _made(self, row: Row) -> Telemetry:
        plan, time_at = self._plan(row.columns)
        fields = dict(self._constants)
        fixed = self._drive.vehicle_id
        vehicle = fixed or plan.vehicle(row.values) or fields.get("vehicle_id")
        fields["vehicle_id"] = vehicle = self._valid_id(vehicle)
        fields["ts_ms"] = self._time(row, time_at, vehicle)
        told = plan.fields(row.line, row.values) if self._map.long is None else self._of_one_signal(row)
        fields.update(told)
        return Telemetry(**fields)  # type: ignore[arg-type]  # each is valid by its making

    def _valid_id(self, vehicle: object) -> str:
        if isinstance(vehicle, str):
            if vehicle in self._valid_ids:
                return vehicle
            if _VEHICLE_ID.match(vehicle):
                if len(self._valid_ids) < MAX_IDS:
                    self._valid_ids.add(vehicle)
                if _VIN.match(vehicle):
                    self.notes.say(VIN_REMARK)
                return vehicle
            raise UnreadableError(f"vehicle_id {shown(vehicle)} is not 1 to 64 of A-Z a-z 0-9 . _ : -")
        raise UnreadableError("vehicle_id is missing; every reading needs it")

    def _time(self, row: Row, time_at: tuple[int, ...], vehicle: str) -> int:
        cells = [row.values[at] for at in time_at]
        cell = (
            cells[0] if len(cells) == 1 else " ".join(str(part).strip() for part in reversed(cells)) if cells else None
        )
        if self._drive.times.rule.kind == "rows":
            return self._clock.ts_ms(cell, vehicle)
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            raise UnreadableError(f"ts_ms is missing: {self._drive.times.rule.column or 'the time'} is empty")
        if self._to_number is comma_number and isinstance(cell, str) and number(cell) is None:
            cell = comma_number(cell) or cell  # seconds since 1970 may have a decimal comma
        try:
            return self._clock.ts_ms(cell, vehicle)
        except ValueError as error:
            column = self._drive.times.rule.column or ""
            raise UnreadableError(f"{column}={shown(cell)} {str(error).replace('NAME', column)}") from error

    def _plan(self, columns: Sequence[str]) -> tuple[Plan, tuple[int, ...]]:
        key = tuple(columns)
        planned = self._plans.get(key)
        if planned is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = Plan(self._meanings.of(key), self.notes, self._to_number)
            planned = self._plans[key] = plan, _places(key, self._drive.times.rule.columns)
        return planned

    def _of_one_signal(self, row: Row) -> Fields:
        """The field of a row that holds a name and its value."""
        cells, long = row.cells, self._map.long
        name, value = (_looked_up(cells, column) for column in (long.name, long.value))  # type: ignore[union-attr]
        unit = _looked_up(cells, long.unit) if long and long.unit else None
        if not isinstance(name, str) or not name.strip():
            raise UnreadableError(f"{long.name if long else ''} is missing: it names the signal")
        label = f"{name.strip()} ({unit})" if isinstance(unit, str) and is_unit(unit) else name.strip()
        plan, _ = self._plan((label,))
        return plan.fields(row.line, [value])


def _looked_up(cells: Mapping[str, object], column: str) -> object:
    if column in cells:
        return cells[column]
    return next((cell for name, cell in cells.items() if same_name(name) == same_name(column)), None)


def _places(columns: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    """Where some columns stand; those that are not there are left out."""
    same = [same_name(column) for column in columns]
    places = []
    for name in names:
        if name in columns:
            places.append(columns.index(name))
        elif same_name(name) in same:
            places.append(same.index(same_name(name)))
    return tuple(places)
