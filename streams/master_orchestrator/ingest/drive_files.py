"""Files of drives: looked at before anything is sent, then read as readings."""

from collections.abc import Iterator
from pathlib import Path

from master_orchestrator.ingest.column_map import ColumnMap
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.headings import MisfitError, understood
from master_orchestrator.ingest.known_maps import map_for
from master_orchestrator.ingest.notes import Notes
from master_orchestrator.ingest.opening import ReadTerms, TimeSources
from master_orchestrator.ingest.passes import Joined, Opened, Pass, Reject
from master_orchestrator.ingest.row_files import RowFile, inspect
from master_orchestrator_schemas.messages import Telemetry


class DriveReader:
    """Opens files one after the other; drives without a clock of their own follow each other in time."""

    def __init__(self, terms: ReadTerms) -> None:
        self._terms = terms
        self._times = TimeSources(terms)

    def open(self, path: Path) -> "DriveFile":
        """Look at a file. Raises :class:`~master_orchestrator.ingest.errors.IngestError` if it cannot be used."""
        file = inspect(path)
        column_map = self._terms.column_map or map_for(file.columns)[1]
        missing = column_map.missing(file.columns) if file.format == "csv" else ()
        if missing:
            raise ColumnMapError(f"{path}: has no column {missing[0]!r}, which the column map names")
        vehicle_id = self._terms.vehicle_id or column_map.vehicle_id
        _require_vehicle(file, column_map, vehicle_id)
        return DriveFile(Opened(file, column_map, vehicle_id, self._times.of(file, column_map)))


def field_of(name: str) -> str | None:
    """The field of :class:`Telemetry` that a heading stands for; None if it is none."""
    try:
        heading = understood(name)
    except MisfitError:
        return None
    return None if heading is None else heading.field


def _require_vehicle(file: RowFile, column_map: ColumnMap, vehicle_id: str | None) -> None:
    """Whose readings: a file that cannot say it would be rejected row by row."""
    targets = {rule.field for rule in column_map.columns.values()} | set(column_map.constants) | set(file.columns)
    if vehicle_id is None and "vehicle_id" not in {field_of(target) for target in targets}:
        raise ColumnMapError(f"{file.path}: no column names the vehicle: give --vehicle-id, or map one to vehicle_id")


class DriveFile:
    """One file that was looked at and can be read. ``notes``: of the newest pass over it."""

    def __init__(self, opened: Opened) -> None:
        self.path = opened.file.path
        self._opened = opened
        self.notes = Notes()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    @property
    def read_bytes(self) -> int:
        """How many of them have been read."""
        return self._opened.file.source.read_bytes

    def first_ms(self) -> int | None:
        """The time of the first reading; None where rows have no time of their own, or there is no reading."""
        if self._opened.times.goes_on:
            return None
        return next((reading.ts_ms for reading in self.readings() if isinstance(reading, Telemetry)), None)

    def readings(self) -> Iterator[Telemetry | Reject | Joined]:
        """Every row as a reading, a part of one, or a reject."""
        going = Pass(self._opened)
        self.notes = going.notes
        return going.readings()
