"""A lag is estimated as it is, although long ones are not seen yet."""

import random

import pytest

from master_orchestrator_agents.quality.lags import lag_of


def test_long_lags_that_are_not_seen_yet_are_made_up_for() -> None:
    """Lags of 0 to 5 steps, equally likely; of the latest starts only the short ones have ended."""
    rng = random.Random(1)
    begun = [(rng.randrange(6), rng.randrange(10)) for _ in range(20_000)]
    seen = [(lag, bound, 1) for lag, bound in begun if lag <= bound]

    plain = sum(lag >= 3 for lag, _, _ in seen) / len(seen)
    assert plain < 0.45
    assert pytest.approx([1 / 6] * 6, abs=0.02) == lag_of(seen).shares


def test_without_anything_seen_there_is_no_lag() -> None:
    assert (1.0,) == lag_of([]).shares


def test_a_step_is_spread_evenly() -> None:
    lag = lag_of([(0, 9, 1), (1, 9, 3)])

    assert [0.0, 0.125, 0.25, 0.625, 1.0, 1.0] == [lag.by(steps) for steps in (-1, 0.5, 1, 1.5, 2, 99)]
