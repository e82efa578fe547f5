"""Simulated years of a network's work: what was known when, and what came of it. Seeded.

Faults come by chance, more of them in winter and in some weeks, and a little more every year. Some are sudden, some
were foretold by a trend, some are regular service, booked weeks ahead. Owners decline, cancel and book again; workshops
are closed on public holidays, and full on some days. The forecast's own assumptions are not used here.
"""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from master_orchestrator_agents.reference.scheduling.demand.records import DemandBooks, DemandJob, OpenCase
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.opening import open_h

FIRST_DAY = date(2022, 1, 3).toordinal()
"""A Monday."""
PEOPLE = 5
"""Technicians at work while a workshop is open."""
FILLED = 0.9
"""Of their hours, what is given to work that is not urgent."""
DECLINED, CANCELLED, BOOKED_AGAIN = 0.12, 0.06, 0.7
CASE_DAYS = 14
"""After how many days a workflow whose owner declined is closed."""
PARTS = (("pads", 0.25), ("battery", 0.12), ("filter", 0.35), ("pump", 0.05), ("sensor", 0.15))


@dataclass(frozen=True)
class _Kind:
    """``days_to_book``, ``days_ahead``: from the finding to the booking, from there to the appointment, at most."""

    share: float
    winter: float
    days_to_book: float
    days_ahead: tuple[float, float]
    due_days: tuple[float, float] | None = None


KINDS = (
    _Kind(0.10, 0.35, 0.3, (0, 2)),
    _Kind(0.40, 0.25, 3, (1, 11)),
    _Kind(0.20, 0.10, 4, (1, 16), (5, 21)),
    _Kind(0.30, 0.00, 10, (5, 56)),
)
"""Urgent ones, sudden ones, those that a trend foretold, regular service."""


@dataclass
class _Visit:
    """Times in days. ``ended``: when the appointment fell through."""

    workshop_id: str
    known: float
    due: float | None
    hours: float = 0.0
    parts: tuple[str, ...] = ()
    booked: float = math.inf
    start: float = math.inf
    ended: float = math.inf
    again: bool = False


@dataclass
class DemandYears:
    """All that happens at ``workshops`` in some weeks."""

    workshops: Sequence[Workshop]
    weeks: int
    seed: int
    visits: list[_Visit] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = random.Random(f"demand/{self.seed}")
        self._free: dict[tuple[str, int], float] = {}
        shocks = _shocks(rng, self.weeks)
        for workshop in self.workshops:
            self._visits_of(workshop, shocks, random.Random(f"demand/{self.seed}/{workshop.workshop_id}"))
        self.first_week = (FIRST_DAY - 1) // 7
        self.opens_h = {
            workshop.workshop_id: {
                self.first_week + week: sum(open_h(workshop, _day(7 * week + day)) for day in range(7))
                for week in range(self.weeks + 9)
            }
            for workshop in self.workshops
        }

    def hours(self) -> dict[tuple[str, int], float]:
        """What was worked in the end: workshop, week -> hours."""
        total: dict[tuple[str, int], float] = defaultdict(float)
        for visit in self.visits:
            if visit.ended == math.inf and visit.start < math.inf:
                total[visit.workshop_id, self.first_week + int(visit.start // 7)] += visit.hours
        return total

    def parts(self) -> dict[tuple[str, int], int]:
        """How many parts were used: workshop, week -> number."""
        total: dict[tuple[str, int], int] = defaultdict(int)
        for visit in self.visits:
            if visit.ended == math.inf and visit.start < math.inf:
                total[visit.workshop_id, self.first_week + int(visit.start // 7)] += len(visit.parts)
        return total

    def known_at(self, now: float, since: int = 0) -> DemandBooks:
        """What the books and the open workflows say at a time (weeks), of books that begin with the week ``since``."""
        day, begin = 7 * (now - self.first_week), 7 * (since - self.first_week) if since else 0
        jobs = [
            DemandJob(
                workshop_id=visit.workshop_id,
                start=self.first_week + visit.start / 7,
                booked=self.first_week + visit.booked / 7,
                known=self.first_week + (visit.booked if visit.again else visit.known) / 7,
                hours=visit.hours,
                parts=visit.parts,
                stands=visit.ended > day,
            )
            for visit in self.visits
            if begin <= visit.booked <= day
        ]
        cases = [
            OpenCase(visit.workshop_id, None if visit.due is None else self.first_week + visit.due / 7)
            for visit in self.visits
            if not visit.again and begin <= visit.known <= day < min(visit.booked, visit.ended)
        ]
        lapsed = [
            (self.first_week + visit.known / 7, self.first_week + visit.ended / 7)
            for visit in self.visits
            if visit.booked == math.inf and begin <= visit.known and visit.ended <= day
        ]
        return DemandBooks(jobs, cases, self.opens_h, lapsed)

    def _visits_of(self, workshop: Workshop, shocks: Sequence[float], rng: random.Random) -> None:
        a_week, level = rng.uniform(18, 45), 1.0
        growth = rng.gauss(0.06, 0.04)
        for day in range(7 * self.weeks):
            level *= math.exp(rng.gauss(0, 0.008) - 0.02 * math.log(level))
            usual = a_week / 7 * level * (1 + growth * day / 365) * shocks[day // 7]
            for kind in KINDS:
                winter = 1 + kind.winter * math.cos(2 * math.pi * (day - 20) / 365.25)
                for _ in range(_poisson(rng, usual * kind.share * winter)):
                    self._visit(workshop, kind, day + rng.random(), rng)

    def _visit(self, workshop: Workshop, kind: _Kind, known: float, rng: random.Random) -> None:
        due = None if kind.due_days is None else known + rng.uniform(*kind.due_days)
        visit = _Visit(workshop.workshop_id, known, due)
        self.visits.append(visit)
        if rng.random() < DECLINED:
            visit.ended = known + CASE_DAYS
            return
        visit.hours = 0.5 * round(2 * min(8, max(0.5, rng.lognormvariate(0.5, 0.6))))
        visit.parts = tuple(part for part, chance in PARTS if rng.random() < chance)
        visit.booked = known + rng.uniform(0, kind.days_to_book)
        visit.start = self._place(workshop, visit.booked + rng.uniform(*kind.days_ahead), visit.hours)
        if rng.random() < CANCELLED:
            visit.ended = rng.uniform(visit.booked, visit.start)
            if rng.random() < BOOKED_AGAIN:
                start = self._place(workshop, visit.ended + rng.uniform(3, 12), visit.hours)
                self.visits.append(
                    _Visit(
                        workshop.workshop_id, known, visit.due, visit.hours, visit.parts, visit.ended, start, again=True
                    )
                )

    def _place(self, workshop: Workshop, wish: float, hours: float) -> float:
        """The first day from the wish on that has room."""
        day = int(wish)
        while True:
            key = (workshop.workshop_id, day)
            if key not in self._free:
                self._free[key] = open_h(workshop, _day(day)) * PEOPLE * FILLED
            if self._free[key] >= hours:
                self._free[key] -= hours
                return max(wish, float(day))
            day += 1


def _day(number: int) -> date:
    return date.fromordinal(FIRST_DAY) + timedelta(days=number)


def _shocks(rng: random.Random, weeks: int) -> list[float]:
    """Some weeks have more, and the next ones then too."""
    shocks, log = [], 0.0
    for _ in range(weeks):
        log = 0.5 * log + rng.gauss(0, 0.08)
        shocks.append(math.exp(log))
    return shocks


def _poisson(rng: random.Random, mean: float) -> int:
    """Knuth's way; means are small here."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
