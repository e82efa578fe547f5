"""Readings of one time belong together; a clock that is wrong once blinds nobody, one that stays wrong not for good."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.core.triage import Trackers, TriageRules, compile_rules, new_trackers, observe
from master_orchestrator.core.triage.clock import Clock, judge_time
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import Topology, load_topology

RULES: TriageRules = compile_rules(load_topology().triage)
START_MS = 1_750_000_000_000
GPS_ERA_MS = 1024 * 7 * 86_400_000
HOT = {
    "engine_rpm": 2100.0,
    "coolant_temp_c": 121.0,
    "oil_pressure_kpa": 310.0,
    "speed_kmh": 60.0,
    "engine_load_pct": 30.0,
}


@pytest.fixture
def vehicle(topology: Topology) -> CoreVehicle:
    return CoreVehicle(policy_of(topology))


def follow(readings: list[Telemetry]) -> tuple[Trackers, list[str]]:
    trackers, fired = new_trackers(), list[str]()
    for reading in readings:
        trackers, seen = observe(RULES, trackers, reading)
        fired += [finding.rule for finding in seen.findings]
    return trackers, fired


def sent(ts_ms: int, **signals: Any) -> Telemetry:
    return Telemetry(vehicle_id="v", ts_ms=ts_ms, **signals)


def one_by_one(ts_ms: int, **signals: Any) -> list[Telemetry]:
    return [sent(ts_ms, **{name: value}) for name, value in signals.items()]


# --- one time ---


@pytest.mark.parametrize("order", list(itertools.permutations(["engine_rpm", "coolant_temp_c", "speed_kmh"])))
def test_one_signal_per_message_of_one_time_is_one_reading(order: tuple[str, ...]) -> None:
    whole = follow([sent(START_MS + s * 1000, **HOT) for s in range(40)])
    parts = {name: HOT[name] for name in (*order, *HOT)}
    split = follow([one for s in range(40) for one in one_by_one(START_MS + s * 1000, **parts)])

    assert ["coolant_boiling"] == whole[1] == split[1]
    assert whole[0].holds.keys() == split[0].holds.keys()


def test_one_signal_per_message_of_times_of_its_own_is_seen_too() -> None:
    """The limit per 1000 rpm needs a speed that another message told."""
    low = {**HOT, "coolant_temp_c": 90.0, "oil_pressure_kpa": 100.0}
    messages = [
        sent(START_MS + s * 1000 + 100 * index, **{name: value})
        for s in range(60)
        for index, (name, value) in enumerate(low.items())
    ]

    assert ["oil_pressure_low"] == follow(messages)[1]


@given(st.lists(st.integers(0, 5), max_size=12))
def test_true_repeats_change_nothing(repeats: list[int]) -> None:
    """In whatever order the messages of one time are sent again."""
    messages = [sent(START_MS, **HOT, dtcs=()), *one_by_one(START_MS + 1000, **HOT), sent(START_MS + 1000, mil_on=True)]
    trackers, _ = follow(messages)
    for index in repeats:
        again, seen = observe(RULES, trackers, messages[1 + index])
        assert (trackers, False) == (again, seen.accepted)


def test_another_value_of_the_same_signal_and_time_is_not_taken() -> None:
    trackers, _ = follow([sent(START_MS, coolant_temp_c=90.0, engine_rpm=2000.0)])
    after, seen = observe(RULES, trackers, sent(START_MS, coolant_temp_c=120.0))

    assert (trackers, False) == (after, seen.accepted)


# --- clocks ---


def drive(vehicle: CoreVehicle, seconds: int, every_s: int = 1, off_ms: int = 0, **signals: Any) -> None:
    for _ in range(0, seconds, every_s):
        vehicle.reading(ts_ms=vehicle.at_ms + off_ms, **signals)
        vehicle.wait(every_s * 1000)


def letters(vehicle: CoreVehicle) -> list[str]:
    return [str(rejection) for rejection in vehicle.rejections]


def rules_of(vehicle: CoreVehicle) -> list[str]:
    workflow = vehicle.state.workflow
    return [] if workflow is None else [finding.rule for finding in workflow.findings]


@pytest.mark.parametrize("before_s", [0, 60])
def test_one_reading_nine_minutes_ahead_silences_nobody(vehicle: CoreVehicle, before_s: int) -> None:
    drive(vehicle, before_s)
    drive(vehicle, 1, off_ms=9 * 60_000)
    drive(vehicle, 20, coolant_temp_c=121.0)

    assert ["coolant_boiling"] == rules_of(vehicle)
    assert 1 == len(letters(vehicle))
    assert letters(vehicle)[0].startswith("clock_behind")


def test_readings_ahead_now_and_then_silence_nobody_either(vehicle: CoreVehicle) -> None:
    drive(vehicle, 60)
    for _ in range(20):
        drive(vehicle, 1, off_ms=9 * 60_000)
        drive(vehicle, 2, coolant_temp_c=121.0)

    assert ["coolant_boiling"] == rules_of(vehicle)
    assert 1 == len(letters(vehicle))


@pytest.mark.parametrize("every_s", [1, 150, 600])
def test_a_clock_that_is_always_ahead_loses_nothing(vehicle: CoreVehicle, every_s: int) -> None:
    drive(vehicle, 40 * every_s, every_s, off_ms=8 * 60_000, brake_pad_wear_fl_pct=95.0)

    assert "brake_pad_gone" in rules_of(vehicle)
    assert [] == letters(vehicle)


def test_a_clock_that_is_set_right_goes_on(vehicle: CoreVehicle) -> None:
    """From nine minutes ahead to the broker's time, with an engine that is hot already."""
    drive(vehicle, 60, off_ms=9 * 60_000)
    drive(vehicle, 4, off_ms=9 * 60_000, coolant_temp_c=121.0)
    drive(vehicle, 10, coolant_temp_c=121.0)

    assert ["coolant_boiling"] == rules_of(vehicle)


