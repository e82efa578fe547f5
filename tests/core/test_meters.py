"""What is learnt of a vehicle's use from a meter that jumps, is rolled back, changes its unit, is stuck or missing."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.core.servicing.meters import (
    DAY_MIN,
    ENGINE_HOURS,
    ODOMETER,
    REMARKS,
    UNITS,
    UsageMeter,
    expected_total,
    read_on,
)

START_KM = 50_000.0
KM_A_DAY = 40.0

Shown = Callable[[float], float | None]
"""What the odometer shows of the distance driven so far."""


def driven(days: Iterable[tuple[float, Shown]], *, per_day: float = KM_A_DAY) -> tuple[UsageMeter, float, int]:
    """The meter after a reading a day, the distance really driven, and the last day."""
    meter, true_km, day = None, 0.0, 0
    for share, shown in days:
        if (reading := shown(START_KM + true_km)) is not None:
            meter = read_on(meter, ODOMETER, day * DAY_MIN + 1, reading, in_use=True)
        true_km += per_day * share
        day += 1
    assert meter is not None
    return meter, true_km - per_day * share, day - 1


def right(km: float) -> float:
    return km


def missing(_km: float) -> None:
    return None


def by(factor: float, plus: float = 0.0) -> Shown:
    return lambda km: km * factor + plus


def after(shown: Shown, before: int = 60, days: int = 60) -> list[tuple[float, Shown]]:
    """Days as it should be, then as many as ``shown`` says."""
    return [(1.0, right)] * before + [(1.0, shown)] * days


@pytest.mark.parametrize(
    ("shown", "remark"),
    [
        (right, None),
        (by(1.0, 90_000), "jumped"),
        (by(1.0, -30_000), "rolled_back"),
        (by(0.0, 12_000.0), "stuck"),
        (by(1 / 1.609344), "unit_changed"),
        (by(1.609344), "unit_changed"),
        (by(0.001), "unit_changed"),
        (by(1000.0), "unit_changed"),
        (missing, None),
        (lambda _km: START_KM + 59 * KM_A_DAY, "stuck"),
    ],
    ids=["right", "jump", "rollback", "new", "miles", "km again", "m as km", "km as m", "missing", "stuck"],
)
def test_an_odd_odometer_changes_little_of_what_was_used_and_leaves_a_remark(shown: Shown, remark: str | None) -> None:
    meter, true_km, day = driven(after(shown))
    assert true_km == pytest.approx(expected_total(meter, ODOMETER, day * DAY_MIN + 1), rel=0.03)
    assert KM_A_DAY == pytest.approx(meter.per_day, rel=0.15)
    if remark is not None:
        seen = {REMARKS[meter.remark], "stuck" if meter.is_stuck else None}
        assert remark in seen


def test_one_odd_reading_is_a_spike_and_changes_nothing() -> None:
    spike = [
        *after(right, days=0),
        (1.0, by(1.0, 300.0)),
        (1.0, right),
        (1.0, by(0.0, 7.0)),
        *after(right, before=0, days=20),
    ]
    meter, true_km, day = driven(spike)
    assert true_km == pytest.approx(expected_total(meter, ODOMETER, day * DAY_MIN + 1), abs=1.0)
    assert "spike" == REMARKS[meter.remark]


def test_a_unit_that_comes_back_is_the_first_again() -> None:
    days = [*after(by(1 / 1.609344), days=30), *after(right, before=0, days=30)]
    meter, true_km, day = driven(days)
    assert true_km == pytest.approx(expected_total(meter, ODOMETER, day * DAY_MIN + 1), rel=0.01)
    assert 1.0 == UNITS[meter.unit]


def test_a_car_that_is_parked_uses_nothing_and_its_use_per_day_falls() -> None:
    meter = None
    for day in range(90):
        km = START_KM + KM_A_DAY * min(day, 60)
        meter = read_on(meter, ODOMETER, day * DAY_MIN + 1, km, in_use=day < 60)
    assert meter is not None
    assert 2_400.0 == pytest.approx(expected_total(meter, ODOMETER, 89 * DAY_MIN), abs=25.0)
    assert meter.per_day < KM_A_DAY / 1.8


def test_engine_hours_cannot_run_faster_than_the_clock() -> None:
    meter = None
    for day in range(30):
        hours = 1_000.0 + 6.0 * day + (500.0 if day >= 20 else 0.0)
        meter = read_on(meter, ENGINE_HOURS, day * DAY_MIN + 1, hours, in_use=True)
    assert meter is not None
    assert 174.0 == pytest.approx(expected_total(meter, ENGINE_HOURS, 29 * DAY_MIN + 1), rel=0.02)
    assert "jumped" == REMARKS[meter.remark]


def test_a_clock_that_was_put_back_does_not_stop_the_meter() -> None:
    meter, _, day = driven(after(right, days=0))
    back = read_on(meter, ODOMETER, (day - 30) * DAY_MIN, START_KM + 61 * KM_A_DAY, in_use=True)
    for later in range(10):
        back = read_on(back, ODOMETER, (day - 29 + later) * DAY_MIN, START_KM + (62 + later) * KM_A_DAY, in_use=True)
    assert back.total > meter.total + 300


@given(
    shares=st.lists(st.floats(0.5, 1.5), min_size=40, max_size=120),
    odd=st.lists(
        st.tuples(
            st.integers(20, 119),
            st.sampled_from([by(1.0, 90_000), by(1.0, -30_000), by(0.0), by(1 / 1.609344), by(1.609344), missing]),
            st.integers(1, 25),
        ),
        max_size=4,
    ),
)
def test_the_use_is_wrong_by_no_more_than_the_days_on_which_the_odometer_was(
    shares: list[float], odd: list[tuple[int, Shown, int]]
) -> None:
    """Then, and on the last day, the vehicle is taken to use what it did before: wrong by a day's use at most."""
    shown: list[Shown] = [right] * len(shares)
    for first, how, days in odd:
        shown[first : first + days] = [how] * len(shown[first : first + days])
    meter, true_km, day = driven(list(zip(shares, shown, strict=True)))
    odd_days = len(shown) - shown.count(right) + 3 * len(odd) + 1
    assert true_km == pytest.approx(expected_total(meter, ODOMETER, day * DAY_MIN + 1), abs=KM_A_DAY * odd_days + 0.1)


@given(st.lists(st.tuples(st.integers(1, 10_000_000), st.floats(0, 1e9), st.booleans()), max_size=60))
def test_the_use_never_falls_and_stays_finite(readings: list[tuple[int, float, bool]]) -> None:
    meter = None
    for at_min, km, in_use in readings:
        total = 0.0 if meter is None else meter.total
        meter = read_on(meter, ODOMETER, at_min, km, in_use=in_use)
        assert total <= meter.total < 1e10
        assert 0 <= meter.per_day <= 1_600
