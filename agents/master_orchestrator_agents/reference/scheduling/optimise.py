"""Re-optimises the books: plans each workshop, says what moves and why, and writes it down.

Planning works on a copy of the books and takes seconds. Writing checks that each job is still where the plan found it:
where the books have changed meanwhile, nothing is moved, and the next run sees the change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from master_orchestrator_agents.reference.scheduling.boards import board
from master_orchestrator_agents.reference.scheduling.fits import ONE_DAY, Fit
from master_orchestrator_agents.reference.scheduling.jobs import NOTICE_MS, PlannedJob, movable_jobs
from master_orchestrator_agents.reference.scheduling.network import Workshop, load_network
from master_orchestrator_agents.reference.scheduling.nightly import PlanningTable, placed
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours, local_day
from master_orchestrator_agents.reference.scheduling.parts import reserved_ready_ms, supply
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.scheduling.search import by_distance
from master_orchestrator_agents.reference.scheduling.store import free, put
from master_orchestrator_agents.reference.scheduling.told import note_left
from master_orchestrator_agents.reference.sql import AgentDatabase, Sql
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS

NEIGHBOURS = 3
"""At how many of the nearest workshops a job that waits is given a place."""


@dataclass(frozen=True)
class PlanTerms:
    """Terms of a run.

    Args:
        now_ms: when it is; milliseconds since 1970 UTC.
        settled_ms: what begins within this time stays, agreed or not: its owner is being told.
        days: how far ahead jobs are moved; later ones stay where they are.
    """

    now_ms: int
    settled_ms: int = DAY_MS
    days: int = 14


@dataclass(frozen=True)
class PlanMove:
    """A job and its new place. ``before`` None: it had none. ``why``: a sentence."""

    job: PlannedJob
    after: Fit
    why: str

    @property
    def before(self) -> Fit | None:
        """Where it was."""
        return self.job.fit


@dataclass(frozen=True)
class PlanOutcome:
    """What a run did. ``waiting``: workflows that still have no place. ``written``: the moves are in the books."""

    planned: int
    moves: tuple[PlanMove, ...]
    waiting: tuple[str, ...]
    written: bool


def optimise(database: AgentDatabase, terms: PlanTerms, *, write: bool) -> PlanOutcome:
    """Plan all workshops, and with ``write`` move what the plan moves. Raises ``SolverMissingError``."""
    with database.read() as sql:
        books = _Books(sql, terms)
        moves = books.plan()
    found = {move.job.workflow_id for move in moves}
    waiting = tuple(job.workflow_id for job in books.jobs if job.fit is None and job.workflow_id not in found)
    written = write and _write(database, moves, terms)
    return PlanOutcome(len(books.jobs), tuple(moves), waiting, written)


class _Books:
    """The books as they were when planning began."""

    def __init__(self, sql: Sql, terms: PlanTerms) -> None:
        self._sql = sql
        self._now_ms = terms.now_ms
        self._days = terms.days
        self._opening = OpeningHours()
        self._network = load_network(sql)
        self.jobs = movable_jobs(sql, terms.now_ms, terms.settled_ms)

    def plan(self) -> list[PlanMove]:
        """All moves, workshop by workshop; a waiting job that finds no place goes to the next nearest."""
        places: dict[str, Fit] = {}
        members = {workshop.workshop_id: list[PlannedJob]() for workshop in self._network}
        for job in self.jobs:
            if job.fit is not None:
                members[job.fit.workshop_id].append(job)
        waiting = [job for job in self.jobs if job.fit is None]
        for number in range(min(NEIGHBOURS, len(self._network))):
            for workshop in self._network:
                mine = members[workshop.workshop_id]
                guests = [job for job in waiting if by_distance(self._network, job.vehicle_id)[number] == workshop]
                if guests or (mine and number == 0):
                    found = self._placed(workshop, [*mine, *guests])
                    mine += [job for job in guests if job.workflow_id in found]
                    places |= found
            waiting = [job for job in waiting if job.workflow_id not in places]
        changed = [job for job in self.jobs if places.get(job.workflow_id, job.fit) != job.fit]
        return [PlanMove(job, places[job.workflow_id], _why(job, places)) for job in changed]

    def _placed(self, workshop: Workshop, jobs: Sequence[PlannedJob]) -> dict[str, Fit]:
        first = local_day(workshop, self._now_ms)
        ahead = (self._opening.day(workshop, first + number * ONE_DAY, urgent=False) for number in range(self._days))
        days = [hours for hours in ahead if hours.slots]
        if not days:
            return {}
        span = range(days[0].slots.start, days[-1].slots.stop)
        moving = [job for job in jobs if job.fit is None or _is_one_day_in(job.fit, span)]
        own = {job.appointment_id for job in moving}
        rows = self._sql.execute(
            "SELECT slot, resource_id, urgent, appointment_id FROM occupancy "
            "WHERE workshop_id = ? AND slot >= ? AND slot < ?",
            (workshop.workshop_id, span.start, span.stop),
        ).fetchall()
        fixed = [(slot, resource, urgent) for slot, resource, urgent, of in rows if of not in own]
        boards = [board(hours, (row for row in fixed if row[0] in hours.slots)) for hours in days]
        first_slots = {job.workflow_id: self._first_slot(workshop, job) for job in moving}
        return placed(PlanningTable(workshop, boards, moving, first_slots))

    def _first_slot(self, workshop: Workshop, job: PlannedJob) -> int:
        """When the owner can be there at the soonest, and the parts are."""
        soonest_ms = [job.from_ms, self._now_ms + NOTICE_MS[job.priority]]
        if job.appointment_id is None:
            soonest_ms += [
                supply(self._sql, workshop.workshop_id, part, self._now_ms).ready_ms for part in job.need.parts
            ]
        else:
            soonest_ms.append(reserved_ready_ms(self._sql, job.appointment_id))
        return -(-max(soonest_ms) // SLOT_MS)


def _is_one_day_in(fit: Fit, span: range) -> bool:
    in_a_row = fit.slots[-1] - fit.slots[0] + 1 == len(fit.slots)
    return in_a_row and fit.slots[0] in span and fit.slots[-1] in span


def _why(job: PlannedJob, places: Mapping[str, Fit]) -> str:
    after = places[job.workflow_id]
    if job.fit is None:
        return "it waited for a place"
    late_h = [max(0, fit.start_ms - job.due_ms) / HOUR_MS for fit in (job.fit, after)]
    if late_h[1] < late_h[0]:
        left = f"still {late_h[1]:.0f} h late" if late_h[1] else "in time now"
        return f"it was {late_h[0]:.0f} h late, and is {left}"
    taken = {(resource, slot) for slot in job.fit.slots for resource in (job.fit.bay, job.fit.technician)}
    successors = [
        workflow_id
        for workflow_id, fit in sorted(places.items())
        if workflow_id != job.workflow_id
        and any((resource, slot) in taken for slot in fit.slots for resource in (fit.bay, fit.technician))
    ]
    return f"it makes room for {successors[0]}" if successors else "another move made a better place free"


def _write(database: AgentDatabase, moves: Iterable[PlanMove], terms: PlanTerms) -> bool:
    """Move all of them, or none where the books are no longer what the plan was made of."""
    with database.write() as sql:
        jobs = {job.workflow_id: job for job in movable_jobs(sql, terms.now_ms, terms.settled_ms)}
        if any(jobs.get(move.job.workflow_id) != move.job for move in moves):
            return False
        for move in moves:
            if move.job.appointment_id is not None:
                free(sql, move.job.appointment_id)
        for move in moves:
            put(sql, move.job, move.after, terms.now_ms)
            if move.before is not None:
                note_left(sql, move.job.appointment_id, move.before)
                sql.execute(
                    "INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?, 0)",
                    (
                        *(move.job.appointment_id, terms.now_ms, move.job.workflow_id),
                        *(move.before.start_ms, move.after.start_ms, move.why),
                    ),
                )
    return True
