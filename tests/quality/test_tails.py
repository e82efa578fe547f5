"""Exact tails agree with SciPy's; false discovery control names no more than it may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from master_orchestrator_agents.quality.tails import false_discovery, interval, upper_tail

MEANS = st.floats(0.01, 3_000)


@given(st.integers(0, 5_000), MEANS)
def test_tails_of_a_known_mean_are_poisson(count: int, mean: float) -> None:
    assert pytest.approx(stats.poisson.sf(count - 1, mean), rel=1e-6, abs=1e-250) == upper_tail(count, mean, mean)


@given(st.integers(0, 2_000), MEANS, st.floats(1.01, 50))
def test_tails_of_an_uncertain_mean_are_negative_binomial(count: int, mean: float, times: float) -> None:
    size = mean / (times - 1)
    expected = stats.nbinom.sf(count - 1, size, 1 / times)
    assert pytest.approx(expected, rel=1e-5, abs=1e-10) == upper_tail(count, mean, mean * times)


@pytest.mark.parametrize("mean", [0.2, 3.0, 40.0, 900.0])
def test_an_interval_is_the_smallest_central_one(mean: float) -> None:
    low, high = stats.poisson.interval(0.9, mean)
    assert (low, high) == interval(mean, mean, 0.9)


def test_no_claims_are_expected_of_nothing() -> None:
    assert (0, 0) == interval(0.0, 0.0, 0.9)
    assert (1.0, 0.0) == (upper_tail(0, 0.0, 0.0), upper_tail(1, 0.0, 0.0))


def test_false_discovery_control_is_that_of_benjamini_and_hochberg() -> None:
    tails = {"a": 0.001, "b": 0.008, "c": 0.039, "d": 0.041, "e": 0.27, "f": 0.6}
    adjusted = stats.false_discovery_control(list(tails.values()))

    assert {key for key, value in zip(tails, adjusted, strict=True) if value <= 0.05} == false_discovery(tails, 0.05)
    assert set() == false_discovery({}, 0.05)
