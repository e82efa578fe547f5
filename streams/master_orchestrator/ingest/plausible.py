"""Values that cannot be in the unit that a column without a named unit is taken to have: psi for kPa, °F for °C.

Read as they are they would send a whole fleet to the workshop. Such a column is left out, and the user is told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from master_orchestrator.ingest.cells import ToNumber, UnreadableError, numeric
from master_orchestrator.ingest.meaning import Meaning
from master_orchestrator.ingest.row import Row
from master_orchestrator_schemas.measures import units_of, written

MIN_VEHICLES = 3
"""Values that one vehicle with a fault may have are a matter of the unit where all of at least this many have them."""


class Usual(NamedTuple):
    """Where the median of a signal lies.

    Args:
        low, high: outside of them no vehicle's is for long. ``low`` is what a fault may bring one vehicle under.
        typical: where it is on most vehicles, to find the unit by.
    """

    low: float
    high: float
    typical: tuple[float, float]


_TYRE = Usual(110.0, 1_500.0, (170.0, 950.0))
USUAL: Mapping[str, Usual] = {
    "coolant_temp_c": Usual(-60.0, 150.0, (50.0, 115.0)),
    "engine_oil_temp_c": Usual(-60.0, 170.0, (50.0, 140.0)),
    "gearbox_temp_c": Usual(-60.0, 170.0, (30.0, 130.0)),
    "intake_air_temp_c": Usual(-60.0, 120.0, (-30.0, 70.0)),
    "ambient_temp_c": Usual(-60.0, 60.0, (-30.0, 45.0)),
    "oil_pressure_kpa": Usual(70.0, 1_200.0, (120.0, 700.0)),
    "battery_voltage_v": Usual(5.0, 60.0, (11.0, 30.0)),
    "map_kpa": Usual(5.0, 450.0, (15.0, 300.0)),
    **dict.fromkeys(("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa"), _TYRE),
}


class Doubt(NamedTuple):
    """A column whose unit cannot be the field's: its meaning, and what to tell the user."""

    meaning: Meaning
    why: str


def doubts(meanings: Iterable[Meaning], sample: Sequence[Row], to_number: ToNumber, vehicle: str | None) -> list[Doubt]:
    """The columns without a named unit whose values are implausible, by the medians of the vehicles in the sample."""
    verdicts: list[tuple[Meaning, bool, float]] = []
    for meaning in meanings:
        if meaning.field in USUAL and not meaning.unit_named:
            verdict = _verdict(meaning, sample, to_number, vehicle)
            if verdict is not None:
                verdicts.append((meaning, *verdict))
    low_tyres = sum(meaning.field.startswith("tyre") for meaning, _, _ in verdicts)
    return [
        Doubt(meaning, _why(meaning, middle))
        for meaning, is_certain, middle in verdicts
        if is_certain or (meaning.field.startswith("tyre") and low_tyres > 2)
    ]


def _verdict(
    meaning: Meaning, sample: Sequence[Row], to_number: ToNumber, vehicle: str | None
) -> tuple[bool, float] | None:
    """Whether the values are certainly not in the field's unit, and their middle; None where they may well be."""
    by_vehicle: dict[str, list[float]] = defaultdict(list)
    for row in sample:
        cells = row.cells
        cell = cells.get(meaning.column)
        try:
            value = numeric(cell, to_number)
        except UnreadableError:
            continue
        if value:  # a pressure of 0 is that of a car that stands
            by_vehicle[str(cells.get(vehicle)) if vehicle else ""].append(value)
    if not by_vehicle:
        return None
    usual = USUAL[meaning.field]
    middles = [median(values) for values in by_vehicle.values()]
    too_low = sum(middle < usual.low for middle in middles)
    too_high = sum(middle > usual.high for middle in middles)
    if max(too_low, too_high) < 0.9 * len(middles):
        return None
    return too_high > 0 or len(middles) >= MIN_VEHICLES, median(middles)


def _why(meaning: Meaning, middle: float) -> str:
    low, high = USUAL[meaning.field].typical
    fitting = [
        unit
        for unit, to_field in units_of(meaning.field).items()
        if to_field != (1.0, 0.0) and low <= middle * to_field.scale + to_field.offset <= high
    ]
    unit = written(fitting[0]) if fitting else "UNIT"
    guess = f"they look like {unit}" if fitting else "is it another unit?"
    ours = written(next(iter(units_of(meaning.field))))
    return (
        f"its values (about {middle:g}) cannot be {ours}; {guess}: name the unit in the header, '{meaning.column} "
        f"({unit})', or in a map: {{field: {meaning.field}, unit: {unit}}}"
    )
