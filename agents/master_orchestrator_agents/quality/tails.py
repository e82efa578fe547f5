"""Exact tails of counts. Pure, to a relative accuracy of 1e-9.

A count whose mean is known is Poisson. Where the mean is estimated, or lots vary more than chance has it, the variance
is larger than the mean, and the count is negative binomial with that mean and variance.
"""

import math
from collections.abc import Mapping
from typing import TypeVar

Key = TypeVar("Key")
MAX_TERMS = 100_000
_NEGLIGIBLE = 1e-12
_EQUAL = 1e-9


def upper_tail(count: int, mean: float, variance: float) -> float:
    """P(X >= count); Poisson if ``variance`` is not above ``mean``. 1 for a mean of 0 and a count of 0."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if count <= mean:
        return max(0.0, 1.0 - _sum(count - 1, mean, variance, -1))
    return _sum(count, mean, variance, +1)


def interval(mean: float, variance: float, coverage: float) -> tuple[int, int]:
    """The smallest central interval of a count that holds at least ``coverage``."""
    if mean <= 0:
        return 0, 0
    outside, low, below = (1 - coverage) / 2, 0, 0.0
    start = max(0, int(mean - 12 * math.sqrt(max(variance, mean))))
    high, value = start, start
    while value < start + MAX_TERMS:
        below += math.exp(_log_mass(value, mean, variance))
        if below <= outside:
            low = value + 1
        if below >= 1 - outside:
            break
        value += 1
    high = value
    return low, high


def false_discovery(tails: Mapping[Key, float], rate: float) -> set[Key]:
    """Those that stand out if at most the share ``rate`` of them may be chance (Benjamini and Hochberg, 1995)."""
    ordered = sorted(tails, key=tails.__getitem__)
    passed = [rank for rank, key in enumerate(ordered, 1) if tails[key] <= rate * rank / len(ordered)]
    return set(ordered[: max(passed, default=0)])


def _sum(first: int, mean: float, variance: float, step: int) -> float:
    """The masses from ``first`` on, away from the mean, until they no longer count."""
    mass = math.exp(_log_mass(first, mean, variance))
    total, value = mass, first
    while mass > total * _NEGLIGIBLE and value + step >= 0:
        mass *= _ratio(value, mean, variance) if step > 0 else 1 / _ratio(value - 1, mean, variance)
        total += mass
        value += step
    return total


def _ratio(value: int, mean: float, variance: float) -> float:
    """The mass of ``value`` + 1 over that of ``value``."""
    if variance <= mean * (1 + _EQUAL):
        return mean / (value + 1)
    size = mean * mean / (variance - mean)
    return (value + size) / (value + 1) * (1 - mean / variance)


def _log_mass(value: int, mean: float, variance: float) -> float:
    if variance <= mean * (1 + _EQUAL):
        return value * math.log(mean) - mean - math.lgamma(value + 1)
    size = mean * mean / (variance - mean)
    choose = math.lgamma(value + size) - math.lgamma(size) - math.lgamma(value + 1)
    return choose + size * math.log(mean / variance) + value * math.log1p(-mean / variance)