@pytest.mark.parametrize("back_ms", [GPS_ERA_MS, 400 * 86_400_000])
def test_a_clock_that_falls_back_far_is_believed_after_ten_readings(vehicle: CoreVehicle, back_ms: int) -> None:
    drive(vehicle, 60)
    drive(vehicle, 9, off_ms=-back_ms)
    assert 1 == len(letters(vehicle))
    drive(vehicle, 30, off_ms=-back_ms, coolant_temp_c=121.0)

    assert ["coolant_boiling"] == rules_of(vehicle)
    assert 1 == len(letters(vehicle))
    drive(vehicle, 60)  # and is set right again
    assert vehicle.at_ms - 1000 == vehicle.state.trackers.ts_ms


@pytest.mark.parametrize("back_ms", [3_600_000, 30 * 86_400_000])
def test_a_clock_that_falls_back_less_is_believed_when_it_keeps_pace(vehicle: CoreVehicle, back_ms: int) -> None:
    drive(vehicle, 60)
    drive(vehicle, 400, every_s=5, off_ms=-back_ms)
    drive(vehicle, 30, off_ms=-back_ms, coolant_temp_c=121.0)

    assert ["coolant_boiling"] == rules_of(vehicle)


def test_a_backlog_is_late_and_said_so_once_an_hour(vehicle: CoreVehicle) -> None:
    """A thousand readings of an hour ago, within seconds, and again: nothing of them is taken in."""
    drive(vehicle, 60)
    newest = vehicle.state.trackers.ts_ms
    for _ in range(2):
        for second in range(500):
            vehicle.reading(ts_ms=newest - 3_600_000 + second * 1000, coolant_temp_c=121.0)
            vehicle.wait(10)

    assert newest == vehicle.state.trackers.ts_ms
    assert [] == rules_of(vehicle)
    assert 1 == len(letters(vehicle))
    vehicle.wait(3_600_000)
    vehicle.reading(ts_ms=newest - 1_800_000)
    assert "1000 readings were dropped" in letters(vehicle)[-1]


def test_what_is_just_out_of_order_is_dropped_without_a_word(vehicle: CoreVehicle) -> None:
    drive(vehicle, 60)
    for back_s in (1, 5, 40, 5, 5):
        vehicle.reading(ts_ms=vehicle.state.trackers.ts_ms - back_s * 1000)

    assert [] == letters(vehicle)


def test_a_leap_second_is_one_second(vehicle: CoreVehicle) -> None:
    drive(vehicle, 60)
    drive(vehicle, 20, off_ms=-1000, coolant_temp_c=121.0)

    assert ["coolant_boiling"] == rules_of(vehicle)
    assert [] == letters(vehicle)


@given(st.lists(st.tuples(st.integers(-(10**12), 600_000), st.integers(0, 600_000)), max_size=60))
def test_letters_are_one_an_hour_whatever_the_clock_does(offsets: list[tuple[int, int]]) -> None:
    trackers, clock, at_ms = new_trackers(), None, START_MS
    hours: list[int] = []
    for off_ms, pause_ms in offsets:
        at_ms += pause_ms
        timing = judge_time(trackers, clock, at_ms + off_ms, at_ms)
        trackers, clock = timing.trackers, timing.clock
        if timing.in_time:
            trackers, _ = observe(RULES, trackers, sent(at_ms + off_ms, **HOT))
        hours += [at_ms // 3_600_000] if timing.letter else []
        assert clock is None or isinstance(clock, Clock)

    assert len(set(hours)) == len(hours)
