"""Seeded weeks of bookings, planned in three ways: first come first served, greedy offers, and the nightly plan too.

Time is the simulation's: each booking is made at its own arrival, each nightly plan at 22:00. Every way is given the
same jobs and an empty network of the same workshops.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.fits import HORIZON_MS, Wish, WorkshopFits
from master_orchestrator_agents.reference.scheduling.jobs import NOTICE_MS
from master_orchestrator_agents.reference.scheduling.need import Need, need_of
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours
from master_orchestrator_agents.reference.scheduling.optimise import PlanTerms, optimise
from master_orchestrator_agents.reference.scheduling.search import by_distance
from master_orchestrator_agents.reference.scheduling.store import confirm, hold
from master_orchestrator_agents.reference.scheduling.week import SLOT_H, WEEK_DAYS, read_week
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.tasks import SchedulingTask
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, Priority

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
MONDAY_MS = 1_772_402_400_000
"""2 March 2026, midnight in Berlin: two weeks without a public holiday."""
WEEKS = 2
WORKSHOPS = 2
LOADS = {"light": 0.5, "full": 0.9, "overfull": 1.3}
"""Hours of labour that arrive in a week, as a share of the hours that technicians work."""
MIX = {Priority.URGENT: 0.05, Priority.HIGH: 0.15, Priority.SCHEDULED: 0.4, Priority.ROUTINE: 0.4}
WORK = (
    (0.45, "general", "standard", (0.5, 2.0)),
    (0.25, "brakes", "standard", (1.0, 3.0)),
    (0.15, "engine", "heavy", (2.0, 6.0)),
    (0.10, "electrical", "standard", (1.0, 4.0)),
    (0.05, "transmission", "heavy", (3.0, 7.0)),
)
"""Share, skill, bay, hours from and to."""
PLAN_AHEAD_MS = DAY_MS
"""Owners are told the time a day before; until then it may be moved."""
NIGHT_H = 22
DUE_MS = load_topology().service.due_ms


@dataclass(frozen=True)
class WeekJob:
    """One job and when it is asked for."""

    number: int
    at_ms: int
    task: SchedulingTask

    @property
    def command(self) -> Command:
        """The command that asks for it."""
        workflow_id = f"vehicle-{self.number}~1"
        return Command(
            command_id=f"{workflow_id}/SCHEDULING/0/0",
            workflow_id=workflow_id,
            vehicle_id=f"vehicle-{self.number}",
            agent=AgentType.SCHEDULING,
            priority=self.task.priority,
            step="SCHEDULING",
            attempt=0,
            revision=0,
            issued_at_ms=self.at_ms,
            deadline_ms=self.at_ms + 60_000,
            payload=self.task.model_dump(mode="json"),
        )


def arrivals(load: float, seed: int, supply_h: float) -> list[WeekJob]:
    """Two weeks of jobs, in order of time; ``supply_h``: hours that technicians work in a week."""
    rng, jobs, hours = random.Random(f"{seed}/{load}"), list[tuple[int, SchedulingTask]](), 0.0
    while hours < load * supply_h * WEEKS:
        at_ms = MONDAY_MS + rng.randrange(WEEKS * WEEK_DAYS) * DAY_MS + int(rng.triangular(6, 20, 9) * HOUR_MS)
        _, skill, bay, span = rng.choices(WORK, [row[0] for row in WORK])[0]
        labour_h = round(rng.uniform(*span) * 2) / 2
        (priority,) = rng.choices(list(MIX), list(MIX.values()))
        operation = {"name": "job", "labour_hours": labour_h, "skill": skill, "bay": bay}
        task = {"priority": priority, "operations": [operation], "due_by_ms": at_ms + DUE_MS[priority]}
        jobs.append((at_ms, SchedulingTask.model_validate(task)))
        hours += labour_h
    jobs.sort(key=lambda job: job[0])
    return [WeekJob(number, at_ms, task) for number, (at_ms, task) in enumerate(jobs)]


class Books:
    """An empty store and the three ways to fill it."""

    def __init__(self, folder: Path) -> None:
        self.store = SchedulingStore(folder / "appointments.sqlite3", workshops=WORKSHOPS)
        self.opening = OpeningHours()
        self.moves = 0

    def first_come(self, jobs: Iterable[WeekJob]) -> None:
        """The soonest place at the workshop at home, whatever the priority; nothing is kept for URGENT."""
        with self.store.database.write() as sql:
            sql.execute("UPDATE workshops SET urgent_share = 0")
            self.store.refresh(sql, MONDAY_MS)
        for job in jobs:
            task = Task[SchedulingTask](job.command)
            wish = _whenever(job, need_of(job.task.operations, self.store.network))
            home = by_distance(self.store.network, task.vehicle_id)[0]
            with self.store.database.write() as sql:
                fit = next(WorkshopFits(sql, home, wish, self.opening).since())
                (appointment_id,) = hold(sql, task, [fit], urgent=False)
                confirm(sql, task, appointment_id)

    def greedy(self, jobs: Iterable[WeekJob]) -> None:
        """The agent's offers, of which the earliest is taken."""
        agent = SchedulingAgent(self.store)
        for job in jobs:
            agent(Task(job.command))

    def nightly(self, jobs: Iterable[WeekJob]) -> None:
        """The same offers, and every night the plan."""
        agent, night_ms = SchedulingAgent(self.store, plan_ahead_ms=PLAN_AHEAD_MS), MONDAY_MS + NIGHT_H * HOUR_MS
        for job in jobs:
            while night_ms <= job.at_ms:
                self._night(night_ms)
                night_ms += DAY_MS
            agent(Task(job.command))
        self._night(night_ms)

    def _night(self, now_ms: int) -> None:
        terms = PlanTerms(now_ms, settled_ms=PLAN_AHEAD_MS, days=28)
        self.moves += len(optimise(self.store.database, terms, write=True).moves)

    def figures(self, jobs: list[WeekJob]) -> dict[str, float]:
        """Lateness by priority, travel, utilisation, moves."""
        with self.store.database.read() as sql:
            places = {
                workflow_id: (workshop, start_ms)
                for workflow_id, workshop, start_ms in sql.execute(
                    "SELECT workflow_id, workshop_id, start_ms FROM appointments WHERE state = 'CONFIRMED'"
                )
            }
            weeks = [
                read_week(sql, workshop, monday, self.opening)
                for workshop in self.store.network
                for monday in _mondays()
            ]
        ids = [workshop.workshop_id for workshop in self.store.network]
        late: dict[Priority, list[float]] = {priority: [] for priority in Priority}
        travel = []
        for job in jobs:
            workshop, start_ms = places[job.command.workflow_id]
            late[job.task.priority].append(max(0, start_ms - job.task.due_by_ms) / HOUR_MS)
            home = by_distance(self.store.network, job.command.vehicle_id)[0].workshop_id
            travel.append((ids.index(workshop) - ids.index(home)) % len(ids))
        supply = sum(week.supply_h for week in weeks)
        on_duty = [block for week in weeks for block in week.blocks if block.resource in week.workshop.technicians]
        return {
            "jobs": len(jobs),
            **{f"late_{name.name}_pct": 100 * _share_late(hours) for name, hours in late.items()},
            **{f"late_{name.name}_h": statistics.fmean(hours) for name, hours in late.items()},
            "utilisation_pct": 100 * SLOT_H * sum(len(block.slots) for block in on_duty) / supply,
            "away_from_home_pct": 100 * _share_late(travel),
            "moves_per_100_jobs": 100 * self.moves / len(jobs),
        }


