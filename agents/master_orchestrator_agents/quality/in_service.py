"""Claims per 1000 vehicles by months in service: lots of different age side by side, late reports allowed for."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from master_orchestrator_agents.quality.analysis import QualityAnalysis
from master_orchestrator_agents.quality.exposure import batch_units, in_service
from master_orchestrator_agents.quality.records import LotKey

MIN_VEHICLES = 50.0
"""With fewer vehicles that old, a month in service says nothing."""


@dataclass(frozen=True)
class ServiceCurve:
    """``vehicles[k]`` have had month k in service, and a claim of it would be known; ``claims[k]`` of them had one."""

    vehicles: tuple[float, ...]
    claims: tuple[int, ...]

    @property
    def per_thousand(self) -> list[float]:
        """Claims per 1000 vehicles by the end of each month in service, as far as enough vehicles are that old."""
        total, curve = 0.0, []
        for vehicles, claims in zip(self.vehicles, self.claims, strict=True):
            if vehicles < MIN_VEHICLES:
                break
            total += 1_000 * claims / vehicles
            curve.append(total)
        return curve


def curve_of(analysis: QualityAnalysis, keys: Iterable[LotKey]) -> ServiceCurve:
    """The curve of some lots of one component, at least one."""
    chosen = list(keys)
    lags = analysis.charts[chosen[0].component].fit.lags
    units = batch_units([batch for key in chosen for batch in analysis.lots[key]], dict.fromkeys(chosen, 1.0))
    vehicles = in_service(lags, units, {})
    claims: Counter[int] = Counter()
    for key in chosen:
        claims.update(analysis.counts[key].by_service)
    return ServiceCurve(tuple(vehicles), tuple(claims.get(month, 0) for month in range(len(vehicles))))
