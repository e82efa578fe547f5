"""What a lot's claims would be if it were like the others: equal months in service, lags, season.

For one component, of the units of a lot whose build month began at b, seen until the day T:

    expected = units * level * sum over s, k of  sale(s) * claims(k) * season(month) * reported(T - b - s - k)

    sale(s)      the share of vehicles sold s months after the build month began
    claims(k)    claims per vehicle in the k-th month in service
    season(m)    how much the calendar month of the failure matters; 1 on average
    reported(t)  the share of claims that are reported within t
    level        how the lot's supplier, plant and model compare with the others over all months

`claims` and `season` are fitted to the lots that do not stand out, in turns, so that expected and counted claims agree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from master_orchestrator_agents.quality.lags import Lag, lag_of
from master_orchestrator_agents.quality.records import MONTH_DAYS, Batch, LotKey, WarrantyClaim

REPORT_STEP_DAYS = 10
MIN_CLASS_CLAIMS = 20
"""Months in service are taken together until their claims are that many."""
SEASON_WEIGHT = 20.0
"""Claims that the assumption of no season is worth, in each calendar month."""
TURNS = 3
SPREAD = ((-0.75, 0.125), (-0.25, 0.375), (0.25, 0.375), (0.75, 0.125))
"""Of the sum of two times that lie anywhere in their months: months from its middle, with their shares."""


@dataclass(frozen=True)
class Lags:
    """Of all components: how long after the build month's first day vehicles are sold, and how late claims come in."""

    sale: Lag
    report: Lag
    until: int

    @classmethod
    def of(cls, claims: Sequence[WarrantyClaim], built: Mapping[LotKey, int], until: int) -> "Lags":
        """From the claims; ``built`` has the first day of each lot's build month, ``until`` is the data's last day."""
        sale = (
            (max(0, sold_after), int((until - claim.reported_day + claim.sold_day - start) // MONTH_DAYS), claim.count)
            for claim in claims
            for start in (built[claim.key],)
            for sold_after in (int((claim.sold_day - start) // MONTH_DAYS),)
        )
        report = (
            (
                (claim.reported_day - claim.failed_day) // REPORT_STEP_DAYS,
                (until - claim.failed_day) // REPORT_STEP_DAYS,
                claim.count,
            )
            for claim in claims
        )
        return cls(lag_of(sale), lag_of(report), until)

    @cached_property
    def _visible(self) -> dict[tuple[int, int], float]:
        return {}

    def visible(self, built_day: int, month: int) -> float:
        """The share of failures ``month`` months after the build month that is reported by now.

        Sale and failure lie somewhere in their months, so that their sum is ``month`` + 1, give or take one.
        """
        kept = self._visible.get((built_day, month))
        if kept is None:
            age = (self.until - built_day) / MONTH_DAYS - month - 1
            step = MONTH_DAYS / REPORT_STEP_DAYS
            kept = sum(share * self.report.by((age + shift) * step) for shift, share in SPREAD)
            self._visible[built_day, month] = kept
        return kept


class LotCounts:
    """The claims of one lot, by months in service and by calendar month."""

    def __init__(self) -> None:
        self.by_service: Counter[int] = Counter()
        self.by_season: Counter[int] = Counter()

    def add(self, claim: WarrantyClaim) -> None:
        """Count a claim."""
        self.by_service[max(0, int((claim.failed_day - claim.sold_day) // MONTH_DAYS))] += claim.count
        self.by_season[calendar_month(claim.failed_day)] += claim.count

    @property
    def total(self) -> int:
        """All of them."""
        return self.by_service.total()


@cache
def calendar_month(day: int) -> int:
    """1 to 12."""
    return date.fromordinal(max(1, day)).month


@dataclass(frozen=True)
class ExposureFit:
    """One component's `claims` and `season`, and what follows from them."""

    lags: Lags
    hazard: tuple[float, ...]
    season: Mapping[int, float]

    @classmethod
    def of(cls, lags: Lags, units: Mapping[int, float], counts: Sequence[LotCounts]) -> "ExposureFit":
        """Fit to units by the first day of their build month (times their level), and the claims of their lots."""
        by_service: Counter[int] = Counter()
        by_season: Counter[int] = Counter()
        for lot in counts:
            by_service.update(lot.by_service)
            by_season.update(lot.by_season)
        classes = _classes(by_service, _months_in_service(lags, units))
        fit = cls(lags, _hazard(classes, by_service, in_service(lags, units, {})), {})
        for _ in range(TURNS):
            season = fit._refit_season(units, by_season)
            fit = cls(lags, _hazard(classes, by_service, in_service(lags, units, season)), season)
        return fit

    @cached_property
    def by_month(self) -> tuple[float, ...]:
        """Claims per unit by months since the build month: sale, then months in service."""
        sale = self.lags.sale.shares
        months = [0.0] * (len(sale) + len(self.hazard) - 1)
        for sold, share in enumerate(sale):
            for service, rate in enumerate(self.hazard):
                months[sold + service] += share * rate
        return tuple(months)

    @cached_property
    def _expected(self) -> dict[int, float]:
        return {}

    def expected(self, built_day: int) -> float:
        """Claims per unit built in the month that began then, reported by now."""
        if built_day not in self._expected:
            self._expected[built_day] = sum(
                rate * self.lags.visible(built_day, month) * season_of(self.season, built_day, month)
                for month, rate in enumerate(self.by_month)
            )
        return self._expected[built_day]

    def _refit_season(self, units: Mapping[int, float], by_season: Mapping[int, int]) -> dict[int, float]:
        plain: dict[int, float] = {}
        for built_day, built in units.items():
            for month, rate in enumerate(self.by_month):
                mean = built * rate * self.lags.visible(built_day, month)
                for at, share in months_of(built_day, month):
                    plain[at] = plain.get(at, 0.0) + share * mean
        season = {
            month: (by_season.get(month, 0) + SEASON_WEIGHT) / (value + SEASON_WEIGHT) for month, value in plain.items()
        }
        mean = sum(season[month] * value for month, value in plain.items()) / (sum(plain.values()) or 1.0)
        return {month: value / mean for month, value in season.items()} if mean else {}


@cache
def months_of(built_day: int, month: int) -> tuple[tuple[int, float], ...]:
    """The calendar months in which failures lie that come ``month`` months after the build month, with their shares."""
    return tuple((calendar_month(int(built_day + (month + 1 + shift) * MONTH_DAYS)), share) for shift, share in SPREAD)


def season_of(season: Mapping[int, float], built_day: int, month: int) -> float:
    """The factor of the season for these failures."""
    return sum(share * season.get(at, 1.0) for at, share in months_of(built_day, month))


def batch_units(batches: Sequence[Batch], level: Mapping[LotKey, float]) -> dict[int, float]:
    """Units by the first day of their build month, each times the level of its lot."""
    units: dict[int, float] = {}
    for batch in batches:
        units[batch.built_day] = units.get(batch.built_day, 0.0) + batch.units * level[batch.key]
    return units


def _months_in_service(lags: Lags, units: Mapping[int, float]) -> int:
    oldest = min(units, default=lags.until)
    return max(1, int((lags.until - oldest) // MONTH_DAYS) + 1)


def in_service(lags: Lags, units: Mapping[int, float], season: Mapping[int, float]) -> list[float]:
    """Vehicles in each month in service whose claims would be known by now, season included."""
    size = _months_in_service(lags, units)
    known = [0.0] * size
    for built_day, built in units.items():
        for month in range(size):
            share = lags.visible(built_day, month)
            if share == 0.0:
                break
            known[month] += built * share * season_of(season, built_day, month)
    return [
        sum(share * known[sold + service] for sold, share in enumerate(lags.sale.shares) if sold + service < size)
        for service in range(size)
    ]


def _classes(by_service: Mapping[int, int], size: int) -> list[range]:
    """Months in service taken together, so that each class has enough claims."""
    classes, start, claims = [], 0, 0
    for month in range(size):
        claims += by_service.get(month, 0)
        if claims >= MIN_CLASS_CLAIMS:
            classes.append(range(start, month + 1))
            start, claims = month + 1, 0
    if start < size:
        classes.append(range(start, size))
    return classes


def _hazard(classes: Sequence[range], by_service: Mapping[int, int], in_service: Sequence[float]) -> tuple[float, ...]:
    hazard: list[float] = []
    for months in classes:
        vehicles = sum(in_service[month] for month in months)
        claims = sum(by_service.get(month, 0) for month in months)
        hazard.extend([claims / vehicles if vehicles > 0 else 0.0] * len(months))
    return tuple(hazard)
