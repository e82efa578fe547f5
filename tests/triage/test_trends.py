"""What gets worse slowly is foretold: the line, the limit's date, and all that must not be taken for a trend."""

import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.core.triage.memory import DayValue
from master_orchestrator.core.triage.trends import crossing, trend_beside, trend_of

ANY_SEED = st.integers(0, 2**32)


def days(values: Iterable[float]) -> list[DayValue]:
    """One value a day, the newest of them half a day ago."""
    given = list(values)
    return [(place - len(given) + 0.5, value) for place, value in enumerate(given)]


def noisy(seed: int, count: int, per_day: float, *, noise: float = 0.5, start: float = 90.0) -> list[float]:
    chance = random.Random(seed)
    return [start + per_day * day + chance.gauss(0, noise) for day in range(count)]


@given(st.floats(-5, 5), st.floats(-100, 100), st.integers(4, 21))
def test_a_line_is_found_as_it_is(per_day: float, start: float, count: int) -> None:
    trend = trend_of(days(start + per_day * day for day in range(count)))

    assert trend is not None
    assert per_day == pytest.approx(trend.per_day, abs=1e-9)
    assert start + per_day * (count - 0.5) == pytest.approx(trend.level, abs=1e-6)


@given(ANY_SEED, st.integers(0, 19), st.floats(-60, 60))
def test_a_wild_day_moves_the_line_little(seed: int, place: int, by: float) -> None:
    values = noisy(seed, 20, 0.3)
    values[place] += by
    trend = trend_of(days(values))

    assert trend is not None
    assert 0.3 == pytest.approx(trend.per_day, abs=0.4)


def tyre_and_fellows(seed: int, count: int, season: float) -> tuple[list[DayValue], list[DayValue]]:
    """A tyre that loses 1 kPa a day, and the other ones, in weather that changes slowly."""
    chance, front, weather = random.Random(seed), 0.0, list[float]()
    for day in range(count):
        front = 0.75 * front + chance.gauss(0, 1.1)
        weather.append(230.0 + season * day + front)
    return days(w - day + chance.gauss(0, 0.4) for day, w in enumerate(weather)), days(weather)


@pytest.mark.parametrize("season", [0.0, -0.2, 0.2])
def test_a_tyre_against_its_fellows_is_seen_through_the_weather(season: float) -> None:
    trends = [trend_beside(*tyre_and_fellows(seed, 21, season), 0.4) for seed in range(40)]
    near = [trend is not None and abs(trend.per_day - season + 1.0) < 0.25 for trend in trends]

    assert 34 <= sum(near)


def test_a_week_of_frost_is_not_a_season() -> None:
    frost = days([230.0, 231.0, 229.0, 230.0, 229.5, 222.0, 223.0, 221.0, 222.0, 222.5])
    trend, alone = trend_beside([(at, value - 20.0) for at, value in frost], frost, 0.4), trend_of(frost)

    assert trend is not None
    assert alone is not None
    assert alone.per_day < -1.0
    assert -0.3 < trend.per_day < 0
    assert trend_beside([], frost, 0.4) is None


@pytest.mark.parametrize("per_day", [0.3, -0.02, 0.5, -1.0])
def test_the_interval_has_the_truth_in_four_of_five(per_day: float) -> None:
    limit = 90.0 + 40 * per_day
    intervals = [
        crossing(trend, limit)
        for seed in range(60)
        if (trend := trend_of(days(noisy(seed, 21, per_day, noise=2 * abs(per_day)))))
    ]
    held = [ahead is not None and ahead.low <= 40 - 20.5 <= ahead.high for ahead in intervals]

    assert 0.7 <= sum(held) / 60


@pytest.mark.parametrize("after", [2, 3, 5])
@pytest.mark.parametrize("by", [-30.0, 30.0])
def test_a_step_that_stays_begins_the_series_anew(after: int, by: float) -> None:
    """The repair, or a gateway that sends another unit: what was before says nothing of what is coming."""
    trend = trend_of(days([*noisy(1, 15, 0.4), *noisy(2, after, 0.0, start=95.0 + by)]))

    assert (trend is None) == (after < 4)
    assert trend is None or 0.0 == pytest.approx(trend.per_day, abs=0.5)


def test_a_drift_that_has_begun_lately_is_told_at_its_own_rate() -> None:
    trend = trend_of(days([*noisy(3, 12, 0.0, noise=0.2), *noisy(4, 9, 1.0, noise=0.2)]))

    assert trend is not None
    assert 1.0 == pytest.approx(trend.per_day, rel=0.15)


def test_a_limit_behind_or_out_of_reach_is_never_crossed() -> None:
    rising = trend_of(days(noisy(5, 20, 0.5)))
    flat = trend_of(days([90.0] * 20))
    unsure = trend_of(days(noisy(6, 20, 0.01, noise=3.0)))

    assert rising is not None
    assert flat is not None
    assert unsure is not None
    assert crossing(rising, 80.0) is None
    assert crossing(flat, 100.0) is None
    ahead = crossing(unsure, 100.0 if unsure.per_day > 0 else 80.0)
    assert ahead is not None
    assert math.inf == ahead.high
