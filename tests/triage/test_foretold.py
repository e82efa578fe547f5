"""From readings to `..._trending`: found in time with its date, told once, and not in what only looks like a trend."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from master_orchestrator.core.triage import Trackers, TriageRules, new_trackers, observe, trends
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.vocabulary import Priority

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
START_MS = 20_000 * DAY_MS
USUAL: dict[str, tuple[float, float]] = {
    "coolant_temp_c": (91.0, 0.8),
    "battery_voltage_v": (13.9, 0.05),
    "gearbox_temp_c": (92.0, 1.5),
    "ltft_b1_pct": (2.5, 0.6),
    "brake_pad_wear_fl_pct": (48.0, 0.3),
    "brake_pad_wear_rr_pct": (40.0, 0.3),
    **dict.fromkeys(("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa"), (232.0, 1.0)),
}
"""Mean and noise of a healthy vehicle's signals."""
DRIFTS: dict[str, tuple[str, float, float]] = {
    "coolant_temp_c": ("coolant_hot", 0.3, 105.0),
    "battery_voltage_v": ("charging_low", -0.02, 12.6),
    "gearbox_temp_c": ("gearbox_hot", 0.4, 116.0),
    "ltft_b1_pct": ("fuel_trim_off", 0.15, 12.0),
    "brake_pad_wear_fl_pct": ("brake_pad_worn", 0.5, 75.0),
    "tyre_fl_kpa": ("tyre_low", -1.0, 184.0),
}
Change = Callable[[str, float], float]
"""What a signal has more than usual on a day."""


class History:
    """A vehicle's days: an hour of driving in the morning, one reading per ``every_s``, or one a day."""

    def __init__(self, rules: TriageRules, *, every_s: int = 300, seed: int = 1) -> None:
        self.rules, self.every_s, self.chance = rules, every_s, random.Random(seed)
        self.trackers: Trackers = new_trackers()
        self.findings: list[Finding] = []
        self.readings: list[Telemetry] = []
        self.day = 0

    def drive(self, days: int, change: Change = lambda _signal, _day: 0.0, **sent: Any) -> list[Finding]:
        """Drive ``days`` days; ``sent`` in place of what the vehicle would send. Returns the findings."""
        before = len(self.findings)
        for _ in range(days):
            hours = 8 if self.every_s >= 3_600 else 1
            for second in range(0, hours * 3_600, self.every_s):
                self._send(self.day + (second / 3_600 + 7) / 24, change, sent)
            self.day += 1
        return self.findings[before:]

    def _send(self, day: float, change: Change, sent: dict[str, Any]) -> None:
        usual = {name: mean + self.chance.gauss(0, noise) + change(name, day) for name, (mean, noise) in USUAL.items()}
        signals = {"engine_rpm": 1_800.0, "speed_kmh": 40.0, "engine_load_pct": 40.0, **usual, **sent}
        reading = Telemetry(vehicle_id="v1", ts_ms=START_MS + int(day * DAY_MS), **signals)
        self.readings.append(reading)
        self.trackers, seen = observe(self.rules, self.trackers, reading)
        self.findings += seen.findings


def drifting(signal: str, since: float = 0.0) -> Change:
    per_day = DRIFTS[signal][1]
    return lambda name, day: per_day * max(0.0, day - since) if name == signal else 0.0


@pytest.mark.parametrize("every_s", [300, 3_600])
@pytest.mark.parametrize("signal", DRIFTS)
def test_a_drift_is_foretold_ten_days_ahead_and_its_date_within_a_fifth(
    rules: TriageRules, signal: str, every_s: int
) -> None:
    rule, per_day, limit = DRIFTS[signal]
    due = (limit - USUAL[signal][0]) / per_day
    history = History(rules, every_s=every_s)
    (finding,) = [one for one in history.drive(int(due) - 8, drifting(signal)) if one.signal == signal]
    left = due - (finding.at_ms - START_MS) / DAY_MS

    assert (f"{rule}_trending", Priority.SCHEDULED, limit) == (finding.rule, finding.priority, finding.threshold)
    assert left >= 10
    assert finding.crossing_ms is not None
    assert left == pytest.approx((finding.crossing_ms - finding.at_ms) / DAY_MS, rel=0.2)


