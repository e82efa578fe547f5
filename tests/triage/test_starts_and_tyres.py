"""Starts of the engine are counted, tyre pressures are corrected for heat and watched for loss."""

import random
from typing import Any

import pytest

from master_orchestrator.core.triage import suspicions
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry

REST = {"engine_rpm": 0.0, "speed_kmh": 0.0, "oil_pressure_kpa": 0.0, "battery_voltage_v": 12.6}
PARKED = {"speed_kmh": 0.0}


def start(drive: Any, dip_v: float, coolant_c: float = 88.0) -> None:
    """Stopped, cranking for a second, running for a while."""
    drive.run(20, **{**REST, "coolant_temp_c": coolant_c})
    drive.run(0, **{**REST, "engine_rpm": 210.0, "battery_voltage_v": dip_v, "coolant_temp_c": coolant_c})
    drive.run(30, coolant_temp_c=coolant_c)


def test_four_warm_starts_with_a_deep_dip_are_a_weak_battery(drive: Any) -> None:
    for _ in range(3):
        start(drive, 8.9)
    assert [] == drive.fired()

    start(drive, 8.7)
    start(drive, 8.7)

    (finding,) = drive.findings
    assert ("battery_crank_low", 8.7, 9.6) == (finding.rule, finding.value, finding.threshold)


@pytest.mark.parametrize("between", [{"dip_v": 10.4}])
def test_a_good_start_in_between_begins_the_count_anew(drive: Any, between: dict[str, float]) -> None:
    for _ in range(3):
        start(drive, 8.9)
    start(drive, **between)
    for _ in range(3):
        start(drive, 8.9)

    assert [] == drive.fired()


def test_cold_starts_do_not_count(drive: Any) -> None:
    for _ in range(10):
        start(drive, 7.6, coolant_c=15.0)

    assert [] == drive.fired()


@pytest.mark.parametrize("empty", [False, True])
def test_an_engine_that_runs_after_a_silence_has_not_been_seen_to_start(drive: Any, empty: bool) -> None:
    """Whether a reading without values came between makes no difference."""
    for _ in range(10):
        drive.run(20, **REST)
        drive.ts_ms += 200_000
        if empty:
            drive.send()
            drive.ts_ms += 1
        drive.run(1, battery_voltage_v=8.5)

    assert {} == drive.trackers.holds
    assert [] == drive.fired()


@pytest.mark.parametrize("empty", [False, True])
def test_a_start_that_is_the_first_thing_after_a_silence_counts(drive: Any, empty: bool) -> None:
    for _ in range(5):
        drive.run(30)
        drive.ts_ms += 200_000
        if empty:
            drive.send()
            drive.ts_ms += 1
        drive.run(0, **{**REST, "engine_rpm": 210.0, "battery_voltage_v": 8.9})
        drive.run(1)

    assert ["battery_crank_low"] == drive.fired()


@pytest.mark.parametrize("signal", ["tyre_fl_kpa", "tyre_rr_kpa"])
def test_a_puncture_is_found_by_its_rate_before_the_tyre_is_low(drive: Any, signal: str) -> None:
    for second in range(0, 240, 5):
        drive.run(4, **{signal: 240.0 - second * 4 / 60})

    finding = drive.findings[0]
    assert ("tyre_losing", signal) == (finding.rule, finding.signal)
    assert finding.value == pytest.approx(4.0, abs=0.9)


def test_a_slow_leak_is_not_a_puncture(drive: Any) -> None:
    for second in range(0, 600, 5):
        drive.run(4, **{**PARKED, "tyre_fl_kpa": 240.0 - second * 2.5 / 60})

    assert [] == drive.fired()


@pytest.mark.parametrize("wild", [0.0, 500.0])
def test_a_wild_sample_at_the_end_of_every_third_window_is_no_puncture(drive: Any, wild: float) -> None:
    for second in range(1200):
        drive.run(0, **{**PARKED, "tyre_fl_kpa": wild if second % 180 == 60 else 240.0})

    assert [] == drive.fired()


def test_heat_hides_no_loss(drive: Any) -> None:
    """190 kPa are 83 % of the placard, but the tyre is warm: cold it has less than 80 %."""
    drive.run(1800, speed_kmh=120.0)
    assert [] == drive.fired()

    drive.run(70, speed_kmh=120.0, tyre_fl_kpa=190.0)

    assert "tyre_low" in drive.fired()


def test_the_same_pressure_in_a_cold_tyre_is_enough(drive: Any) -> None:
    drive.run(1800, **PARKED)
    drive.run(120, **{**PARKED, "tyre_fl_kpa": 190.0})

    assert "tyre_low" not in drive.fired()


@pytest.mark.parametrize("every_s", [1.0, 60.0, 300.0])
def test_tyres_that_have_stood_are_cold_however_fast_the_first_reading_is(drive: Any, every_s: float) -> None:
    """188 kPa are 82 % of the placard; 20 K warmer than the road they would be 71 % and flat."""
    drive.run(8 * every_s, every_s=every_s, **PARKED, tyre_fl_kpa=188.0)
    drive.ts_ms += 20 * 3_600_000

    drive.run(max(every_s, 60.0), every_s=every_s, speed_kmh=130.0, tyre_fl_kpa=188.0)

    assert [] == drive.fired()


def test_two_soft_tyres_are_two_findings(drive: Any) -> None:
    drive.run(300, **{**PARKED, "tyre_fl_kpa": 160.0, "tyre_rr_kpa": 160.0})

    assert ["tyre_fl_kpa", "tyre_rr_kpa"] == [f.signal for f in drive.findings if f.rule == "tyre_flat"]
    assert "tyre_low" not in drive.fired()


def test_a_check_does_not_suspect_a_puncture_of_noise(drive: Any) -> None:
    """At one reading a minute one kPa of noise is three kPa per minute often enough."""

    rng = random.Random(5)
    suspected: list[Finding] = []
    for _ in range(2000):
        drive.ts_ms += 60_000
        pressures = {f"tyre_{wheel}_kpa": 240.0 + rng.gauss(0, 1.0) for wheel in ("fl", "fr", "rl", "rr")}
        reading = Telemetry(vehicle_id="v1", ts_ms=drive.ts_ms, speed_kmh=0.0, **pressures)  # type: ignore[arg-type]
        suspected += suspicions(drive.rules, drive.trackers, reading)
        drive.send(speed_kmh=0.0, **pressures)

    assert [] == suspected
    assert [] == drive.fired()


def test_a_rest_of_twenty_seconds_shows_a_weak_battery(drive: Any) -> None:
    drive.run(24, **{**REST, "battery_voltage_v": 11.7}, every_s=2)

    assert ["battery_rest_low"] == drive.fired()


def test_a_thermostat_is_found_on_an_idle_trip_of_twenty_minutes(drive: Any) -> None:
    """It warms up by a degree now and then to the very end of its climb."""
    for second in range(0, 1200, 5):
        coolant_c = 20.0 + 45.0 * (1 - 2.718 ** (-second / 260))
        drive.run(4, coolant_temp_c=round(coolant_c), speed_kmh=0.0, engine_rpm=790.0, oil_pressure_kpa=130.0)

    assert ["coolant_cold"] == drive.fired()