WAYS: dict[str, Callable[[Books, list[WeekJob]], None]] = {
    "first come first served": Books.first_come,
    "greedy offers": Books.greedy,
    "greedy offers and nightly plan": Books.nightly,
}


def compared(load: str, seed: int) -> dict[str, dict[str, float]]:
    """The figures of each way, for one load and seed."""
    outcome = {}
    for name, way in WAYS.items():
        with TemporaryDirectory() as folder:
            books = Books(Path(folder))
            jobs = arrivals(LOADS[load], seed, _supply_h(books))
            started = time.monotonic()
            way(books, jobs)
            outcome[name] = {**books.figures(jobs), "seconds": time.monotonic() - started}
            books.store.close()
    return outcome


def _whenever(job: WeekJob, need: Need) -> Wish:
    from_ms = job.at_ms + NOTICE_MS[job.task.priority]
    return Wish(
        need=need,
        vehicle_id=job.command.vehicle_id,
        priority=Priority.HIGH,  # leaves nothing where nothing is kept for URGENT
        now_ms=job.at_ms,
        notice_ms=None,
        from_ms=from_ms,
        until_ms=job.at_ms + HORIZON_MS,
    )


def _mondays() -> list[date]:
    return [date(2026, 3, 2) + timedelta(weeks=number) for number in range(WEEKS)]


def _supply_h(books: Books) -> float:
    """Hours that technicians work in a week."""
    with books.store.database.read() as sql:
        weeks = [read_week(sql, workshop, _mondays()[0], books.opening) for workshop in books.store.network]
    return sum(week.supply_h for week in weeks)


def _share_late(values: Iterable[float]) -> float:
    return statistics.fmean(value > 0 for value in values)
