"""What a column's heading says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.ingest.headings import Heading, MisfitError, understood
from master_orchestrator_schemas.measures import conversion, is_unit, units_of
from master_orchestrator_schemas.messages import SIGNALS, Telemetry
from master_orchestrator_schemas.spellings import SPELLINGS


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Engine_RPM", "engine_rpm"),
        ("ENGINE SPEED", "engine_rpm"),
        ("engineSpeed", "engine_rpm"),
        ("Engine RPM(rpm)", "engine_rpm"),
        ("RPM [1/min]", "engine_rpm"),
        ("Coolant Temp (C)", "coolant_temp_c"),
        ("EngineCoolantTemp", "coolant_temp_c"),
        ("Engine Coolant Temperature [°C]", "coolant_temp_c"),
        ("ECT (ºC)", "coolant_temp_c"),
        ("coolant_deg_c", "coolant_temp_c"),
        ("battery_v", "battery_voltage_v"),
        ("Voltage (Control Module)(V)", "battery_voltage_v"),
        ("Fuel Trim Bank 1 Long Term(%)", "ltft_b1_pct"),
        ("lf_tire_pressure", "tyre_fl_kpa"),
        ("Tyre Pressure Front Left", "tyre_fl_kpa"),
        ("dtc", "dtcs"),
        ("Check Engine Light", "mil_on"),
        ("Vehicle ID", "vehicle_id"),
    ],
)
def test_case_spaces_and_brackets_do_not_matter(heading: str, field: str) -> None:
    column = understood(heading)
    assert column is not None
    assert (field, (1.0, 0.0)) == (column.field, column.conversion)


@pytest.mark.parametrize(
    ("heading", "value", "field", "expected"),
    [
        ("Engine Coolant Temperature(°F)", 212.0, "coolant_temp_c", 100.0),
        ("coolant_temp_f", 212.0, "coolant_temp_c", 100.0),
        ("Oil Temp (K)", 373.15, "engine_oil_temp_c", 100.0),
        ("Speed (OBD)(mph)", 100.0, "speed_kmh", 160.9344),
        ("speed [m/s]", 10.0, "speed_kmh", 36.0),
        ("speed_knots", 10.0, "speed_kmh", 18.52),
        ("oil_pressure_bar", 3.5, "oil_pressure_kpa", 350.0),
        ("Oil pressure (psi)", 50.0, "oil_pressure_kpa", 344.73785),
        ("Intake Manifold Pressure (inHg)", 29.92, "map_kpa", 101.32),
        ("MAP [mbar]", 1013.0, "map_kpa", 101.3),
        ("Battery Voltage mV", 13_800.0, "battery_voltage_v", 13.8),
        ("Tire Pressure FL (psi)", 32.0, "tyre_fl_kpa", 220.632),
        ("odometer (mi)", 10.0, "odometer_m", 16_093.44),
        ("Odometer_km", 10.0, "odometer_m", 10_000.0),
        ("mileage", 10.0, "odometer_m", 10_000.0),
        ("MAF (kg/h)", 36.0, "maf_gps", 10.0),
    ],
)
def test_units_are_converted_where_they_are_named(heading: str, value: float, field: str, expected: float) -> None:
    column = understood(heading)
    assert column is not None
    assert (field, True) == (column.field, column.unit_named)
    assert expected == pytest.approx(value * column.conversion.scale + column.conversion.offset, rel=1e-4)


def test_whether_the_unit_is_named_is_known() -> None:
    assert Heading("coolant_temp_c") == understood("coolant temp")
    assert Heading("coolant_temp_c", unit_named=True) == understood("coolant_temp_c")


@pytest.mark.parametrize("heading", ["odometer", "battery", "boost", "battery_a", "trip_id", "", "engine", "voltage"])
def test_what_says_too_little_is_not_guessed(heading: str) -> None:
    assert understood(heading) is None


@pytest.mark.parametrize("heading", ["Fuel level (gal)", "Coolant temp (V)", "rpm (kPa)"])
def test_a_unit_of_another_thing_is_an_error(heading: str) -> None:
    with pytest.raises(MisfitError, match="is not a unit of"):
        understood(heading)


def test_every_spelling_names_a_field_and_every_signal_has_units() -> None:
    assert set(SPELLINGS.values()) <= set(Telemetry.__struct_fields__)
    assert all(units_of(name) for name in SIGNALS)
    assert conversion("coolant_temp_c", "psi") is None
    assert is_unit("Â°C")
    assert not is_unit("SAE")


@given(st.text(max_size=30))
def test_any_heading_is_understood_or_not(heading: str) -> None:
    try:
        column = understood(heading)
    except MisfitError:
        return
    assert column is None or column.field in Telemetry.__struct_fields__
