"""The forecast of demand at past Mondays of simulated years, against what came and against simpler forecasts."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_suite.scheduling.demand_years import DemandYears
from master_orchestrator_agents.reference.scheduling import SchedulingStore
from master_orchestrator_agents.reference.scheduling.demand.forecast import forecast
from master_orchestrator_agents.reference.scheduling.demand.records import DemandWeek

WORKSHOPS = 8
YEAR = 52
WEEKS = 3 * YEAR + 9
AHEAD = 8
FORECAST, BOOKS_ALONE = "forecast", "books alone"
LAST_WEEK, RECENT_MEAN, SEASONAL_MEAN = "last week", "mean of 8 weeks", "seasonal mean"
HISTORIES = (1, 2, 4, 8, 26, 104)
"""How old the books are, in weeks, where coverage by age is measured."""
MORNING = 0.05
"""When it is run, on Monday: this much of the week has passed."""


@dataclass(frozen=True)
class BacktestPoint:
    """One workshop's week, foretold ``lead`` weeks ahead in several ways; hours, and whether each was covered."""

    lead: int
    actual: float
    foretold: Mapping[str, float]
    hours_covered: bool
    parts_covered: bool
    width: float


def years(seed: int) -> DemandYears:
    """Three simulated years and the weeks after."""
    with TemporaryDirectory() as folder:
        store = SchedulingStore(Path(folder) / "workshops.sqlite3", workshops=WORKSHOPS)
        store.close()
    return DemandYears(store.network, WEEKS, seed)


def origins(every: int) -> range:
    """The weeks of the third year in which a forecast is made."""
    return range(2 * YEAR + 1, 3 * YEAR, every)


def points(sim: DemandYears, origins: Sequence[int], history: int | None = None) -> Iterator[BacktestPoint]:
    """All workshops and weeks ahead of each origin; ``history``: how many weeks old the books are there."""
    hours, parts = sim.hours(), sim.parts()
    for origin in origins:
        now = sim.first_week + origin - 1 + MORNING
        since = int(now) - history if history else 0
        books = sim.known_at(now, since)
        alone = [] if history else forecast(replace(books, cases=()), now, AHEAD)
        plain = {(each.workshop_id, each.week): each.hours.expected for each in alone}
        for each in forecast(books, now, AHEAD):
            place = (each.workshop_id, each.week)
            ways = {FORECAST: each.hours.expected}
            if not history:
                ways |= {BOOKS_ALONE: plain[place], **_naive(hours, each, int(now), sim.first_week)}
            yield _point(each, int(now), hours[place], parts[place], ways)


def _naive(hours: Mapping[tuple[str, int], float], each: DemandWeek, now: int, first: int) -> dict[str, float]:
    workshop, week = each.workshop_id, each.week
    same = [hours[workshop, past] for past in range(week - YEAR, first - 1, -YEAR)]
    return {
        LAST_WEEK: hours[workshop, now - 1],
        RECENT_MEAN: statistics.fmean(hours[workshop, now - number] for number in range(1, 9)),
        SEASONAL_MEAN: statistics.fmean(same),
    }


def _point(each: DemandWeek, now: int, actual: float, parts: int, ways: Mapping[str, float]) -> BacktestPoint:
    low, high = each.hours.low, each.hours.high or 0.0
    total = each.all_parts
    return BacktestPoint(
        lead=each.week - now,
        actual=actual,
        foretold=ways,
        hours_covered=low <= actual <= high,
        parts_covered=total.low <= parts <= (total.high or 0.0),
        width=high - low,
    )


def errors(of: Sequence[BacktestPoint]) -> dict[str, float]:
    """Mean absolute error of each way, in per cent of the mean hours."""
    total = sum(point.actual for point in of)
    sums: dict[str, float] = defaultdict(float)
    for point in of:
        for way, value in point.foretold.items():
            sums[way] += abs(value - point.actual)
    return {way: 100 * value / total for way, value in sums.items()}


def covered(of: Sequence[BacktestPoint]) -> dict[str, float]:
    """How often hours and parts came out within the interval, and how wide that is; per cent."""
    return {
        "hours_covered_pct": 100 * statistics.fmean(point.hours_covered for point in of),
        "parts_covered_pct": 100 * statistics.fmean(point.parts_covered for point in of),
        "width_pct": 100 * sum(point.width for point in of) / sum(point.actual for point in of),
    }
