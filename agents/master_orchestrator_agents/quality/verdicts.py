"""The chart of a component's lots: Laney's u', one-sided, at equal months in service, with exact tails.

With c claims where e are expected, z = (c - e) / sqrt(e). The expected claims are those of equal months in service, so
that lots of any age are on one chart: u = c / e, its centre line 1, its limit

    UCL = 1 + 3 * sigma_z / sqrt(e)

Laney's sigma_z (Quality Engineering 14(4), 2002, p. 531) is the spread of z from lot to lot, from moving ranges in
build order. It allows for what varies between lots besides chance. Here it is at least 1, and at least the spread of
all z, which also sees slow changes; both are medians, so that a bad lot does not hide itself.

Three sigma are not three sigma for small counts, and a part of the spread grows with the lot: rates differ from lot to
lot by some tau. So a signal needs an exact tail too: negative binomial with the variance e + (tau e)^2, and that of the
baseline on top. Which tails are small enough is decided over all lots of all components (`tails.false_discovery`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from master_orchestrator_agents.quality.tails import upper_tail

SIGMAS = 3.0
MIN_CLAIMS = 5
"""Fewer claims are never a signal, however small the lot is."""
MIN_RATIO = 1.5
"""What is less above the others is not worth an action."""
MIN_CHART_EXPECTED = 2.0
MIN_CHART_LOTS = 8
"""sigma_z is estimated from lots with enough expected claims, if there are enough of them."""
MIN_TAU, MAX_TAU = 0.1, 2.0
"""Lots always differ by a tenth; what is estimated from few claims may say less."""
ALLOWANCE = 0.25
"""Claims by which a lot's expected claims may be wrong: few are expected of young and of small lots."""
_HALVINGS = 20
_MEDIAN_RANGE = 0.954
_MEDIAN_DEVIATION = 0.6745
"""The median range of two normal values, and their median distance from the median, in standard deviations."""


@dataclass(frozen=True, slots=True)
class LotPoint:
    """A lot on the chart: claims, expected claims, the upper limit of their ratio, and the tail's probability."""

    claims: int
    expected: float
    limit: float
    tail: float

    @property
    def ratio(self) -> float:
        """Claims over expected claims; 0 where none are expected."""
        return self.claims / self.expected if self.expected > 0 else 0.0

    @property
    def is_out(self) -> bool:
        """Whether it is above the limit, and enough to matter."""
        return self.claims >= MIN_CLAIMS and self.ratio >= MIN_RATIO and self.ratio > self.limit


@dataclass(frozen=True, slots=True)
class LotSpread:
    """How lots vary besides chance: ``sigma`` in standard deviations of chance (sigma_z), ``tau`` of the rate."""

    sigma: float = 1.0
    tau: float = MIN_TAU

    @classmethod
    def of(cls, points: Iterable[tuple[int, float]]) -> "LotSpread":
        """Of (claims, expected) in build order."""
        judged = [(claims, expected) for claims, expected in points if expected >= MIN_CHART_EXPECTED]
        if len(judged) < MIN_CHART_LOTS:
            return cls()
        low, high = MIN_TAU, MAX_TAU
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if _spread(judged, middle) > 1 else (low, middle)
        return cls(max(1.0, _spread(judged, 0.0)), low)


def _spread(points: Sequence[tuple[int, float]], tau: float) -> float:
    """The spread of z, if tau explains its share of it; 1 where it explains all."""
    z = [(claims - expected) / math.sqrt(expected + (tau * expected) ** 2) for claims, expected in points]
    middle = median(z)
    ranges = median(abs(later - earlier) for earlier, later in pairwise(z))
    return max(ranges / _MEDIAN_RANGE, median(abs(value - middle) for value in z) / _MEDIAN_DEVIATION)


@dataclass(frozen=True, slots=True)
class ChartBaseline:
    """What lots are compared with: claims and expected claims of those that do not stand out, and how they vary."""

    claims: float
    expected: float
    spread: LotSpread

    def point(self, claims: int, expected: float, *, is_member: bool) -> LotPoint:
        """Where a lot stands against the others: a member of the baseline is taken out of it first.

        One claim is added to those of the others, so that an empty history does not make any claim a signal.
        """
        others, others_expected = self.claims, self.expected
        if is_member:
            others, others_expected = others - claims, others_expected - expected
        if expected <= 0 or others_expected <= 0:
            return LotPoint(claims, 0.0, math.inf, 1.0)
        known = max(0.0, others) + 1
        mean = expected * known / others_expected
        limit = 1 + SIGMAS * self.spread.sigma / math.sqrt(mean)
        allowed = mean + ALLOWANCE
        tail = upper_tail(claims, allowed, allowed + (self.spread.tau * mean) ** 2 + mean * mean / known)
        return LotPoint(claims, mean, limit, tail)


def total(points: Sequence[LotPoint]) -> tuple[int, float]:
    """Claims and expected claims of several lots."""
    return sum(point.claims for point in points), sum(point.expected for point in points)
