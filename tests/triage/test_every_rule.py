"""Each rule of the table fires when its condition has held, and does not fire just short of its limit or its time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

QUARTER_H = 15 * 60


class Case(NamedTuple):
    """``bad`` fires after ``hold_s``; ``fine`` is just on the other side of the limit. ``before``: healthy but for."""

    rule: str
    subsystem: Subsystem
    priority: Priority
    hold_s: int
    bad: dict[str, Any]
    fine: dict[str, Any]
    before: Mapping[str, Any] = MappingProxyType({})
    before_s: int = 70


def off(**signals: Any) -> dict[str, Any]:
    return {"engine_rpm": 0.0, "speed_kmh": 0.0, "oil_pressure_kpa": 0.0, **signals}


S, H, U = Priority.SCHEDULED, Priority.HIGH, Priority.URGENT
COLD = {"coolant_temp_c": 74.0}
CASES = (
    Case("coolant_hot", Subsystem.COOLING, H, 60, {"coolant_temp_c": 105.0}, {"coolant_temp_c": 104.9}),
    Case("coolant_boiling", Subsystem.COOLING, U, 10, {"coolant_temp_c": 115.0}, {"coolant_temp_c": 114.9}),
    Case("coolant_cold", Subsystem.COOLING, S, 60, COLD, {"coolant_temp_c": 75.0}, COLD, QUARTER_H - 1),
    Case("coolant_sensor_low", Subsystem.COOLING_SENSOR, S, 10, {"coolant_temp_c": -40.0}, {"coolant_temp_c": -39.0}),
    Case("coolant_sensor_high", Subsystem.COOLING_SENSOR, S, 10, {"coolant_temp_c": 215.0}, {"coolant_temp_c": 104.0}),
    Case("oil_pressure_lost", Subsystem.LUBRICATION, U, 5, {"oil_pressure_kpa": 69.0}, {"oil_pressure_kpa": 138.0}),
    Case("oil_pressure_low", Subsystem.LUBRICATION, H, 10, {"oil_pressure_kpa": 137.0}, {"oil_pressure_kpa": 138.0}),
    Case("charging_low", Subsystem.CHARGING, H, 10, {"battery_voltage_v": 12.5}, {"battery_voltage_v": 12.6}),
    Case("charging_high", Subsystem.CHARGING, H, 10, {"battery_voltage_v": 15.1}, {"battery_voltage_v": 15.0}),
    Case(
        "battery_rest_low",
        Subsystem.BATTERY,
        S,
        10,
        off(battery_voltage_v=12.0),
        off(battery_voltage_v=12.1),
        off(battery_voltage_v=12.6),
    ),
    Case("tyre_flat", Subsystem.TYRES, U, 30, {"tyre_rl_kpa": 172.0}, {"tyre_rl_kpa": 192.0}, {"speed_kmh": 0.0}),
    Case("tyre_low", Subsystem.TYRES, H, 60, {"tyre_rl_kpa": 183.0}, {"tyre_rl_kpa": 185.0}, {"speed_kmh": 0.0}),
    Case("brake_pad_gone", Subsystem.BRAKES, U, 30, {"brake_pad_wear_fl_pct": 90.0}, {"brake_pad_wear_fl_pct": 89.9}),
    Case("brake_pad_worn", Subsystem.BRAKES, H, 30, {"brake_pad_wear_fr_pct": 75.0}, {"brake_pad_wear_fr_pct": 74.9}),
    Case("brake_fluid_low", Subsystem.BRAKES, U, 10, {"brake_fluid_low": True}, {"brake_fluid_low": False}),
    Case("abs_error", Subsystem.BRAKES, H, 10, {"abs_error": True}, {"abs_error": False}),
    Case("esc_error", Subsystem.BRAKES, H, 10, {"esc_error": True}, {"esc_error": False}),
    Case("gearbox_hot", Subsystem.TRANSMISSION, H, 60, {"gearbox_temp_c": 116.0}, {"gearbox_temp_c": 115.9}),
    Case("gearbox_boiling", Subsystem.TRANSMISSION, U, 10, {"gearbox_temp_c": 135.0}, {"gearbox_temp_c": 134.9}),
    Case("fuel_trim_off", Subsystem.FUEL_AIR, S, 60, {"ltft_b1_pct": -12.1}, {"ltft_b1_pct": 12.0}),
    Case("mil_flashing", Subsystem.IGNITION, U, 5, {"mil_flashing": True}, {"mil_flashing": False}),
    Case("mil_lit", Subsystem.OTHER, S, 60, {"mil_on": True}, {"mil_on": False}),
    Case("red_stop_lamp", Subsystem.OTHER, U, 5, {"red_stop_lamp": True}, {"red_stop_lamp": False}),
    Case("hv_battery_hot", Subsystem.HV_BATTERY, H, 60, {"hv_temp_max_c": 60.0}, {"hv_temp_max_c": 59.9}),
)
ELSEWHERE = {"battery_crank_low", "tyre_losing", "oil_pressure_sensor"}
"""Rules on events and rates, in ``test_starts_and_tyres.py``; on a sensor that never woke, in ``test_ranges.py``."""

each = pytest.mark.parametrize("case", CASES, ids=[case.rule for case in CASES])


def test_every_rule_of_the_table_has_a_case(topology: Topology) -> None:
    assert set(topology.triage.rules) == {case.rule for case in CASES} | ELSEWHERE


@each
def test_it_fires_once_it_has_held(case: Case, drive: Any) -> None:
    drive.run(case.before_s, **case.before)

    drive.run(case.hold_s, **{**case.before, **case.bad})

    finding = next(finding for finding in drive.findings if finding.rule == case.rule)
    assert (case.subsystem, case.priority) == (finding.subsystem, finding.priority)
    assert case.hold_s == finding.held_s
    assert finding.at_ms == drive.ts_ms - 1000
    assert finding.signal in case.bad
    assert finding.value is not None
    assert finding.threshold is not None


@each
def test_it_does_not_fire_before_it_has_held(case: Case, drive: Any) -> None:
    drive.run(case.before_s, **case.before)

    drive.run(case.hold_s - 1, **{**case.before, **case.bad})
    drive.run(120, **{**case.before, **case.fine})

    assert case.rule not in drive.fired()


@each
def test_it_does_not_fire_just_short_of_its_limit(case: Case, drive: Any) -> None:
    drive.run(case.before_s, **case.before)

    drive.run(case.hold_s * 4 + 60, **{**case.before, **case.fine})

    assert case.rule not in drive.fired()


@each
def test_it_comes_once_and_again_only_after_it_was_gone(case: Case, drive: Any, topology: Topology) -> None:
    drive.run(case.before_s, **case.before)
    drive.run(case.hold_s * 3, **{**case.before, **case.bad})
    drive.run(2, **{**case.before, **case.fine})
    drive.run(case.hold_s * 3, **{**case.before, **case.bad})
    assert 1 == drive.fired().count(case.rule)

    settling_s = 400
    drive.run(topology.triage.clear_after_ms / 1000 + settling_s, **{**case.before, **case.fine})
    drive.run(case.hold_s + 1, **{**case.before, **case.bad})
    assert 2 == drive.fired().count(case.rule)


@pytest.mark.parametrize(
    ("signals", "silent"),
    [
        (off(coolant_temp_c=118.0), "coolant"),
        (off(battery_voltage_v=12.3), "charging"),
        ({"oil_pressure_kpa": 50.0, "coolant_temp_c": 40.0}, "oil"),
        ({"ltft_b1_pct": 20.0, "coolant_temp_c": 40.0}, "fuel"),
        ({"ltft_b1_pct": 20.0, "engine_load_pct": 95.0}, "fuel"),
        (off(mil_flashing=True), "mil"),
    ],
)
def test_a_shut_gate_keeps_its_rules_silent(drive: Any, signals: dict[str, Any], silent: str) -> None:
    drive.run(600, **signals)

    assert [] == [rule for rule in drive.fired() if rule.startswith(silent)]


def test_a_healthy_vehicle_holds_nothing(drive: Any) -> None:
    drive.run(30, **off(battery_voltage_v=12.6))
    drive.run(1200)

    assert [] == drive.findings
    assert {} == drive.trackers.holds
    assert {} == drive.trackers.codes


def test_a_stuck_sensor_is_no_overheating(drive: Any) -> None:
    drive.run(70)
    drive.run(300, coolant_temp_c=215.0)

    assert ["coolant_sensor_high"] == drive.fired()


def test_it_rises_from_high_to_urgent_and_says_nothing_on_the_way_back(drive: Any) -> None:
    drive.run(70)
    drive.run(70, coolant_temp_c=110.0)
    drive.run(70, coolant_temp_c=118.0)
    drive.run(70, coolant_temp_c=110.0)

    assert ["coolant_hot", "coolant_boiling"] == drive.fired()


def test_what_is_urgent_at_once_is_not_said_again_less_urgently(drive: Any) -> None:
    drive.run(70)
    drive.run(300, coolant_temp_c=118.0)

    assert ["coolant_boiling"] == drive.fired()


def test_a_cold_engine_that_still_warms_up_has_no_stuck_thermostat(drive: Any) -> None:
    for minute in range(25):
        drive.run(59, coolant_temp_c=-5.0 + minute * 3)

    assert [] == drive.fired()


def test_movement_stands_in_where_no_engine_speed_is_sent(drive: Any) -> None:
    drive.run(70, engine_rpm=None, speed_kmh=50.0, coolant_temp_c=118.0)

    assert ["coolant_boiling"] == drive.fired()


def test_without_engine_speed_and_movement_the_gate_stays_unknown(drive: Any) -> None:
    drive.run(300, engine_rpm=None, speed_kmh=None, coolant_temp_c=118.0)

    assert [] == drive.fired()


def test_a_long_silence_does_not_count_as_time_held(drive: Any) -> None:
    drive.run(70)
    for _ in range(20):
        drive.run(1, coolant_temp_c=118.0)  # two readings, a second apart
        drive.ts_ms += 121_000

    assert [] == drive.fired()


def test_worn_pads_are_seen_on_a_vehicle_that_reports_once_in_an_hour(drive: Any) -> None:
    drive.run(7200, every_s=3600, brake_pad_wear_fl_pct=93.0)

    assert ["brake_pad_gone"] == drive.fired()
