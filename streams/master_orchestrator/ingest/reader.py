"""Rows to readings: columns mapped and scaled, time and vehicle filled in, what cannot be read kept with its reason."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from master_orchestrator.ingest.clocks import Cells, Clock, ColumnClock, RowClock, TimeOfDayClock, day_of
from master_orchestrator.ingest.column_map import ColumnMap, ColumnRule, TimeRule
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.known_maps import map_for
from master_orchestrator.ingest.rows import BadRow, Row, RowFile, inspect
from master_orchestrator_schemas.aliases import ALIASES
from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.plain_readings import telemetry_from_mapping

NOTHING = frozenset({"", "nan", "na", "n/a", "null", "none"})
"""Cells that say that there is no value, in lower case."""
TRUTHS = {"true": True, "false": False}
TEXTS = frozenset({"vehicle_id", "model", "request_id"})
"""Fields that stay text, even if it looks like a number."""
CODE_SEPARATORS = re.compile(r"[\s,;|]+")
"""Between trouble codes in one cell."""


class Reject(NamedTuple):
    """A row that became no reading: where it stands, why, and its cells (CSV, JSON text)."""

    file: str
    line: int
    reason: str
    row: str


@dataclass(frozen=True)
class ReadTerms:
    """What the user said about the files.

    Args:
        column_map: instead of the one found by the header.
        vehicle_id: for every row, whatever the file says.
        start_ms: the first reading's time where rows carry none, and the day where they carry the time of day only.
        default_start_ms: the same for rows without a time, when ``start_ms`` is None.
    """

    default_start_ms: int
    column_map: ColumnMap | None = None
    vehicle_id: str | None = None
    start_ms: int | None = None


class DriveReader:
    """Opens files one after the other; drives without a clock of their own follow each other in time."""

    def __init__(self, terms: ReadTerms) -> None:
        self._terms = terms
        self._row_clock: RowClock | None = None

    def open(self, path: Path) -> "DriveFile":
        """Look at a file. Raises :class:`~master_orchestrator.ingest.errors.IngestError` if it cannot be used."""
        file = inspect(path)
        column_map = self._terms.column_map or map_for(file.columns)
        missing = column_map.missing(file.columns) if file.format == "csv" else ()
        if missing:
            raise ColumnMapError(f"{path}: has no column {missing[0]!r}, which the column map names")
        vehicle_id = self._terms.vehicle_id or column_map.vehicle_id
        _require_sources(file, column_map, vehicle_id)
        return DriveFile(file, column_map, vehicle_id, self._clocks(path, column_map.ts))

    def _clocks(self, path: Path, rule: TimeRule | None) -> Callable[[], Clock | None]:
        """What makes a clock for one pass over the file; rows are counted on over all files."""
        if rule is None:
            return lambda: None
        if rule.kind == "rows":
            start_ms = self._terms.start_ms if self._terms.start_ms is not None else self._terms.default_start_ms
            counting = self._row_clock = self._row_clock or RowClock(rule, start_ms)
            return lambda: counting
        column = rule.column or ""  # the model has checked that it is there
        if rule.kind == "column":
            return lambda: ColumnClock(column)
        day = day_of(path, self._terms.start_ms)
        return lambda: TimeOfDayClock(column, day)


def field_of(name: str) -> str:
    """The field of :class:`Telemetry` that a plain name stands for; the name itself if it is none."""
    alias = ALIASES.get(name)
    return alias.field if alias else name


def _require_sources(file: RowFile, column_map: ColumnMap, vehicle_id: str | None) -> None:
    """Whose readings and when: a table that cannot say it would be rejected row by row."""
    if file.format != "csv":
        return
    targets = {rule.field for rule in column_map.columns.values()} | set(column_map.constants) | set(file.columns)
    known = {field_of(target) for target in targets}
    if vehicle_id is None and "vehicle_id" not in known:
        raise ColumnMapError(f"{file.path}: no column names the vehicle: give --vehicle-id, or map one to vehicle_id")
    if column_map.ts is None and "ts_ms" not in known:
        raise ColumnMapError(f"{file.path}: no column holds the time: name it under ts in a column map (--map)")


class DriveFile:
    """One file that was looked at and can be read."""

    def __init__(
        self, file: RowFile, column_map: ColumnMap, vehicle_id: str | None, clocks: Callable[[], Clock | None]
    ) -> None:
        self.path = file.path
        self._file = file
        self._map = column_map
        self._vehicle_id = vehicle_id
        self._clocks = clocks
        self._rules: dict[str, _Conversion | None] = {}
        self._sources = {column_map.ts.column} if column_map.ts else set()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    @property
    def read_bytes(self) -> int:
        """How many of them have been read."""
        return self._file.read_bytes

    def first_ms(self) -> int | None:
        """The time of the first reading; None where rows have no time of their own, or there is no reading."""
        if isinstance(self._clocks(), RowClock):
            return None
        return next((reading.ts_ms for reading in self.readings() if isinstance(reading, Telemetry)), None)

    def readings(self) -> Iterator[Telemetry | Reject]:
        """Every row as a reading or a reject, in order."""
        clock = self._clocks()
        if isinstance(clock, RowClock):
            clock.begin(self.path)
        for row in self._file.rows():
            if isinstance(row, BadRow):
                yield Reject(str(self.path), row.line, row.reason, row.text)
            else:
                yield self._reading(row, clock)

    def _reading(self, row: Row, clock: Clock | None) -> Telemetry | Reject:
        try:
            fields = self._fields(row.cells)
            if clock is not None:
                fields["ts_ms"] = clock.ts_ms(row.cells)
            return telemetry_from_mapping(fields, vehicle_id=self._vehicle_id)
        except (ContractError, ValueError, msgspec.ValidationError) as error:
            return Reject(str(self.path), row.line, str(error), json.dumps(dict(row.cells), default=str))

    def _fields(self, cells: Cells) -> dict[str, object]:
        fields: dict[str, object] = dict(self._map.constants)
        rules = self._rules
        for column, cell in cells.items():
            try:
                convert = rules[column]
            except KeyError:
                convert = rules[column] = self._conversion(column)
            if convert is not None:
                value = convert.value(cell)
                if value is not None:
                    fields[convert.field] = value
        return fields

    def _conversion(self, column: str) -> "_Conversion | None":
        name = self._map.name_of(column)
        if not name or name in self._map.ignore or name in self._sources:
            return None
        rule = self._map.columns.get(name) or ColumnRule(field=name)
        meaning = field_of(rule.field)
        if meaning == "vehicle_id" and self._vehicle_id is not None:
            return None  # what the user or the map says goes before the file
        return _Conversion(column, rule.field, rule.scale, rule.offset, meaning in TEXTS, meaning == "dtcs")


class _Conversion(NamedTuple):
    column: str
    field: str
    scale: float
    offset: float
    text: bool
    codes: bool

    def value(self, cell: object) -> object:
        """The cell in the field's unit, None for an empty one. Text that is no number stays text."""
        if isinstance(cell, str) and (self.text or self.codes):
            return CODE_SEPARATORS.split(cell.strip()) if self.codes and cell.strip() else cell.strip() or None
        value = _parsed(cell) if isinstance(cell, str) else cell
        if value is None or (self.scale == 1.0 and self.offset == 0.0):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(  # noqa: TRY004 - wrong is the cell of the file, not the type of an argument
                f"{self.column}={cell!r} is no number, but the column map scales it"
            )
        return value * self.scale + self.offset


def _parsed(cell: str) -> object:
    try:
        number = float(cell)
    except ValueError:
        word = cell.strip().lower()
        return None if word in NOTHING else TRUTHS.get(word, cell.strip())
    return None if number != number else number  # noqa: PLR0124 - only NaN differs from itself
