"""Lags as they are, from those that have been seen: what takes long is missing among the young.

A lag is seen only if it has ended before the data do. Lynden-Bell's estimator for such right-truncated data
(Monthly Notices of the Royal Astronomical Society 155, 1971, p. 95) goes down from the longest lag:

    F(u - 1) = F(u) * (1 - n(u) / risk(u)),  risk(u) = those with lag <= u that would have been seen at lag u
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate


@dataclass(frozen=True)
class Lag:
    """The distribution of a lag in equal steps: ``shares[i]`` lies in [i, i + 1) steps; the shares sum to 1."""

    shares: tuple[float, ...]

    @cached_property
    def _until(self) -> tuple[float, ...]:
        return tuple(accumulate(self.shares, initial=0.0))

    def by(self, steps: float) -> float:
        """The share of lags of at most ``steps``; within a step they are spread evenly."""
        if steps <= 0:
            return 0.0
        whole = int(steps)
        if whole >= len(self.shares):
            return 1.0
        return self._until[whole] + self.shares[whole] * (steps - whole)


def lag_of(seen: Iterable[tuple[int, int, int]]) -> Lag:
    """The lag's distribution from (lag, longest lag that would have been seen, count), in whole steps from 0 on."""
    numbers: Counter[int] = Counter()
    enters: Counter[int] = Counter()
    leaves: Counter[int] = Counter()
    for lag, bound, count in seen:
        numbers[lag] += count
        enters[lag] += count
        leaves[max(bound, lag) + 1] += count
    if not numbers:
        return Lag((1.0,))
    size = max(numbers) + 1
    risk = list(accumulate(enters[step] - leaves[step] for step in range(size)))
    shares, below = [0.0] * size, 1.0
    for step in reversed(range(size)):
        if risk[step]:
            shares[step] = below * numbers[step] / risk[step]
            below -= shares[step]
    return Lag(tuple(share / (1 - below) for share in shares)) if below < 1 else Lag((1.0,))
