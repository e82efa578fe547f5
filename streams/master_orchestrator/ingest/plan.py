"""From the cells of a row to the fields of a reading: worked out once per header, then run for every row."""

from collections.abc import Sequence

from master_orchestrator.ingest.cells import ToNumber, UnreadableError, numeric, plain_number, text_of, with_unit
from master_orchestrator.ingest.code_cells import codes_of, faults_of
from master_orchestrator.ingest.meaning import MAX_EXTRAS, Meaning
from master_orchestrator.ingest.notes import Notes
from master_orchestrator_schemas.measures import SAME, Conversion
from master_orchestrator_schemas.messages import J1939Fault
from master_orchestrator_schemas.values import flag, is_no_value

LARGEST = 1e300
NOT_ACTIVE = frozenset(
    {"inactive", "not active", "previously active", "previously_active", "passive", "dm2", "0", "no", "false"}
)
"""Words for faults that are over."""
MAX_TEXT = 200

Fields = dict[str, object]


class Plan:
    """What is done with each row of one header."""

    def __init__(self, meanings: Sequence[Meaning], notes: Notes, to_number: ToNumber) -> None:
        self._notes = notes
        self._to_number = to_number
        firsts = [m for m in meanings if not m.behind]
        self._behind = [m for m in meanings if m.behind]
        self._numbers = [_number(m) for m in firsts if m.kind == "number"]
        self._extras = [m for m in firsts if m.kind == "extra"]
        self._others = [m for m in firsts if m.kind not in ("number", "extra", "spn", "fmi", "fault_status")]
        self._vehicle = next((m for m in firsts if m.field == "vehicle_id"), None)
        if self._vehicle is not None:
            self._others.remove(self._vehicle)
        self._fault = {m.kind: m.at for m in firsts if m.kind in ("spn", "fmi", "fault_status")}
        if "fmi" not in self._fault:
            self._fault = {}
        self.joins = bool(self._fault)

    def vehicle(self, values: Sequence[object]) -> str | None:
        """Whose row it is. Raises :class:`UnreadableError`."""
        return None if self._vehicle is None else text_of(values[self._vehicle.at], MAX_TEXT)

    def fields(self, line: int, values: Sequence[object]) -> Fields:
        """The fields of a row, without vehicle and time; cells that cannot be read are noted and left out."""
        fields: Fields = {}
        self._add_numbers(fields, line, values, self._numbers)
        if self._extras and (extras := self._kept(line, values, self._extras)):
            fields["extras"] = extras
        for meaning in self._others:
            cell = values[meaning.at]
            if cell not in ("", None):
                self._other(fields, line, meaning, cell)
        if self._fault:
            self._add_fault(fields, line, values)
        for meaning in self._behind:
            self._add_behind(fields, line, values, meaning)
        return fields

    def _add_behind(self, fields: Fields, line: int, values: Sequence[object], meaning: Meaning) -> None:
        """A column whose field another one has: it counts where that one has no value."""
        cell = values[meaning.at]
        if cell is None or (isinstance(cell, str) and is_no_value(cell)):
            return
        extras: dict[str, float] = fields.get("extras", {})  # type: ignore[assignment]  # nothing else is there
        if fields.get(meaning.field, ()) != () or meaning.field in extras or meaning.kind not in _BEHIND:
            self._notes.drop(meaning.column, meaning.behind)
        elif meaning.kind == "number":
            self._add_numbers(fields, line, values, [_number(meaning)])
        elif meaning.kind == "extra":
            fields["extras"] = extras | self._kept(line, values, [meaning])
        else:
            self._other(fields, line, meaning, cell)

    def _add_numbers(self, fields: Fields, line: int, values: Sequence[object], numbers: Sequence["_Number"]) -> None:
        to_number = self._to_number
        for at, field, scaled, meaning in numbers:
            cell = values[at]
            value = to_number(cell) if isinstance(cell, str) else plain_number(cell)
            if value is None:
                if cell == "" or (value := self._odd_number(line, meaning, cell)) is None:
                    continue
            elif scaled is not None:
                value = value * scaled.scale + scaled.offset
            if -LARGEST < value < LARGEST:
                fields[field] = value
            else:
                self._notes.cell(meaning.column, line, cell, "too large")

    def _odd_number(self, line: int, meaning: Meaning, cell: object) -> float | None:
        """The number of a cell that is not plainly one, in the field's unit."""
        try:
            value = numeric(cell, self._to_number)
        except UnreadableError as error:
            value = with_unit(cell, meaning.field, self._to_number)
            if value is None:
                self._notes.cell(meaning.column, line, cell, str(error))
            return value
        return None if value is None else value * meaning.conversion.scale + meaning.conversion.offset

    def _kept(self, line: int, values: Sequence[object], columns: Sequence[Meaning]) -> dict[str, float]:
        extras: dict[str, float] = {}
        to_number = self._to_number
        for meaning in columns:
            cell = values[meaning.at]
            value = to_number(cell) if isinstance(cell, str) else plain_number(cell)
            if value is None:
                if cell == "":
                    continue
                try:
                    value = numeric(cell, to_number)
                except UnreadableError:
                    why = "the name is not known, and only numbers are kept of what is not known"
                    self._notes.cell(meaning.column, line, cell, why)
                    continue
            if value is not None and -LARGEST < value < LARGEST:
                extras[meaning.field] = value * meaning.conversion.scale + meaning.conversion.offset
                self._notes.keep(meaning.column)
        return extras

    def _other(self, fields: Fields, line: int, meaning: Meaning, cell: object) -> None:
        kind, field = meaning.kind, meaning.field
        try:
            if kind == "flag":
                if not (isinstance(cell, str) and is_no_value(cell)):
                    fields[field] = flag(cell)
            elif kind == "text":
                fields[field] = text_of(cell, MAX_TEXT)
            elif kind == "extras":
                self._add_extras(fields, line, cell)
            else:
                codes, odd = codes_of(cell) if kind == "dtcs" else faults_of(cell)
                fields[field] = codes
                for item in odd:
                    self._notes.cell(meaning.column, line, item, _CODES[kind])
        except ValueError as error:  # UnreadableError too
            self._notes.cell(meaning.column, line, cell, str(error))

    def _add_extras(self, fields: Fields, line: int, cell: object) -> None:
        if not isinstance(cell, dict):
            raise UnreadableError("not a mapping of names and numbers")
        extras: dict[str, float] = fields.setdefault("extras", {})  # type: ignore[assignment]  # nothing else is there
        for name, item in cell.items():
            try:
                value = numeric(item, self._to_number)
            except UnreadableError as error:
                self._notes.cell(f"extras.{name}"[:MAX_TEXT], line, item, str(error))
                continue
            if value is not None and len(extras) < MAX_EXTRAS and 0 < len(name) <= MAX_TEXT:
                extras[name] = value

    def _add_fault(self, fields: Fields, line: int, values: Sequence[object]) -> None:
        """The fault of a row's SPN and FMI; one that is over is left out."""
        status = values[self._fault["fault_status"]] if "fault_status" in self._fault else None
        if str(status).strip().lower() in NOT_ACTIVE:
            self._notes.cell("SPN", line, status, "the fault is not active")
            return
        spn, fmi = values[self._fault["spn"]], values[self._fault["fmi"]]
        if all(cell is None or (isinstance(cell, str) and is_no_value(cell)) for cell in (spn, fmi)):
            return
        faults, odd = faults_of(f"{_whole(spn)}/{_whole(fmi)}")
        if odd or not faults:
            self._notes.cell("SPN", line, f"{spn}/{fmi}", _CODES["j1939"])
            return
        told: tuple[J1939Fault, ...] = fields.get("j1939", ())  # type: ignore[assignment]  # nothing else is there
        fields["j1939"] = tuple(dict.fromkeys((*told, *faults)))


_BEHIND = ("number", "extra", "flag", "dtcs", "j1939")
"""Kinds of which another column may have the value. Whose a row is, two columns cannot say."""
_Number = tuple[int, str, Conversion | None, Meaning]
"""Place and field of a column, its conversion if there is one to do, and all of it."""


def _number(meaning: Meaning) -> _Number:
    return meaning.at, meaning.field, None if meaning.conversion == SAME else meaning.conversion, meaning


def _whole(cell: object) -> str:
    """A whole number without the ``.0`` that tables with gaps put behind it."""
    return str(cell).strip().removesuffix(".0")


_CODES = {
    "dtcs": "not a trouble code such as P0301",
    "j1939": "not a fault such as 110/0 (SPN from 0 to 524287, FMI from 0 to 31)",
}
