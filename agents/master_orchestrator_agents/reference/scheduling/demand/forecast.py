"""The forecast: what is booked, what open workflows will need, and what nobody knows of yet.

What is not known yet comes in as it did: the bookings of the past weeks, those for weeks to come too, tell how much
work comes in a week and how far ahead. So books of one week serve already; the weeks that have passed since tell how
far to trust it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from master_orchestrator_agents.reference.scheduling.demand.levels import (
    PRIOR_WEEKS,
    LevelForecast,
    WeekRows,
    foretold,
)
from master_orchestrator_agents.reference.scheduling.demand.records import (
    SHARE,
    DemandBooks,
    DemandJob,
    DemandWeek,
    Estimate,
    OpenCase,
)
from master_orchestrator_agents.reference.scheduling.demand.seasons import season

Matrix = NDArray[np.float64]

MAX_HISTORY_WEEKS = 156
PARTS_WEEKS = 26
"""Over how many past weeks the parts of an hour of work are counted."""
STANDING_PRIOR = (19.0, 20.0)
"""As if 19 of 20 bookings had stood, before any are known."""
LOST = 1 - STANDING_PRIOR[0] / STANDING_PRIOR[1]
"""Of the booked parts, what is not used: the variance of one."""
MAX_CASE_WEEKS = 14
UNKNOWN_CASE_WEEKS = 3
"""Within how many weeks an open case is done, before any is known: the running one and two more."""
UNKNOWN_JOB_H = 2.0
"""The size of a job before any is known."""


def forecast(books: DemandBooks, now: float, weeks: int) -> list[DemandWeek]:
    """The whole weeks that begin after ``now``, workshop by workshop."""
    return _Forecast(books, now).weeks(range(int(now) + 1, int(now) + 1 + weeks))


def history_weeks(jobs: Sequence[DemandJob], now: float) -> int:
    """How many whole weeks of work the books know."""
    return max(0, int(now) - int(min((job.booked for job in jobs), default=now)))


@dataclass(frozen=True)
class _Known:
    """What stands in the books for a workshop's week, and what is expected of open workflows; hours and variances."""

    booked_h: float
    open_h: float
    variance: float
    parts: Mapping[str, float]


class _Jobs:
    """The jobs as columns; ``row`` is the workshop's number."""

    def __init__(self, jobs: Sequence[DemandJob], workshops: Sequence[str]) -> None:
        number = {workshop: place for place, workshop in enumerate(workshops)}
        kept = [job for job in jobs if job.workshop_id in number]
        self.start = np.array([job.start for job in kept])
        self.booked = np.array([job.booked for job in kept])
        self.known = np.array([job.known for job in kept])
        self.hours = np.array([job.hours for job in kept])
        self.stands = np.array([job.stands for job in kept], dtype=bool)
        self.workshop = np.array([number[job.workshop_id] for job in kept], dtype=int)
        self.week = np.floor(self.start).astype(int)


