"""How much new work each workshop gets for a week ahead, learnt from past weeks, with the errors it would have made.

The newest weeks count most; a workshop with few weeks leans on its network. Each past week is foretold from what had
come in at the same distance before it, so that the spread of these errors is that of a forecast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

HALF_LIFE_WEEKS = 26.0
POOLED_WEEKS = 2.0
"""How many weeks of its own a workshop needs until they weigh as much as those of its network."""
WEEK_SPREAD = 0.3
"""How far apart weeks are, beyond chance, before any are known: a share of their mean."""
PRIOR_WEEKS = 4.0
"""How many weeks of errors that assumption weighs."""


@dataclass(frozen=True)
class WeekRows:
    """Past weeks, the oldest first: week x workshop.

    Args:
        came: what came in during each week, of the kind that is to be foretold.
        new: what each week had that could not be known at the distance of the forecast.
        exposure: how much of either is to be expected at level 1.
        first: the first row at whose distance anything was known.
    """

    came: Matrix
    new: Matrix
    exposure: Matrix
    first: int


@dataclass(frozen=True)
class LevelForecast:
    """Each workshop's mean and variance; ``weeks``: how many past weeks were foretold to judge the variance."""

    mean: Matrix
    variance: Matrix
    weeks: int


def foretold(past: WeekRows, ahead: Matrix, distance: int, grain: float) -> LevelForecast:
    """What is expected in the week that begins ``distance`` weeks after the running one.

    Args:
        past: all complete weeks.
        ahead: the exposure of each workshop in the week to come.
        grain: the variance of one unit by chance alone: the size of the single jobs.
    """
    level, ratios = _Level(past.came.shape[1]), list[float]()
    for row in range(len(past.came) + distance + 1):
        learnt = row - distance - 1
        if learnt >= 0:
            level.learn(past.came[learnt], past.exposure[learnt])
        if past.first <= row < len(past.new) and learnt >= 0:
            mean, variance = level.expected(past.exposure[row], grain)
            open_ = variance > 0
            if open_.any():
                ratios.append(float(np.mean((past.new[row] - mean)[open_] ** 2 / variance[open_])))
    mean, variance = level.expected(ahead, grain)
    scale = (PRIOR_WEEKS + sum(ratios)) / (PRIOR_WEEKS + len(ratios))
    return LevelForecast(mean, scale * variance, len(ratios))


class _Level:
    def __init__(self, workshops: int) -> None:
        self._amount = np.zeros(workshops)
        self._exposure = np.zeros(workshops)
        self._weeks = 0.0

    def learn(self, amount: Matrix, exposure: Matrix) -> None:
        decay = 0.5 ** (1 / HALF_LIFE_WEEKS)
        self._amount = self._amount * decay + amount
        self._exposure = self._exposure * decay + exposure
        self._weeks = self._weeks * decay + 1

    def expected(self, exposure: Matrix, grain: float) -> tuple[Matrix, Matrix]:
        """Mean and variance; the variance counts the chance of the week, its spread, and what is not known yet."""
        if not self._exposure.sum() > 0:
            return np.zeros_like(exposure), np.zeros_like(exposure)
        network = self._amount.sum() / self._exposure.sum()
        pooled = POOLED_WEEKS * self._exposure.mean() / self._weeks
        rate = (self._amount + pooled * network) / (self._exposure + pooled)
        mean = rate * exposure
        unknown = 1 + 1 / self._weeks
        return mean, unknown * (grain * mean + (WEEK_SPREAD * mean) ** 2)