def test_one_reading_a_day_is_enough_for_what_needs_no_engine(rules: TriageRules) -> None:
    history = History(rules, every_s=28_800)
    findings = history.drive(45, drifting("brake_pad_wear_fl_pct"))

    assert ["brake_pad_worn_trending"] == [finding.rule for finding in findings]


def test_what_was_foretold_is_not_told_again(rules: TriageRules) -> None:
    history = History(rules)
    findings = history.drive(70, drifting("brake_pad_wear_fl_pct"))

    assert ["brake_pad_worn_trending", "brake_pad_worn"] == [finding.rule for finding in findings]


@pytest.mark.parametrize("seed", range(2))
def test_a_year_of_seasons_and_weather_foretells_nothing(rules: TriageRules, seed: int) -> None:
    swings = {"coolant_temp_c": 2.0, "battery_voltage_v": -0.15, "gearbox_temp_c": 5.0, "ltft_b1_pct": 1.0}
    swings |= dict.fromkeys((name for name in USUAL if name.startswith("tyre")), 14.0)
    weather = [0.0]
    chance = random.Random(seed)
    for _ in range(370):
        weather.append(0.75 * weather[-1] + chance.gauss(0, 0.2))

    def change(name: str, day: float) -> float:
        return swings.get(name, 0.0) * (math.sin(2 * math.pi * (day / 365 + seed / 2)) + weather[int(day)])

    assert [] == History(rules, every_s=7_200, seed=seed).drive(365, change)


def test_a_repair_ends_it_and_the_next_wear_is_another(rules: TriageRules) -> None:
    history = History(rules)
    assert ["brake_pad_worn_trending"] == [f.rule for f in history.drive(45, drifting("brake_pad_wear_fl_pct"))]
    assert [] == history.drive(8, lambda name, _day: -47.0 if name == "brake_pad_wear_fl_pct" else 0.0)
    assert {} == {key: hold for key, hold in history.trackers.holds.items() if hold.fired}
    again = history.drive(35, lambda name, day: 0.9 * (day - 53) - 10 if name == "brake_pad_wear_fl_pct" else 0.0)

    assert ["brake_pad_worn_trending"] == [finding.rule for finding in again]


def test_a_long_stop_is_no_trend(rules: TriageRules) -> None:
    """What was before it is too old to be compared with."""
    history = History(rules)
    history.drive(20)
    history.day += 60
    after = history.drive(20, lambda name, _day: -25.0 if name.startswith("tyre") else 0.0)

    assert [] == after


@pytest.mark.parametrize("signal", ["coolant_temp_c", "tyre_fl_kpa", "battery_voltage_v"])
def test_a_gateway_that_changes_its_unit_foretells_nothing(rules: TriageRules, signal: str) -> None:
    factor = {"coolant_temp_c": 0.9, "tyre_fl_kpa": 1.45, "battery_voltage_v": 1.06}[signal]
    history = History(rules)
    history.drive(20)
    after = history.drive(20, lambda name, _day: USUAL[name][0] * (factor - 1) if name == signal else 0.0)

    assert [] == [finding for finding in after if finding.rule.endswith("_trending")]


def test_an_odometer_that_jumps_changes_nothing(rules: TriageRules) -> None:
    plain, jumping = History(rules), History(rules)
    change = drifting("coolant_temp_c")
    expected = plain.drive(40, change)
    findings = jumping.drive(20, change, odometer_m=1e6) + jumping.drive(20, change, odometer_m=9e8)

    assert expected == findings


