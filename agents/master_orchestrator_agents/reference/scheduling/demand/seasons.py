"""How the hours of a network change with the season and over the years, by a Poisson regression of statsmodels."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

YEAR_WEEKS = 365.25 / 7
MIN_SEASON_WEEKS = 60
"""From this number of weeks on there is a season: one wave a year."""
MIN_TREND_WEEKS = 104
"""From two years on there is a trend, and a second wave."""

Matrix = NDArray[np.float64]


def season(weeks: Sequence[int], hours: Matrix, opens_h: Matrix, of: Sequence[int]) -> Matrix:
    """The factor of each week ``of``: 1 in an average one.

    ``hours``: what all workshops together had in each of ``weeks``, ``opens_h`` how long they were open.
    """
    usable = opens_h > 0
    if usable.sum() < MIN_SEASON_WEEKS or not hours[usable].sum() > 0:
        return np.ones(len(of))
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    middle, is_long = float(np.mean(weeks)), usable.sum() >= MIN_TREND_WEEKS
    seen = _columns(weeks, middle, is_long=is_long)[usable]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of is a poor fit, and the measured errors tell of that
        fit = GLM(hours[usable], seen, family=Poisson(), exposure=opens_h[usable]).fit()
    waves = fit.params[1:]
    factors = np.exp(_columns(of, middle, is_long=is_long)[:, 1:] @ waves)
    return np.asarray(factors, dtype=np.float64)


def _columns(weeks: Sequence[int], middle: float, *, is_long: bool) -> Matrix:
    years = (np.asarray(weeks, dtype=np.float64) - middle) / YEAR_WEEKS
    columns = [np.ones_like(years)]
    for wave in (1, 2) if is_long else (1,):
        columns += [np.sin(2 * np.pi * wave * years), np.cos(2 * np.pi * wave * years)]
    return np.column_stack([*columns, years] if is_long else columns)
