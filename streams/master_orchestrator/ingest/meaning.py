"""What each column of a file becomes: decided once per header, by the map, the headings and the words for positions."""

from collections.abc import Sequence
from typing import NamedTuple

from master_orchestrator.ingest.column_map import ColumnMap, ColumnRule
from master_orchestrator.ingest.headings import Heading, MisfitError, name_and_unit, understood, words_of
from master_orchestrator.ingest.notes import Notes
from master_orchestrator_schemas.measures import SAME, Conversion, conversion
from master_orchestrator_schemas.messages import SIGNALS
from master_orchestrator_schemas.spellings import POSITIONS

MAX_EXTRAS = 128
"""As :class:`Telemetry` has them."""
MAX_NAME = 200
SPN = frozenset({"spn", "suspect_parameter_number", "spn_number"})
FMI = frozenset({"fmi", "failure_mode_identifier", "failure_mode", "fmi_number"})
FAULT_STATUS = frozenset({"status", "fault_status", "active", "state", "dtc_status"})
_SIGNALS = frozenset(SIGNALS)
_UNKNOWN = Heading("")


class Meaning(NamedTuple):
    """A column that is read.

    Args:
        at: its place in the row.
        column: its name, as the file has it.
        field: of :class:`Telemetry`; ``spn``, ``fmi``, ``fault_status``; or the name under ``extras``.
        kind: how its cells are read.
        behind: why it is only read in rows where the column before it with that field has no value; "": it is first.
    """

    at: int
    column: str
    field: str
    kind: str
    conversion: Conversion = SAME
    unit_named: bool = True
    behind: str = ""


class Meanings:
    """Finds what columns mean, and notes what it does not find.

    Args:
        sources: columns that hold the time, or the names and values of a long file.
        suspects: fields whose column's values cannot be in the field's unit.
    """

    def __init__(self, column_map: ColumnMap, notes: Notes, sources: frozenset[str], *, vehicle_given: bool) -> None:
        self._map = column_map
        self._notes = notes
        self._sources = sources
        self._vehicle_given = vehicle_given
        self.suspects: frozenset[str] = frozenset()

    def of(self, columns: Sequence[str]) -> list[Meaning]:
        """The columns that are read, in their order; of two with one field the second is behind the first."""
        meanings: list[Meaning] = []
        first: dict[str, str] = {}
        has_spn = any(words_of(column) in SPN for column in columns)
        extras = 0
        for at, column in enumerate(columns):
            if not column or self._map.ignores(column) or column in self._sources:
                continue
            meaning = self._one(at, column, has_spn=has_spn)
            if meaning is None:
                continue
            if meaning.field in first:
                meaning = meaning._replace(behind=_behind(column, first[meaning.field]))
            elif meaning.kind == "extra":
                extras += 1
                if extras > MAX_EXTRAS:
                    self._notes.drop(column, f"more than {MAX_EXTRAS} columns are not known: rename or ignore some")
                    continue
            first.setdefault(meaning.field, column)
            meanings.append(meaning)
        return meanings

    def _one(self, at: int, column: str, *, has_spn: bool) -> Meaning | None:
        rule = self._map.rule_for(column)
        words = words_of(column)
        if rule is None and has_spn and (special := _fault_part(words)):
            return Meaning(at, column, special, special)
        try:
            heading = self._heading(column, rule)
        except MisfitError as error:
            self._notes.drop(column, str(error))
            return None
        if heading is _UNKNOWN:
            return self._unknown(at, column, words)
        if self._is_passed_over(heading):
            return None
        return Meaning(at, column, heading.field, kind_of(heading.field), heading.conversion, heading.unit_named)

    def _is_passed_over(self, heading: Heading) -> bool:
        if heading.field == "vehicle_id":
            return self._vehicle_given  # what the user or the map says goes before the file
        return heading.field == "ts_ms" or (heading.field in self.suspects and not heading.unit_named)

    def _heading(self, column: str, rule: ColumnRule | None) -> Heading:
        if rule is None:
            return understood(column) or _UNKNOWN
        target = understood(rule.field)
        if target is None:
            return Heading(rule.field, Conversion(rule.scale, rule.offset))
        if rule.scaled:
            return Heading(target.field, Conversion(rule.scale, rule.offset), unit_named=True)
        if rule.unit is not None:
            to_field = conversion(target.field, rule.unit)
            if to_field is None:
                raise MisfitError(f"{rule.unit} is not a unit of {rule.field}")
            return Heading(target.field, to_field, unit_named=True)
        return Heading(target.field, self._own(column, target), unit_named=True)

    @staticmethod
    def _own(column: str, target: Heading) -> Conversion:
        """The conversion from the unit that the column's own name says; else the target's."""
        try:
            own = understood(column)
        except MisfitError:
            own = None
        if own is not None and own.field == target.field and own.unit_named:
            return own.conversion
        unit = name_and_unit(column)[1]
        return (conversion(target.field, unit) if unit else None) or target.conversion

    def _unknown(self, at: int, column: str, words: str) -> Meaning | None:
        if words in POSITIONS or words_of(name_and_unit(column)[0]) in POSITIONS:
            self._notes.drop(column, "positions are not sent")
            return None
        if words in ("vin", "vehicle_identification_number", "chassis_number"):
            self._notes.drop(column, "a VIN is not sent: give a pseudonym as vehicle_id, or --vehicle-id")
            return None
        if len(column) > MAX_NAME:
            self._notes.drop(column[:MAX_NAME], f"its name is longer than {MAX_NAME} characters")
            return None
        return Meaning(at, column, column, "extra")


def kind_of(field: str) -> str:
    """How the cells of a field are read."""
    if field in _SIGNALS:
        return "number"
    if field in ("vehicle_id", "model", "request_id"):
        return "text"
    if field in ("dtcs", "j1939"):
        return field
    if field == "extras":
        return field
    return "flag" if understood(field) else "extra"


def _fault_part(words: str) -> str | None:
    for name, spelled in (("spn", SPN), ("fmi", FMI), ("fault_status", FAULT_STATUS)):
        if words in spelled:
            return name
    return None


def _behind(column: str, first: str) -> str:
    if column == first:
        return "it is there twice; the first one is used"
    return f"it says the same as {first!r}, which is used"
