"""Maps for public data sets, found by their headers.

carOBD (github.com/eron93br/carOBD): OBD-II trips of one car, documented as 1 Hz, without a clock; the column ``file``
names the drive. KIT (doi 10.5445/IR/1000085073): time of day per row, the date in the file's name; one signal is fresh
in each row, the others are repeated. Units are already those of our fields.
"""

from collections.abc import Sequence

from master_orchestrator.ingest.column_map import ColumnMap

CAROBD = ColumnMap.model_validate(
    {
        "vehicle_id": "carobd-etios",
        "ts": {"kind": "rows", "rate_hz": 1.0, "group_by": "file", "pause_s": 3600},
        "columns": {
            "ENGINE_RPM": "engine_rpm",
            "VEHICLE_SPEED": "speed_kmh",
            "THROTTLE": "throttle_pct",
            "ENGINE_LOAD": "engine_load_pct",
            "COOLANT_TEMPERATURE": "coolant_temp_c",
            "LONG_TERM_FUEL_TRIM_BANK_1": "ltft_b1_pct",
            "SHORT_TERM_FUEL_TRIM_BANK_1": "stft_b1_pct",
            "INTAKE_MANIFOLD_PRESSURE": "map_kpa",
            "FUEL_TANK": "fuel_level_pct",
            "INTAKE_AIR_TEMP": "intake_air_temp_c",
            "CATALYST_TEMPERATURE_BANK1_SENSOR1": "catalyst_temp_c",
            "CONTROL_MODULE_VOLTAGE": "battery_voltage_v",
        },
        "ignore": ["file"],
    }
)
KIT = ColumnMap.model_validate(
    {
        "vehicle_id": "kit-leon",
        "ts": {"kind": "time_of_day", "column": "Time"},
        "strip_units": True,
        "columns": {
            "Engine Coolant Temperature": "coolant_temp_c",
            "Intake Manifold Absolute Pressure": "map_kpa",
            "Engine RPM": "engine_rpm",
            "Vehicle Speed Sensor": "speed_kmh",
            "Intake Air Temperature": "intake_air_temp_c",
            "Air Flow Rate from Mass Flow Sensor": "maf_gps",
            "Absolute Throttle Position": "throttle_pct",
            "Ambient Air Temperature": "ambient_temp_c",
            "Accelerator Pedal Position D": "accelerator_pedal_d_pct",
            "Accelerator Pedal Position E": "accelerator_pedal_e_pct",
        },
    }
)
KNOWN_MAPS = {"carobd": CAROBD, "kit": KIT}


def map_for(columns: Sequence[str]) -> ColumnMap:
    """The built-in map whose columns are all there; for any other file one that takes the columns by their names."""
    fitting = (known for known in KNOWN_MAPS.values() if columns and not known.missing(columns))
    return next(fitting, ColumnMap())
