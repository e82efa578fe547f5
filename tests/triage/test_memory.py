"""The long memory: one value a day, for some weeks, in a bounded place."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.core.triage.memory import (
    DAY_MS,
    HOUR_MS,
    KEPT_A_DAY,
    MAX_AGE_H,
    MAX_ROWS,
    Key,
    closed,
    gathered,
    moved,
    packed,
    points,
)
from master_orchestrator.core.triage.trackers import Memory

START_MS = 20_000 * DAY_MS
VALUES = st.floats(-500, 500, width=16)


def lived(days: dict[int, list[float]], key: Key = 0) -> tuple[Memory, int]:
    """The memory of a signal that had these values on these days, an hour after each other."""
    memory, now_ms = Memory(), START_MS
    for day, values in days.items():
        now_ms = START_MS + day * DAY_MS
        memory = closed(memory, now_ms, [key])
        for hour, value in enumerate(values):
            memory = gathered(memory, now_ms + hour * HOUR_MS, [(key, value)])
    return closed(memory, now_ms + DAY_MS, [key]), now_ms + DAY_MS


def test_a_wild_value_does_not_move_its_day() -> None:
    memory, now_ms = lived({0: [90.0, 91.0, 250.0], 1: [92.0]})

    assert [91.0, 92.0] == [value for _, value in points(memory, 0, now_ms)]
    assert [-47 / 24, -1.0] == pytest.approx([at for at, _ in points(memory, 0, now_ms)])


@given(st.lists(VALUES, min_size=1, max_size=100))
def test_what_a_day_keeps_is_of_its_values(values: list[float]) -> None:
    memory, now_ms = lived({0: values})
    ((_, value),) = points(memory, 0, now_ms)

    assert min(values) <= value <= max(values)


def test_a_day_of_many_values_stands_for_all_of_them() -> None:
    """Its first hours count no more than its last."""
    rising = [float(minute) for minute in range(288)]
    memory = Memory()
    for minute, value in enumerate(rising):
        memory = gathered(memory, START_MS + minute * 300_000, [(0, value)])
    ((_, value),) = points(memory, 0, START_MS + DAY_MS)

    assert 60 < value < 228


def test_of_a_long_time_some_weeks_are_kept() -> None:
    memory, now_ms = lived({day: [float(day)] for day in range(120)})
    kept = points(memory, 0, now_ms)

    assert len(kept) <= MAX_ROWS
    assert MAX_AGE_H / 24 - 2 <= -kept[0][0] <= MAX_AGE_H / 24
    assert all(119 + at == pytest.approx(value - 1, abs=0.6) for at, value in kept)  # two days are their mean


def test_a_vehicle_that_drives_on_sundays_has_fewer_days() -> None:
    memory, now_ms = lived({day: [1.0] for day in range(0, 120, 7)})

    assert 5 == len(points(memory, 0, now_ms))


def test_what_is_not_watched_any_more_is_forgotten_and_new_signals_find_room() -> None:
    memory = gathered(Memory(), START_MS, [(0, 1.0), ("extras.soot", 2.0)])
    memory = closed(memory, START_MS + DAY_MS, [0, "extras.soot"])
    memory = gathered(memory, START_MS + DAY_MS, [("extras.soot", 3.0), (5, 4.0)])
    memory = closed(memory, START_MS + 2 * DAY_MS, ["extras.soot", 5])
    now_ms = START_MS + 2 * DAY_MS

    assert [] == points(memory, 0, now_ms)
    assert [2.0, 3.0] == [value for _, value in points(memory, "extras.soot", now_ms)]
    assert [4.0] == [value for _, value in points(memory, 5, now_ms)]


@given(st.integers(-400, 400))
def test_a_corrected_clock_leaves_the_days_as_far_apart_as_they_were(days: int) -> None:
    memory, now_ms = lived({0: [1.0], 1: [2.0], 5: [3.0]})

    assert points(memory, 0, now_ms) == points(moved(memory, days * DAY_MS), 0, now_ms + days * DAY_MS)


def test_days_that_a_clock_set_far_back_brings_to_one_hour_are_one_value() -> None:
    memory, now_ms = lived({0: [1.0], 1: [2.0], 2: [3.0]})

    assert [(0.0, 3.0)] == points(moved(memory, -now_ms), 0, 0)


def test_values_beyond_what_can_be_kept_are_left_out() -> None:
    assert [] == points(gathered(Memory(), START_MS, [(0, 1e9), (1, -1e300)]), 0, START_MS)


def test_the_memory_of_twelve_signals_stays_below_1100_bytes() -> None:
    chance, memory = random.Random(1), Memory()
    for day in range(60):
        for look in range(2 * KEPT_A_DAY):
            at_ms = START_MS + day * DAY_MS + look * HOUR_MS
            memory = gathered(memory, at_ms, [(key, chance.gauss(50, 5)) for key in range(12)])
        memory = closed(memory, START_MS + (day + 1) * DAY_MS, range(12))

    assert len(packed(memory)) < 1_100
