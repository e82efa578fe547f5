"""The whole judgement: rounds of fitting what is usual and taking out what stands out, then the verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from master_orchestrator_agents.quality.exposure import ExposureFit, Lags, LotCounts, batch_units
from master_orchestrator_agents.quality.levels import levels
from master_orchestrator_agents.quality.records import Batch, LotKey, WarrantyClaim
from master_orchestrator_agents.quality.steps import UNUSUAL_TAIL, PlacedLot, SupplierStep, find_step
from master_orchestrator_agents.quality.tails import false_discovery
from master_orchestrator_agents.quality.verdicts import ChartBaseline, LotPoint, LotSpread

FALSE_DISCOVERY_RATE = 0.002
"""The share of false lots among those that are named: an action against a supplier is expensive."""
MAX_STEP_CHANCE = 0.005
"""The probability of naming one false step, over all suppliers and components."""
MAX_ROUNDS = 8


@dataclass(frozen=True)
class ComponentChart:
    """One component: its fit, its baseline, its lots in build order, and its suppliers' steps."""

    component: str
    fit: ExposureFit
    baseline: ChartBaseline
    level: Mapping[LotKey, float]
    points: Mapping[LotKey, LotPoint]
    steps: tuple[SupplierStep, ...]


@dataclass(frozen=True)
class QualityAnalysis:
    """What was found: charts by component, the lots that stand out by themselves, the steps; until which day."""

    charts: Mapping[str, ComponentChart]
    bad_lots: frozenset[LotKey]
    lots: Mapping[LotKey, Sequence[Batch]]
    counts: Mapping[LotKey, LotCounts]
    until: int

    @property
    def steps(self) -> list[SupplierStep]:
        """All suppliers' steps."""
        return [step for chart in self.charts.values() for step in chart.steps]

    @property
    def flagged(self) -> set[LotKey]:
        """The lots that stand out, by themselves or as part of a step."""
        return {*self.bad_lots, *(key for step in self.steps for key in step.lots)}

    def point(self, key: LotKey) -> LotPoint:
        """Where a lot stands."""
        return self.charts[key.component].points[key]


def analyse(batches: Iterable[Batch], claims: Sequence[WarrantyClaim], until: int) -> QualityAnalysis:
    """Judge all lots by the claims that were reported until the day ``until``.

    Each claim's lot has to be one of the batches', and no claim may be reported later.
    """
    lots: dict[LotKey, list[Batch]] = {}
    for batch in batches:
        lots.setdefault(batch.key, []).append(batch)
    built = {key: min(batch.built_day for batch in parts) for key, parts in lots.items()}
    lags = Lags.of(claims, built, until)
    counts = {key: LotCounts() for key in lots}
    for claim in claims:
        counts[claim.key].add(claim)
    components: dict[str, _Component] = {}
    for key in sorted(lots, key=lambda key: (built[key], key)):
        components.setdefault(key.component, _Component(key.component, lags)).add(key, lots[key], counts[key])
    suppliers = sum(len({parts.main(key).supplier for key in parts.lots}) for parts in components.values())
    charts = {name: parts.chart(MAX_STEP_CHANCE / suppliers) for name, parts in components.items()}
    tails = {key: point.tail for chart in charts.values() for key, point in chart.points.items() if point.expected > 0}
    standing_out = false_discovery(tails, FALSE_DISCOVERY_RATE)
    bad = frozenset(key for key in standing_out if charts[key.component].points[key].is_out)
    return QualityAnalysis(charts, bad, lots, counts, until)


@dataclass
class _Component:
    """The lots of one component, in build order."""

    name: str
    lags: Lags
    lots: dict[LotKey, Sequence[Batch]] = field(default_factory=dict)
    counts: dict[LotKey, LotCounts] = field(default_factory=dict)

    def add(self, key: LotKey, batches: Sequence[Batch], counts: LotCounts) -> None:
        """Take in a lot."""
        self.lots[key] = batches
        self.counts[key] = counts

    def main(self, key: LotKey) -> Batch:
        """The largest batch of a lot: its supplier, plant and model."""
        return max(self.lots[key], key=lambda batch: batch.units)

    def chart(self, step_limit: float) -> ComponentChart:
        """Rounds of fitting without the lots that stand out, until these stay the same.

        The first round takes all spread for chance, so that lots that stand out do not make the spread that hides them.
        """
        chart = self._round(frozenset(), dict.fromkeys(self.lots, 1.0), step_limit, LotSpread())
        seen: set[frozenset[LotKey]] = set()
        while len(seen) < MAX_ROUNDS:
            unusual = frozenset(
                {key for key, point in chart.points.items() if point.tail < UNUSUAL_TAIL}
                | {key for step in chart.steps for key in step.lots}
            )
            if unusual in seen:
                break
            seen.add(unusual)
            chart = self._round(unusual, chart.level, step_limit)
        return chart

    def _round(
        self,
        unusual: frozenset[LotKey],
        level: Mapping[LotKey, float],
        step_limit: float,
        spread: LotSpread | None = None,
    ) -> ComponentChart:
        usual = [key for key in self.lots if key not in unusual]
        units = batch_units([batch for key in usual for batch in self.lots[key]], level)
        fit = ExposureFit.of(self.lags, units, [self.counts[key] for key in usual])
        alike = {
            key: sum(batch.units * fit.expected(batch.built_day) for batch in batches)
            for key, batches in self.lots.items()
        }
        claims = {key: self.counts[key].total for key in self.lots}
        level = levels({key: self.main(key) for key in self.lots}, claims, {key: alike[key] for key in usual})
        expected = {key: alike[key] * level[key] for key in self.lots}
        spread = spread or LotSpread.of((claims[key], expected[key]) for key in usual)
        baseline = ChartBaseline(sum(claims[key] for key in usual), sum(expected[key] for key in usual), spread)
        members = set(usual)
        points = {key: baseline.point(claims[key], expected[key], is_member=key in members) for key in self.lots}
        steps = tuple(self._steps(points, spread.tau, step_limit))
        return ComponentChart(self.name, fit, baseline, level, points, steps)

    def _steps(self, points: Mapping[LotKey, LotPoint], tau: float, limit: float) -> Iterable[SupplierStep]:
        suppliers: dict[str, list[PlacedLot]] = {}
        for key, point in points.items():
            batch = self.main(key)
            suppliers.setdefault(batch.supplier, []).append(PlacedLot(key, batch.built_day, point))
        for supplier, lots in suppliers.items():
            step = find_step(self.name, supplier, lots, tau, limit)
            if step is not None:
                yield step
