"""A vehicle that reports too slowly for a rule is counted, and what is counted is what the rules really miss."""

from typing import Any

import pytest

from master_orchestrator.core.triage import blinded, new_trackers

AT_REST = {"engine_rpm": 0.0, "speed_kmh": 0.0, "oil_pressure_kpa": 0.0}
FAULTS: dict[str, dict[str, Any]] = {
    "coolant_boiling": {"coolant_temp_c": 118.0},
    "coolant_cold": {"coolant_temp_c": 64.0},
    "oil_pressure_lost": {"oil_pressure_kpa": 30.0},
    "charging_low": {"battery_voltage_v": 11.9},
    "battery_rest_low": {**AT_REST, "battery_voltage_v": 11.5},
    "tyre_flat": {"tyre_fl_kpa": 100.0},
    "brake_pad_gone": {"brake_pad_wear_fl_pct": 95.0},
    "abs_error": {"abs_error": True},
    "gearbox_boiling": {"gearbox_temp_c": 140.0},
    "fuel_trim_off": {"ltft_b1_pct": 17.0},
    "mil_lit": {"mil_on": True},
    "hv_battery_hot": {"hv_temp_max_c": 66.0},
}
RATES_S = (1, 60, 120, 150, 300, 301, 900, 1800, 2700, 2701, 3600, 7200)


def blind_at(drive: Any, every_s: int) -> set[str]:
    """The rules that are counted of a vehicle that goes on at this rate."""
    drive.run(5 * every_s, every_s=every_s)
    return set(blinded(drive.rules, new_trackers(), drive.trackers))


@pytest.mark.parametrize("every_s", RATES_S)
@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_is_blind_where_it_does_not_find_its_fault(drive: Any, rule: str, every_s: int) -> None:
    blind = blind_at(drive, every_s)
    drive.run(max(1800, 6 * every_s), every_s=every_s, **FAULTS[rule])

    assert (rule in blind) == (rule not in drive.fired())


@pytest.mark.parametrize(
    ("every_s", "some", "none"),
    [
        (120, set(), {"battery_crank_low", "coolant_cold"}),
        (150, {"battery_crank_low"}, {"coolant_cold", "abs_error"}),
        (600, {"battery_crank_low", "coolant_cold"}, {"abs_error"}),
        (3600, {"battery_crank_low", "coolant_cold", "abs_error", "tyre_losing"}, {"tyre_flat", "brake_pad_worn"}),
    ],
)
def test_the_slower_the_more_are_blind(drive: Any, every_s: int, some: set[str], none: set[str]) -> None:
    blind = blind_at(drive, every_s)

    assert some <= blind
    assert not none & blind


def test_it_is_counted_once_until_it_reports_faster(drive: Any) -> None:
    counted: list[str] = []
    for every_s, readings in ((1, 10), (600, 10), (2400, 10), (3600, 10), (1, 10), (600, 10)):
        for _ in range(readings):
            before = drive.trackers
            drive.run(0, every_s=every_s)
            counted += blinded(drive.rules, before, drive.trackers)

    assert 2 == counted.count("coolant_cold") == counted.count("battery_crank_low")
    assert 1 == counted.count("abs_error")


def test_a_night_in_the_garage_blinds_nothing(drive: Any) -> None:
    before = new_trackers()
    for _ in range(3):
        drive.run(600, every_s=1)
        drive.ts_ms += 8 * 3_600_000
        drive.run(0)
        assert () == blinded(drive.rules, before, drive.trackers)
