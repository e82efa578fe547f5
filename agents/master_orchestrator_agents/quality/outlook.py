"""What to expect of the next quarter: claims that will be reported of the units built by now, with an interval."""

from dataclasses import dataclass, replace

from master_orchestrator_agents.quality.analysis import ComponentChart, QualityAnalysis
from master_orchestrator_agents.quality.records import MONTH_DAYS
from master_orchestrator_agents.quality.tails import interval

QUARTER_MONTHS = 3
COVERAGE = 0.9


@dataclass(frozen=True)
class Expectation:
    """Claims in the three months after the data: the mean, and an interval that holds them in nine cases of ten."""

    claims: float
    low: int
    high: int


def next_quarter(analysis: QualityAnalysis, chart: ComponentChart) -> Expectation:
    """Of one component. Lots that stand out go on as they did; later months in service go on as the last ones known."""
    fit = chart.fit
    later = replace(
        fit,
        lags=replace(fit.lags, until=fit.lags.until + round(QUARTER_MONTHS * MONTH_DAYS)),
        hazard=(*fit.hazard, *fit.hazard[-1:] * QUARTER_MONTHS),
    )
    flagged, means = analysis.flagged, []
    for key, point in chart.points.items():
        alike = sum(
            batch.units * max(0.0, later.expected(batch.built_day) - fit.expected(batch.built_day))
            for batch in analysis.lots[key]
        )
        means.append(alike * chart.level[key] * (point.ratio if key in flagged else 1.0))
    mean, known = sum(means), chart.baseline.claims + 1
    tau = chart.baseline.spread.tau
    variance = mean + sum((tau * value) ** 2 for value in means) + mean * mean / known
    return Expectation(mean, *interval(mean, variance, COVERAGE))