def test_all_tyres_alike_is_the_weather_and_one_of_them_is_a_leak(rules: TriageRules) -> None:
    """A month of falling temperatures, in which one tyre loses air as well."""
    frost = {name: -0.35 for name in USUAL if name.startswith("tyre")}
    leak = {**frost, "tyre_rl_kpa": -1.2}

    assert [] == History(rules).drive(35, lambda name, day: frost.get(name, 0.0) * day)
    findings = History(rules).drive(33, lambda name, day: leak.get(name, 0.0) * day)
    assert [("tyre_low_trending", "tyre_rl_kpa")] == [(finding.rule, finding.signal) for finding in findings]


def test_a_rule_that_has_fired_needs_no_forecast(rules: TriageRules) -> None:
    history = History(rules)
    findings = history.drive(30, lambda name, day: 28.0 + 0.5 * day if name == "brake_pad_wear_fl_pct" else 0.0)

    assert ["brake_pad_worn", "brake_pad_gone"] == [finding.rule for finding in findings]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16))
def test_repeats_and_stragglers_change_nothing(rules: TriageRules, seed: int) -> None:
    history = History(rules, every_s=1_200)
    history.drive(12, drifting("tyre_fl_kpa"))
    chance, again = random.Random(seed), new_trackers()
    for place, reading in enumerate(history.readings):
        again, _ = observe(rules, again, reading)
        if chance.random() < 0.3:
            again, _ = observe(rules, again, history.readings[chance.randint(0, place)])

    assert history.trackers == again


def test_a_replay_remembers_the_same(rules: TriageRules) -> None:
    one, other = History(rules), History(rules)
    one.drive(25, drifting("coolant_temp_c"))
    other.drive(25, drifting("coolant_temp_c"))

    assert (one.trackers, one.findings) == (other.trackers, other.findings)


def test_a_short_drive_does_not_make_a_day_cooler(rules: TriageRules) -> None:
    """A gearbox that is still warming up after half an hour is not compared with one that has run for an hour."""

    def warming(name: str, day: float) -> float:
        return -60.0 * math.exp(-(day % 1 - 7 / 24) * 1_440 / 8) if name == "gearbox_temp_c" else 0.0

    history = History(rules)
    history.drive(8, warming)
    (trend,) = [one for one in trends(rules, history.trackers) if one.signal == "gearbox_temp_c"]

    assert USUAL["gearbox_temp_c"][0] == pytest.approx(trend.level, abs=1.5)


def test_signals_in_messages_of_their_own_are_remembered_too(rules: TriageRules) -> None:
    """Messages of a second apart, always in the same order."""
    trackers = new_trackers()
    for day in range(5):
        for second in range(0, 1_500, 20):
            at_ms = START_MS + day * DAY_MS + second * 1_000
            for place, name in enumerate(USUAL):
                signals: dict[str, Any] = {"engine_rpm": 1_500.0, name: USUAL[name][0]}
                reading = Telemetry(vehicle_id="v1", ts_ms=at_ms + place * 800, **signals)
                trackers, _ = observe(rules, trackers, reading)
    remembered = {trend.signal for trend in trends(rules, trackers)}

    assert set(USUAL) - remembered <= {"gearbox_temp_c"}  # which takes longer than these drives to be comparable


@pytest.mark.parametrize(("per_day", "hours"), [(0.05, 7_200.0), (0.5, 720.0), (5.0, 72.0)])
def test_the_time_to_the_most_urgent_limit_follows_from_the_rate(
    rules: TriageRules, per_day: float, hours: float
) -> None:
    days = min(40, int(75 / per_day))
    history = History(rules)
    history.drive(days, brake_pad_wear_fl_pct=None)
    history.day, history.trackers = 0, new_trackers()
    history.drive(days, lambda name, day: 75.0 - 48.0 - per_day * (days - day) if name.endswith("fl_pct") else 0.0)
    (trend,) = [trend for trend in trends(rules, history.trackers) if trend.signal == "brake_pad_wear_fl_pct"]

    assert 90.0 == trend.limit
    assert hours == pytest.approx(trend.hours, rel=0.3)
