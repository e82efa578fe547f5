"""Shipped maps, by name and chosen by a file's columns.

carOBD (github.com/eron93br/carOBD): OBD-II trips of one car, documented as 1 Hz, without a clock; the column ``file``
names the drive. KIT (doi 10.5445/IR/1000085073): time of day per row, the date in the file's name; one signal is fresh
in each row, the others are repeated. Torque, Car Scanner, OBD Fusion: apps that read OBD-II; the columns' names and
units are the user's choice, and understood as in any file. OpenXC: traces of one signal per object. J1939: a fault per
row, in columns for SPN and FMI.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from master_orchestrator.ingest.column_map import ColumnMap, LongRule, load_map
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.headings import is_signal, words_of

CAROBD = ColumnMap.model_validate(
    {
        "vehicle_id": "carobd-etios",
        "ts": {"kind": "rows", "rate_hz": 1.0, "group_by": "file", "pause_s": 3600},
        "signature": ["file", "ENGINE_RUN_TINE", "COOLANT_TEMPERATURE", "CONTROL_MODULE_VOLTAGE"],
        "ignore": ["file"],
    }
)
KIT = ColumnMap.model_validate(
    {
        "vehicle_id": "kit-leon",
        "ts": {"kind": "time_of_day", "column": "Time"},
        "signature": [
            *("Time", "Engine Coolant Temperature", "Engine RPM", "Vehicle Speed Sensor"),
            *("Air Flow Rate from Mass Flow Sensor", "Accelerator Pedal Position D"),
        ],
        "columns": {
            "Accelerator Pedal Position D": "accelerator_pedal_d_pct",
            "Accelerator Pedal Position E": "accelerator_pedal_e_pct",
        },
    }
)
TORQUE = ColumnMap.model_validate(
    {
        "ts": {"kind": "column", "column": "Device Time", "zone_column": "GPS Time"},
        "signature": ["GPS Time", "Device Time"],
        "ignore": ["GPS Time", "G(x)", "G(y)", "G(z)", "G(calibrated)", "Horizontal Dilution of Precision", "Bearing"],
    }
)
CAR_SCANNER = ColumnMap.model_validate(
    {
        "ts": {"kind": "elapsed", "column": "SECONDS", "start": "first_row"},
        "long": {"name": "PID", "value": "VALUE", "unit": "UNITS"},
        "signature": ["SECONDS", "PID", "VALUE"],
    }
)
OBD_FUSION = ColumnMap.model_validate(
    {
        "ts": {"kind": "elapsed", "column": "Time (sec)", "day_first": False},
    }
)
OPENXC = ColumnMap.model_validate(
    {
        "ts": {"kind": "column", "column": "timestamp"},
        "long": {"name": "name", "value": "value"},
        "columns": {"odometer": {"field": "odometer_m", "unit": "km"}},
        "signature": ["name", "value", "timestamp"],
    }
)
J1939 = ColumnMap.model_validate({"signature": ["SPN", "FMI"]})

KNOWN_MAPS: Mapping[str, ColumnMap] = {
    "torque": TORQUE,
    "car-scanner": CAR_SCANNER,
    "obd-fusion": OBD_FUSION,
    "openxc": OPENXC,
    "j1939": J1939,
    "carobd": CAROBD,
    "kit": KIT,
}


SIGNAL_NAMES = (
    "signal",
    "signal_name",
    "name",
    "pid",
    "parameter",
    "sensor",
    "channel",
    "variable",
    "metric",
    "diagnostic",
)
SIGNAL_VALUES = ("value", "val", "reading", "measurement", "signal_value")
SIGNAL_UNITS = ("unit", "units", "uom", "unit_of_measure")


def map_for(columns: Sequence[str]) -> tuple[str | None, ColumnMap]:
    """The shipped map whose columns are all there, and its name; for any other file one that goes by the names."""
    fitting = ((name, known) for name, known in KNOWN_MAPS.items() if columns and known.fits(columns))
    return next(fitting, (None, ColumnMap(long=_long(columns))))


def _long(columns: Sequence[str]) -> LongRule | None:
    """The rule of a file with columns for a signal's name and its value, whatever wrote it."""
    if any(is_signal(column) for column in columns):
        return None
    by_words = {words_of(column): column for column in columns}
    name, value, unit = (
        next((by_words[words] for words in known if words in by_words), None)
        for known in (SIGNAL_NAMES, SIGNAL_VALUES, SIGNAL_UNITS)
    )
    return LongRule(name=name, value=value, unit=unit) if name and value else None


def named_map(text: str) -> ColumnMap:
    """A shipped map by its name (in any case, with or without marks), else the map file at that path.

    Raises:
        ColumnMapError: there is neither, or the file is not a map.
    """
    plain_name = _bare(text)
    for name, known in KNOWN_MAPS.items():
        if _bare(name) == plain_name:
            return known
    path = Path(text)
    if not path.exists():
        raise ColumnMapError(
            f"column map {text}: no such file, and not one of the shipped maps: {', '.join(KNOWN_MAPS)}"
        )
    return load_map(path)


def _bare(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
