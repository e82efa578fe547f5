"""Vehicles that report every few minutes: consecutive readings take the place of seconds."""

from typing import Any

import pytest

SLOW_S = (60, 150, 300, 900, 1800)
HOT = {"coolant_temp_c": 118.0, "oil_pressure_kpa": 30.0, "battery_voltage_v": 11.9}


@pytest.mark.parametrize("every_s", SLOW_S)
def test_an_engine_that_boils_without_oil_and_alternator_is_found_at_any_rate(drive: Any, every_s: int) -> None:
    drive.run(6 * every_s, every_s=every_s)
    assert [] == drive.fired()
    drive.run(4 * every_s, every_s=every_s, **HOT)

    assert {"coolant_boiling", "oil_pressure_lost", "charging_low"} <= set(drive.fired())


@pytest.mark.parametrize("every_s", SLOW_S)
@pytest.mark.parametrize(
    ("rule", "signals"),
    [
        ("abs_error", {"abs_error": True}),
        ("gearbox_boiling", {"gearbox_temp_c": 140.0}),
        ("mil_lit", {"mil_on": True}),
        ("hv_battery_hot", {"hv_temp_max_c": 66.0}),
        ("fuel_trim_off", {"ltft_b1_pct": 17.0}),
        ("tyre_flat", {"tyre_fr_kpa": 120.0}),
    ],
)
def test_and_so_is_all_else_that_lasts(drive: Any, every_s: int, rule: str, signals: dict[str, Any]) -> None:
    drive.run(3 * every_s, every_s=every_s)
    drive.run(4 * every_s, every_s=every_s, **signals)

    assert rule in drive.fired()


@pytest.mark.parametrize("every_s", SLOW_S)
def test_one_reading_of_a_slow_vehicle_is_still_one_reading(drive: Any, every_s: int) -> None:
    for _ in range(10):
        drive.run(2 * every_s, every_s=every_s)
        drive.run(0, every_s=every_s, **HOT, abs_error=True, gearbox_temp_c=140.0)

    assert [] == drive.fired()


@pytest.mark.parametrize("every_s", [900, 1800])
def test_short_trips_between_slow_readings_are_no_stuck_thermostat(drive: Any, every_s: int) -> None:
    """Every reading finds the engine running for a minute or two: it may have been off in between."""
    drive.run(12 * every_s, every_s=every_s, coolant_temp_c=35.0)

    assert [] == drive.fired()


def test_a_thermostat_is_found_up_to_one_reading_in_five_minutes(drive: Any) -> None:
    drive.run(9 * 300, every_s=300, coolant_temp_c=64.0)

    assert ["coolant_cold"] == drive.fired()


def test_readings_hours_apart_are_not_of_one_drive(drive: Any) -> None:
    drive.run(20 * 7200, every_s=7200, coolant_temp_c=118.0, abs_error=True)

    assert [] == drive.fired()


@pytest.mark.parametrize("every_s", [3_600, 6 * 3_600])
def test_a_parked_vehicle_that_reports_every_few_hours_tells_of_its_battery(drive: Any, every_s: int) -> None:
    parked = {"engine_rpm": 0.0, "speed_kmh": 0.0, "oil_pressure_kpa": 0.0}
    drive.run(8 * every_s, every_s=every_s, **parked, battery_voltage_v=12.4)
    assert [] == drive.fired()
    drive.run(2 * every_s, every_s=every_s, **parked, battery_voltage_v=11.7)

    assert ["battery_rest_low"] == drive.fired()


@pytest.mark.parametrize("every_s", [10, *SLOW_S])
@pytest.mark.parametrize("says_so", ["once", "never"])
def test_an_engine_that_was_just_switched_off_has_not_lost_its_oil(drive: Any, every_s: int, says_so: str) -> None:
    """The readings after a drive that do not say how fast the engine turns."""
    drive.run(8 * every_s, every_s=every_s)
    off = {"speed_kmh": 0.0, "oil_pressure_kpa": 0.0, "battery_voltage_v": 12.4}
    if says_so == "once":
        drive.run(0, every_s=every_s, engine_rpm=0.0, **off)
    drive.run(4 * every_s, every_s=every_s, engine_rpm=None, **off)

    assert [] == drive.fired()


def test_an_engine_speed_that_comes_twice_a_minute_is_enough(drive: Any) -> None:
    for _ in range(6):
        drive.run(0, oil_pressure_kpa=30.0)
        drive.run(28, engine_rpm=None, speed_kmh=None, oil_pressure_kpa=30.0)

    assert "oil_pressure_lost" in drive.fired()
