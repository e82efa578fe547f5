"""A supplier's step: from some build month on, its lots have more claims than before.

All spans of build months of one supplier are compared with the supplier's other lots. A span is a step if

- it has at least `MIN_STEP_LOTS` lots, begins after lots of the same supplier, and others remain to compare with;
- its exact tail, times the number of spans that were looked at, is small;
- it is almost as small without its worst lot, and the median lot is at least halfway up: one bad lot is not a step.

Where it begins and ends is uncertain by some lots. Each span's likelihood (Poisson, divided by the excess of its
variance) gives the probability that a lot belongs to the step; those that do so almost certainly are named.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from master_orchestrator_agents.quality.records import LotKey
from master_orchestrator_agents.quality.tails import upper_tail
from master_orchestrator_agents.quality.verdicts import LotPoint, total

MIN_STEP_LOTS = 4
MIN_NAMED_LOTS = 3
MIN_LOTS_BEFORE = 3
WITHOUT_WORST = 10.0
"""How many times more likely a step may be without its worst lot."""
MIN_SHARE_OUTSIDE = 0.2
"""Of the supplier's expected claims: with less outside of the span, nothing says what is usual."""
MIN_STEP_RATIO = 1.5
MIN_MEMBERSHIP = 0.99
MAX_CONTRADICTION = 1.0
"""A lot whose own claims speak against the step by more (log likelihood ratio) is not named."""
UNUSUAL_TAIL = 0.001
"""A lot with a smaller tail does not count towards what is usual."""
OWN_WEIGHT = 25.0
"""Claims that the assumption is worth that a supplier is like the others."""


@dataclass(frozen=True, slots=True)
class PlacedLot:
    """A lot of a supplier: when it was built, and where it stands on the chart."""

    key: LotKey
    built_day: int
    point: LotPoint


@dataclass(frozen=True)
class SupplierStep:
    """From when to when (first days of build months), how much above the others, and the lots that belong to it."""

    component: str
    supplier: str
    from_day: int
    to_day: int
    ratio: float
    claims: int
    expected: float
    tail: float
    lots: tuple[LotKey, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    """Months ``first`` to ``last`` and their lots: claims, and what is expected of them at the supplier's level.

    ``scale``: that level. ``tail``: of the claims, for this span alone. ``gain``: its log likelihood ratio.
    """

    first: int
    last: int
    lots: Sequence[PlacedLot]
    claims: int
    expected: float
    scale: float
    outside: float
    tau: float

    @property
    def ratio(self) -> float:
        return self.claims / self.expected

    def variance(self, lots: Sequence[PlacedLot]) -> float:
        """Of the claims of some of its lots: chance, differences between lots, and the level's own."""
        means = [lot.point.expected * self.scale for lot in lots]
        return sum(means) + sum((self.tau * mean) ** 2 for mean in means) + sum(means) ** 2 / self.outside

    def tail_without(self, lot: PlacedLot | None = None) -> float:
        """The probability of its claims, or of those of all lots but one, if there is no step."""
        lots = [other for other in self.lots if other is not lot]
        claims, expected = total([other.point for other in lots])
        return upper_tail(claims, expected * self.scale, self.variance(lots))

    @property
    def gain(self) -> float:
        plain = self.claims * math.log(self.ratio) - self.claims + self.expected
        return plain * self.expected / self.variance(self.lots)

    @property
    def is_level(self) -> bool:
        """Whether the median lot is at least halfway up."""
        return median(lot.point.claims / (lot.point.expected * self.scale) for lot in self.lots) >= (1 + self.ratio) / 2

    @property
    def worst(self) -> PlacedLot:
        return max(self.lots, key=lambda lot: lot.point.claims - lot.point.expected * self.scale)


def find_step(
    component: str, supplier: str, lots: Sequence[PlacedLot], tau: float, limit: float
) -> SupplierStep | None:
    """The supplier's most likely step, if its tail over all spans is at most ``limit``. ``lots`` in build order."""
    months: dict[int, list[PlacedLot]] = {}
    for lot in lots:
        if lot.point.expected > 0:
            months.setdefault(lot.built_day, []).append(lot)
    spans = list(_spans(list(months.values()), tau))
    each = limit / max(1, len(spans))
    steps = [
        span
        for span in spans
        if span.ratio >= MIN_STEP_RATIO
        and span.is_level
        and span.tail_without() <= each
        and span.tail_without(span.worst) <= WITHOUT_WORST * each
    ]
    if not steps:
        return None
    best = max(steps, key=lambda span: span.gain)
    named = _without_forerunners(list(_members(best, steps)), best.lots)
    if len(named) < MIN_NAMED_LOTS:
        return None
    return SupplierStep(
        component=component,
        supplier=supplier,
        from_day=min(lot.built_day for lot in named),
        to_day=max(lot.built_day for lot in named),
        ratio=best.ratio,
        claims=best.claims,
        expected=best.expected,
        tail=min(1.0, best.tail_without() * len(spans)),
        lots=tuple(lot.key for lot in named),
    )


def _spans(months: Sequence[Sequence[PlacedLot]], tau: float) -> Iterator[_Span]:
    days = [month[0].built_day for month in months]
    usual = [lot for month in months for lot in month if lot.point.tail >= UNUSUAL_TAIL]
    all_expected = sum(lot.point.expected for month in months for lot in month)
    for first in range(1, len(months)):
        if sum(map(len, months[:first])) < MIN_LOTS_BEFORE:
            continue
        lots: list[PlacedLot] = []
        for last in range(first, len(months)):
            lots = [*lots, *months[last]]
            claims, expected = total([lot.point for lot in lots])
            if len(lots) < MIN_STEP_LOTS or expected > (1 - MIN_SHARE_OUTSIDE) * all_expected:
                continue
            others = total([lot.point for lot in usual if not days[first] <= lot.built_day <= days[last]])
            outside = others[0] + OWN_WEIGHT
            scale = outside / (others[1] + OWN_WEIGHT)
            yield _Span(first, last, lots, claims, expected * scale, scale, outside, tau)


def _without_forerunners(named: list[PlacedLot], lots: Sequence[PlacedLot]) -> list[PlacedLot]:
    """Named lots from the first that the next one follows: a bad lot before the step is not its beginning."""
    while len(named) > 1 and lots[lots.index(named[0]) + 1] is not named[1]:
        del named[0]
    return named


def _members(best: _Span, spans: Sequence[_Span]) -> Iterator[PlacedLot]:
    """The lots of the best span that almost all of the likelihood of all spans agrees on, and that fit it."""
    weights = [math.exp(span.gain - best.gain) for span in spans]
    for lot in best.lots:
        belongs = sum(weight for span, weight in zip(spans, weights, strict=True) if lot in span.lots)
        mean = lot.point.expected * best.scale
        against = mean * (best.ratio - 1) - lot.point.claims * math.log(best.ratio)
        if belongs >= MIN_MEMBERSHIP * sum(weights) and against <= MAX_CONTRADICTION:
            yield lot
