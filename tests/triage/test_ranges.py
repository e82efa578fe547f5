"""Values that mean "not available", or that cannot be, are the sensor's: SCHEDULED at most, and in no summary."""

import math
from typing import Any

import pytest

from master_orchestrator.core.triage import summaries
from master_orchestrator.core.triage.ranges import Range, compile_ranges
from master_orchestrator_schemas.messages import SIGNALS
from master_orchestrator_schemas.signal_names import TYRE_SIGNALS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.triage_rules import RangeTerms
from master_orchestrator_schemas.vocabulary import Priority

REST = {"engine_rpm": 0.0, "speed_kmh": 0.0, "oil_pressure_kpa": 0.0, "battery_voltage_v": 12.6}

NOT_AVAILABLE = {
    "coolant_temp_c": (-273.0, -40.0, 214.0, 215.0, 1774.96875, 255.0, 65535.0),
    "engine_oil_temp_c": (-273.0, -40.0, 210.0, 215.0, 1774.96875),
    "oil_pressure_kpa": (1004.0, 1016.0, 1020.0, -1.0, 65535.0),
    "engine_rpm": (8031.875, 8128.0, 8191.875, 16383.75, 65535.0, -1.0),
    "battery_voltage_v": (0.0, 65.535, 3276.75, 3212.75, 25.5, -1.0),
    "speed_kmh": (250.99609375, 255.0, 255.99609375, -1.0, 65535.0),
    "gearbox_temp_c": (-273.0, -40.0, 214.0, 215.0, 1774.96875),
    "ltft_b1_pct": (-100.0, 99.21875, 100.0, 127.0, 255.0),
    "hv_temp_max_c": (-40.0, 215.0, 255.0),
    "hv_cell_v_min": (0.0, 65.535),
    "brake_pad_wear_fl_pct": (100.4, 101.6, 102.0, 255.0, -1.0),
    "throttle_pct": (100.4, 102.0, 255.0),
    "hv_soh_pct": (102.0, 255.0),
    "tyre_fl_kpa": (-1.0, 1020.0, 65535.0),
}


def test_every_signal_of_telemetry_has_a_range(topology: Topology) -> None:
    assert set(SIGNALS) == set(topology.triage.ranges)


def test_no_rule_has_a_limit_that_its_range_rules_out(topology: Topology) -> None:
    ranges = compile_ranges(topology.triage.ranges)
    for rule in topology.triage.rules.values():
        limit = getattr(rule, rule.limit)
        for signal in rule.signals:
            if rule.measure == "value" and not rule.sensor_ends and limit is not True:
                assert all(ranges[signal].holds(end) for end in (limit if isinstance(limit, tuple) else (limit,)))


@pytest.mark.parametrize(
    ("signal", "value"), [(name, value) for name in NOT_AVAILABLE for value in NOT_AVAILABLE[name]]
)
def test_what_is_not_available_is_scheduled_at_most_and_not_summarised(drive: Any, signal: str, value: float) -> None:
    drive.run(120)
    before = next((s for s in summaries(drive.trackers) if s.signal == signal), None)
    drive.run(1000, **{signal: value})

    assert all(finding.priority >= Priority.SCHEDULED for finding in drive.findings)
    assert before == next((s for s in summaries(drive.trackers) if s.signal == signal), None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("signal", SIGNALS)
def test_nor_is_what_no_sensor_measures(drive: Any, signal: str, value: float) -> None:
    drive.run(70)
    drive.run(90, **{signal: value})

    assert all(finding.priority >= Priority.SCHEDULED for finding in drive.findings)


def test_from_the_first_reading_on_too(drive: Any) -> None:
    drive.run(1000, **{signal: values[-1] for signal, values in NOT_AVAILABLE.items()})

    assert all(finding.priority >= Priority.SCHEDULED for finding in drive.findings)


@pytest.mark.parametrize(
    ("rule", "signals"),
    [
        ("charging_high", {"battery_voltage_v": 16.0}),
        ("charging_high", {"battery_voltage_v": 18.9}),
        ("charging_low", {"battery_voltage_v": 9.0}),
        ("brake_pad_gone", {"brake_pad_wear_rl_pct": 95.0}),
        ("brake_pad_gone", {"brake_pad_wear_rl_pct": 100.0}),
        ("tyre_flat", {"tyre_rl_kpa": 0.0}),
        ("tyre_flat", {"tyre_rl_kpa": 0.0, "tyre_rr_kpa": 3.0}),
        ("oil_pressure_lost", {"oil_pressure_kpa": 0.0}),
        ("coolant_boiling", {"coolant_temp_c": 150.0}),
        ("gearbox_boiling", {"gearbox_temp_c": 180.0}),
        ("fuel_trim_off", {"ltft_b1_pct": -35.0}),
    ],
)
def test_what_is_true_stays_what_it_is(drive: Any, rule: str, signals: dict[str, float]) -> None:
    drive.run(120)
    drive.run(120, **signals)

    assert rule in drive.fired()


def test_four_tyres_at_zero_are_asleep(drive: Any) -> None:
    asleep = dict.fromkeys(TYRE_SIGNALS, 0.0)
    drive.run(600, **REST, **asleep)
    drive.run(600)
    drive.run(600, **{**REST, **asleep})
    drive.run(600)

    assert [] == drive.fired()


def test_oil_pressure_that_was_never_measured_is_the_sensors(drive: Any) -> None:
    drive.run(600, oil_pressure_kpa=0.0)

    assert ["oil_pressure_sensor"] == drive.fired()


def test_a_value_that_is_not_available_neither_confirms_nor_clears(drive: Any) -> None:
    drive.run(70)
    for _ in range(12):
        drive.run(0, coolant_temp_c=118.0)
        drive.run(2, coolant_temp_c=215.0)

    assert "coolant_boiling" in drive.fired()


def test_an_engine_speed_that_is_not_available_starts_no_engine(drive: Any) -> None:
    drive.run(600, **{**REST, "engine_rpm": 8191.875, "coolant_temp_c": 118.0})

    assert [] == drive.fired()


def test_a_pair_is_a_range_without_its_ends() -> None:
    """As topologies had it."""
    one = compile_ranges({"coolant_temp_c": RangeTerms.model_validate([-40, 215])})["coolant_temp_c"]

    assert [False, True, True, False] == [one.holds(value) for value in (-40.0, -39.9, 214.9, 215.0)]


def test_the_quiet_part_counts_throughout() -> None:
    one = Range(0.0, 100.0, ((60.0, 70.0),), asleep=0.0)

    assert (0.0, 60.0) == one.quiet
    assert [True, True, False, True] == [one.holds(value) for value in (0.0, 39.0, 65.0, 100.0)]


def test_where_no_value_counts_no_part_is_quiet() -> None:
    assert (0.0, 0.0) == Range(0.0, 100.0, ((-1.0, 101.0),), asleep=0.0).quiet