class _Forecast:
    def __init__(self, books: DemandBooks, now: float) -> None:
        self._books, self._now, self._workshops = books, now, list(books.opens_h)
        history = min(history_weeks(books.jobs, now), MAX_HISTORY_WEEKS)
        self._past = range(int(now) - history, int(now))
        self._to_come = [job for job in books.jobs if job.stands and job.start > now]
        self._jobs = _Jobs(books.jobs, self._workshops)
        self._done = self._jobs.stands & self._is_past(self._jobs.week)
        done_h = self._jobs.hours[self._done]
        self._job_h = float(done_h.mean()) if done_h.any() else UNKNOWN_JOB_H
        self._grain = float(np.square(done_h).mean()) / self._job_h if done_h.any() else UNKNOWN_JOB_H
        self._of_cases = self._case_profile()
        self._parts_per_h = self._rates()
        self._opens = np.array(
            [[books.opens_h[workshop].get(week, 0.0) for workshop in self._workshops] for week in self._past]
        ).reshape(len(self._past), len(self._workshops))

    def weeks(self, ahead: Sequence[int]) -> list[DemandWeek]:
        """All workshops, the weeks of each in order."""
        by_week = [self._week(week) for week in ahead]
        return [of_week[number] for number in range(len(self._workshops)) for of_week in by_week]

    def _is_past(self, weeks: NDArray[np.int_]) -> NDArray[np.bool_]:
        return np.asarray((weeks >= self._past.start) & (weeks < self._past.stop))

    def _week(self, week: int) -> list[DemandWeek]:
        lead = week - self._now
        known = self._known(week, lead)
        new = self._new(week, lead) if self._past else None
        return [
            self._demand(workshop, week, known[workshop], new, number)
            for number, workshop in enumerate(self._workshops)
        ]

    def _known(self, week: int, lead: float) -> dict[str, _Known]:
        stands = self._standing_share(lead)
        booked = {workshop: list[DemandJob]() for workshop in self._workshops}
        for job in self._to_come:
            if job.week == week and job.workshop_id in booked:
                booked[job.workshop_id].append(job)
        open_h = dict.fromkeys(self._workshops, 0.0)
        for case in self._books.cases:
            if case.workshop_id in open_h:
                open_h[case.workshop_id] += self._case_hours(case, week - int(self._now))
        outcome = {}
        for workshop, jobs in booked.items():
            lost = stands * (1 - stands) * sum(job.hours**2 for job in jobs)
            parts = Counter[str](part for job in jobs for part in job.parts)
            outcome[workshop] = _Known(
                booked_h=stands * sum(job.hours for job in jobs),
                open_h=open_h[workshop],
                variance=lost + open_h[workshop] * self._grain,
                parts={part: stands * count for part, count in parts.items()},
            )
        return outcome

    def _case_hours(self, case: OpenCase, weeks_ahead: int) -> float:
        """What an open case needs this far ahead: as earlier ones did, but by the day that a trend foretells."""
        until = MAX_CASE_WEEKS if case.due is None else max(0, int(case.due) - int(self._now))
        total, within = sum(self._of_cases), sum(self._of_cases[: until + 1])
        if weeks_ahead > until or weeks_ahead >= len(self._of_cases):
            return 0.0
        return self._of_cases[weeks_ahead] * total / within if within else 0.0

    def _case_profile(self) -> list[float]:
        """Hours of work of a case that is open now, by the number of weeks ahead in which it is done."""
        part, hours, count = self._now % 1, [0.0] * MAX_CASE_WEEKS, 0
        jobs = self._jobs
        waited = self._is_past(jobs.week) & (np.ceil(jobs.known - part) < np.ceil(jobs.booked - part))
        for job in np.flatnonzero(waited):
            for origin in range(math.ceil(jobs.known[job] - part), math.ceil(jobs.booked[job] - part)):
                count += 1
                hours[min(max(0, jobs.week[job] - origin), MAX_CASE_WEEKS - 1)] += jobs.hours[job] * jobs.stands[job]
        count += sum(math.ceil(ended - part) - math.ceil(opened - part) for opened, ended in self._books.lapsed)
        if not count:
            return [self._job_h / UNKNOWN_CASE_WEEKS] * UNKNOWN_CASE_WEEKS
        return [each / count for each in hours]

    def _standing_share(self, lead: float) -> float:
        """How much of what is booked ``lead`` weeks ahead stands.

        When an appointment fell through is not known; it is taken for as likely at any time since it was booked.
        """
        jobs = self._jobs
        early = self._is_past(jobs.week) & (jobs.week - jobs.booked >= lead)
        fell = early & ~jobs.stands
        lost = float((lead / np.maximum(lead, jobs.start[fell] - jobs.booked[fell])).sum())
        stood = float((early & jobs.stands).sum())
        prior, of = STANDING_PRIOR
        return (prior + stood) / (of + stood + lost)

    def _new(self, week: int, lead: float) -> LevelForecast:
        """What comes beyond that, at each workshop."""
        jobs = self._jobs
        unknown = np.clip(lead + 1 - (jobs.start - jobs.known), 0.0, 1.0)
        came = self._by_week(np.floor(jobs.booked).astype(int), jobs.hours * unknown, jobs.stands)
        new = self._by_week(jobs.week, jobs.hours, jobs.stands & (jobs.known >= jobs.week - lead))
        factors = season(self._past, came.sum(axis=1), self._opens.sum(axis=1), [*self._past, week])
        ahead = np.array([self._books.opens_h[workshop].get(week, 0.0) for workshop in self._workshops])
        rows = WeekRows(came, new, self._opens * factors[:-1, None], math.ceil(lead))
        return foretold(rows, ahead * factors[-1], week - self._past.stop, self._grain)

    def _by_week(self, weeks: NDArray[np.int_], hours: Matrix, chosen: NDArray[np.bool_]) -> Matrix:
        """The hours of the chosen jobs: past week x workshop."""
        total = np.zeros((len(self._past), len(self._workshops)))
        chosen = chosen & self._is_past(weeks)
        np.add.at(total, (weeks[chosen] - self._past.start, self._jobs.workshop[chosen]), hours[chosen])
        return total

    def _demand(self, workshop: str, week: int, known: _Known, new: LevelForecast | None, number: int) -> DemandWeek:
        new_h = float(new.mean[number]) if new else 0.0
        new_variance = float(new.variance[number]) if new else 0.0
        judged_by = new.weeks if new else None
        expected = known.booked_h + known.open_h + new_h
        hours = _estimate(expected, known.variance + new_variance, judged_by)
        unbooked_h = known.open_h + new_h
        spread = new_variance / new_h**2 if new_h else 0.0

        def of_parts(booked: float, per_h: float) -> Estimate:
            unbooked = per_h * unbooked_h
            return _estimate(booked + unbooked, unbooked + spread * unbooked**2 + LOST * booked, judged_by)

        names = sorted({*known.parts, *self._parts_per_h})
        parts = {part: of_parts(known.parts.get(part, 0.0), self._parts_per_h.get(part, 0.0)) for part in names}
        total = of_parts(sum(known.parts.values()), sum(self._parts_per_h.values()))
        return DemandWeek(workshop, week, hours, known.booked_h, known.open_h, new_h, parts, total)

    def _rates(self) -> dict[str, float]:
        """Parts per hour of work."""
        recent = range(int(self._now) - PARTS_WEEKS, int(self._now))
        jobs = [job for job in self._books.jobs if job.stands and job.week in recent]
        hours = sum(job.hours for job in jobs)
        counts = Counter[str](part for job in jobs for part in job.parts)
        return {part: count / hours for part, count in counts.items()} if hours else {}


def _estimate(mean: float, variance: float, judged_by: int | None) -> Estimate:
    """An interval of a gamma distribution, wider where few errors are known; without history nothing bounds it."""
    if mean <= 0 or variance <= 0:
        return Estimate(mean, mean, None if judged_by is None else mean)
    tail = (1 - SHARE) / 2
    freedom = PRIOR_WEEKS + (judged_by or 0)
    variance *= (special.stdtrit(freedom, 1 - tail) / special.ndtri(1 - tail)) ** 2
    low, high = (float(special.gammaincinv(mean**2 / variance, at) * variance / mean) for at in (tail, 1 - tail))
    return Estimate(mean, low, None if judged_by is None else high)
