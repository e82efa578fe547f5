"""The mode of failure by the shape of a Weibull distribution, fitted with right censoring (lifelines)."""

from collections.abc import Iterable
from dataclasses import dataclass

from master_orchestrator_agents.quality.analysis import QualityAnalysis
from master_orchestrator_agents.quality.eight_d import FailureMode
from master_orchestrator_agents.quality.in_service import curve_of
from master_orchestrator_agents.quality.records import LotKey

MIN_FAILURES = 5


@dataclass(frozen=True)
class WeibullMode:
    """The mode, the shape (below 1: failures get rarer with age) with its 95 % interval; None without a fit."""

    mode: FailureMode
    shape: float | None = None
    shape_low: float | None = None
    shape_high: float | None = None


def mode_of(analysis: QualityAnalysis, keys: Iterable[LotKey]) -> WeibullMode:
    """Of the lots of one component: when in service they failed, against all that are in service without a claim."""
    import numpy as np
    from lifelines import WeibullFitter
    from lifelines.exceptions import ConvergenceError

    curve = curve_of(analysis, keys)
    failures = np.asarray(curve.claims, dtype=float)
    if failures.sum() < MIN_FAILURES:
        return WeibullMode(FailureMode.UNCLEAR)
    vehicles = np.asarray(curve.vehicles)
    leaving = np.clip(-np.diff(vehicles, append=0.0) * (1 - failures.sum() / max(vehicles[0], 1.0)), 0.0, None).round()
    months = np.arange(len(failures))
    durations = np.concatenate([months + 0.5, months + 1.0])
    weights = np.concatenate([failures, leaving])
    failed = np.concatenate([np.ones(len(months), dtype=bool), np.zeros(len(months), dtype=bool)])
    used = weights > 0
    try:
        fit = WeibullFitter().fit(durations[used], failed[used], weights=weights[used].astype(int))
    except ConvergenceError:
        return WeibullMode(FailureMode.UNCLEAR)
    row = fit.summary.loc["rho_"]
    low, high = float(row["coef lower 95%"]), float(row["coef upper 95%"])
    mode = FailureMode.EARLY if high < 1 else FailureMode.WEAR if low > 1 else FailureMode.RANDOM
    return WeibullMode(mode, float(row["coef"]), low, high)
