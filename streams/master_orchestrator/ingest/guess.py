"""A column map proposed for a file, and the first readings that it would give: for a look before anything is sent."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import yaml

from master_orchestrator.ingest.column_map import ColumnMap, TimeRule
from master_orchestrator.ingest.drive_files import DriveReader
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.headings import words_of
from master_orchestrator.ingest.known_maps import map_for
from master_orchestrator.ingest.meaning import Meaning, Meanings
from master_orchestrator.ingest.notes import Notes
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator.ingest.passes import Reject
from master_orchestrator.ingest.row_files import RowFile, inspect
from master_orchestrator.ingest.time_rule import cells_of, time_rule
from master_orchestrator.ingest.times import is_time
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.values import number

SHOWN = 3
EXCEL_DAYS = (36_526.0, 73_050.0)


@dataclass(frozen=True)
class Proposal:
    """What ``--guess`` answers.

    Args:
        column_map: the map file's text.
        readings: the first ones that it gives.
        remarks: what the user should look at or set.
    """

    path: Path
    column_map: str
    readings: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...]

    def text(self) -> str:
        """The proposal for people: a map file, with all else as comments."""
        readings = [f"#   {msgspec.json.encode(reading).decode()}" for reading in self.readings]
        shown = [f"# first readings of {self.path}:", *readings] if readings else []
        return "\n".join(
            [f"# column map for {self.path}", self.column_map.rstrip(), *shown, *(f"# {r}" for r in self.remarks)]
        )

    def as_json(self) -> dict[str, object]:
        """The proposal for ``--json``."""
        return {
            "file": str(self.path),
            "map": yaml.safe_load(self.column_map),
            "readings": list(self.readings),
            "remarks": list(self.remarks),
        }


def guess(path: Path, terms: ReadTerms) -> Proposal:
    """The proposal for one file. Raises FileUnusableError."""
    file = inspect(path)
    name, known = (None, terms.column_map) if terms.column_map else map_for(file.columns)
    remarks = [f"this is the shipped map {name!r}: --map {name} says the same"] if name else []
    rule = _rule(file, known, remarks)
    meanings = [] if known.long else Meanings(known, Notes(), _sources(rule), vehicle_given=False).of(file.columns)
    vehicle_id = terms.vehicle_id or known.vehicle_id
    if vehicle_id is None and not any(meaning.field == "vehicle_id" for meaning in meanings):
        vehicle_id = words_of(path.stem.split(".")[0])[:64] or "vehicle-1"
        remarks.append("no column names the vehicle: set vehicle_id, or give --vehicle-id")
    proposed = _written(known, meanings, rule, vehicle_id if known.vehicle_id or terms.vehicle_id is None else None)
    readings, notes = _first(path, terms, proposed, vehicle_id)
    return Proposal(path, proposed, readings, (*remarks, *notes))


def _sources(rule: TimeRule | None) -> frozenset[str]:
    return frozenset(rule.columns) if rule else frozenset()


def _rule(file: RowFile, known: ColumnMap, remarks: list[str]) -> TimeRule | None:
    """The time's source; where only its cells speak for it, that too."""
    rule = time_rule(known, file.columns, file.sample) or _by_cells(file)
    if rule is None:
        remarks.append("no column holds the time: set ts, or give rows a rate: ts: {kind: rows, rate_hz: 1}")
        return None
    if rule.kind != "column" or rule.unit or rule.column is None:
        return rule
    numbers = [value for cell in cells_of(file.sample, (rule.column,)) if (value := number(cell)) is not None]
    if not numbers or max(numbers) >= 1e8:
        return rule
    low, high = EXCEL_DAYS
    if (
        low <= min(numbers)
        and max(numbers) <= high
        and max(numbers) - min(numbers) < 366
        and any(n % 1 for n in numbers)
    ):
        remarks.append(f"{rule.column} looks like a spreadsheet's day number")
        return TimeRule(kind="excel", column=rule.column)
    remarks.append(f"{rule.column} looks like seconds since the start: --start says when that was")
    return TimeRule(kind="elapsed", column=rule.column)


def _by_cells(file: RowFile) -> TimeRule | None:
    for column in file.columns:
        cells = cells_of(file.sample[:20], (column,))
        if cells and all(map(is_time, cells)):
            return TimeRule(column=column)
    return None


def _written(known: ColumnMap, meanings: list[Meaning], rule: TimeRule | None, vehicle_id: str | None) -> str:
    """The map as YAML, without what is so by itself."""
    columns = {meaning.column: meaning.field for meaning in meanings if meaning.kind not in ("extras", "extra")}
    content: dict[str, Any] = {
        "vehicle_id": vehicle_id,
        "ts": rule.model_dump(exclude_defaults=True, exclude_none=True) if rule else None,
        "long": known.long.model_dump(exclude_none=True) if known.long else None,
        "columns": columns or {name: rule.model_dump(exclude_defaults=True) for name, rule in known.columns.items()},
        "ignore": list(known.ignore),
    }
    if rule is not None and rule.kind == "column":
        content["ts"] = {"kind": "column", **content["ts"]}
    return yaml.safe_dump({key: value for key, value in content.items() if value}, sort_keys=False, allow_unicode=True)


def _first(
    path: Path, terms: ReadTerms, proposed: str, vehicle_id: str | None
) -> tuple[tuple[dict[str, Any], ...], list[str]]:
    """The first readings by the proposed map, and what is said of the file then."""
    column_map = ColumnMap.model_validate(yaml.safe_load(proposed) or {})
    try:
        file = DriveReader(replace(terms, column_map=column_map, vehicle_id=vehicle_id)).open(path)
    except ColumnMapError as error:
        return (), [str(error)]
    made = list(islice((made for made in file.readings() if isinstance(made, Telemetry | Reject)), 200))
    readings = tuple(_shown(reading) for reading in made if isinstance(reading, Telemetry))[:SHOWN]
    rejected = next((made for made in made if isinstance(made, Reject)), None)
    notes = [f"line {rejected.line} is rejected: {rejected.reason}"] if rejected else []
    return readings, [*notes, *file.notes.lines()]


def _shown(reading: Telemetry) -> dict[str, Any]:
    """A reading without what is not there, with its time as people read it."""
    fields = msgspec.to_builtins(reading)
    told = {name: value for name, value in fields.items() if value not in (None, [], (), {}, False)}
    told["ts"] = datetime.fromtimestamp(told.pop("ts_ms") / 1000, UTC).isoformat()
    return told
