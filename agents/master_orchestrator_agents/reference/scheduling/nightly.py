"""The nightly plan of one workshop: which job gets which place, by OR-Tools' CP-SAT. Needs the extra ``scheduling``.

What is agreed, held or under way is fixed; only the jobs given are placed, each within one day. What is sought is
little lateness, weighted by priority, with few moves: a job stays where it is unless moving it saves more than the move
costs.

The jobs that are late or wait are planned in rounds of ``LATE_PER_ROUND``, the most costly first; each round may move
up to ``MOVABLE_PER_ROUND`` others, which stand before the late ones. So the work of a night grows with the late jobs,
not with the books, and what a round has found stands whatever the next ones find. The same input gives the same plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from master_orchestrator_agents.errors import AgentError
from master_orchestrator_agents.reference.scheduling.boards import BookingBoard
from master_orchestrator_agents.reference.scheduling.candidates import Candidates
from master_orchestrator_agents.reference.scheduling.fits import Fit
from master_orchestrator_agents.reference.scheduling.jobs import PlannedJob
from master_orchestrator_agents.reference.scheduling.need import technicians_for
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_schemas.vocabulary import Priority

LATENESS: Mapping[Priority, int] = {
    Priority.URGENT: 100,
    Priority.HIGH: 30,
    Priority.SCHEDULED: 5,
    Priority.ROUTINE: 1,
}
"""What half an hour of lateness costs."""
MOVE = 48
"""What moving a job costs: about five hours of lateness of a SCHEDULED one."""
MAX_LATE_SLOTS = 48 * 60
"""A job without a place costs as much as one that is sixty days late."""
LATE_PER_ROUND = 8
MOVABLE_PER_ROUND = 40
MAX_WORK = 0.5
"""How long the solver may look in a round, in its own measure of work, which does not depend on the machine's speed."""

Places = Mapping[str, Fit]
"""Workflow -> place."""


class SolverMissingError(AgentError):
    """OR-Tools is not installed."""


@dataclass(frozen=True)
class PlanningTable:
    """One workshop and the days that are planned: its boards, with all that is fixed, and the jobs to place.

    ``first_slots``: workflow -> the slot before which the job cannot begin.
    """

    workshop: Workshop
    days: Sequence[BookingBoard]
    jobs: Sequence[PlannedJob]
    first_slots: Mapping[str, int]


def placed(table: PlanningTable) -> dict[str, Fit]:
    """Workflow -> place; a job without a place now may stay without one."""
    places = {job.workflow_id: job.fit for job in table.jobs if job.fit is not None}
    late = [job for job in table.jobs if _is_late(job)]
    late.sort(key=lambda job: (-_cost(job, job.fit), job.workflow_id))
    for first in range(0, len(late), LATE_PER_ROUND):
        places |= _Round(table, places, late[first : first + LATE_PER_ROUND]).solved()
    return places


def _is_late(job: PlannedJob) -> bool:
    return job.fit is None or job.fit.start_ms > job.due_ms


def _cost(job: PlannedJob, fit: Fit | None) -> int:
    late_slots = MAX_LATE_SLOTS if fit is None else fit.slots[0] - job.due_ms // SLOT_MS
    return LATENESS[job.priority] * min(max(0, late_slots), MAX_LATE_SLOTS)


@dataclass(frozen=True)
class _Choice:
    """A place that a job may get, and the variable that says whether it does."""

    job: PlannedJob
    fit: Fit
    taken: Any  # OR-Tools' own types are known only where it is installed


class _Round:
    """Late jobs, and others that may make room for them; all the rest stays."""

    def __init__(self, table: PlanningTable, places: Places, late: Sequence[PlannedJob]) -> None:
        self._table, self._places = table, places
        self._jobs = [*late, *_in_the_way(table, places, late)]
        moving = {job.workflow_id for job in self._jobs}
        staying = [each for name, fit in places.items() if name not in moving for each in fit.occupied]
        self._present = [places[name] for name in sorted(moving & places.keys())]
        self._days = [day.with_planned(staying) for day in table.days]
        self._cp = _cp_model()
        self._model = self._cp.CpModel()
        self._choices = list(self._all_choices())

    def solved(self) -> dict[str, Fit]:
        """The best plan that was found."""
        self._one_place_each()
        self._one_job_at_a_time()
        self._leave_shares()
        self._model.minimize(sum(self._gain(choice) * choice.taken for choice in self._choices))
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = MAX_WORK
        solver.parameters.linearization_level = (
            2  # relaxed, choices of places are nearly whole; presolving takes longer
        )
        solver.parameters.cp_model_presolve = False
        if solver.solve(self._model) not in {self._cp.OPTIMAL, self._cp.FEASIBLE}:
            return {}
        return {choice.job.workflow_id: choice.fit for choice in self._choices if solver.value(choice.taken)}

    def _all_choices(self) -> Iterable[_Choice]:
        candidates = Candidates(self._table.workshop, self._days, self._present)
        for job in self._jobs:
            now = self._places.get(job.workflow_id)
            for fit in candidates.of(job, now, self._table.first_slots[job.workflow_id]):
                choice = _Choice(job, fit, self._model.new_bool_var(""))
                self._model.add_hint(choice.taken, fit == now)
                yield choice

    def _gain(self, choice: _Choice) -> int:
        """What a place costs, against none of those that wait."""
        now = self._places.get(choice.job.workflow_id)
        cost = _cost(choice.job, choice.fit) + (MOVE if choice.fit != now and now is not None else 0)
        return cost if now is not None else cost - _cost(choice.job, None)

    def _one_place_each(self) -> None:
        for job in self._jobs:
            own = [choice.taken for choice in self._choices if choice.job is job]
            if job.workflow_id in self._places:
                self._model.add_exactly_one(own)
            else:
                self._model.add_at_most_one(own)

    def _one_job_at_a_time(self) -> None:
        """At each bay and technician; the days know what is free besides."""
        at: dict[tuple[str, int], list[Any]] = {}
        for choice in self._choices:
            for each in choice.fit.occupied:
                at.setdefault(each, []).append(choice.taken)
        for takers in at.values():
            if len(takers) > 1:
                self._model.add_at_most_one(takers)

    def _leave_shares(self) -> None:
        """What a priority leaves of each day and kind of skill; where it is used already, no more of it."""
        groups = {frozenset(technicians_for(self._table.workshop, job.need)) for job in self._jobs}
        for day in self._days:
            of_day = [choice for choice in self._choices if choice.fit.slots[0] in day.slots]
            for group in groups:
                of_group = [choice for choice in of_day if choice.fit.technician in group]
                for priority in (Priority.HIGH, Priority.SCHEDULED):
                    bound = [choice for choice in of_group if choice.job.priority >= priority]
                    self._leave_share(day, group, priority, bound)

    def _leave_share(
        self, day: BookingBoard, group: frozenset[str], priority: Priority, bound: Sequence[_Choice]
    ) -> None:
        lengths = [len(choice.fit.slots) for choice in bound]
        now = sum(len(choice.fit.slots) for choice in bound if choice.fit == self._places.get(choice.job.workflow_id))
        room = max(day.room(group, left=self._table.workshop.share_left_by(priority)), now)
        if sum(lengths) > room:
            self._model.add(sum(length * choice.taken for length, choice in zip(lengths, bound, strict=True)) <= room)


def _in_the_way(table: PlanningTable, places: Places, late: Sequence[PlannedJob]) -> list[PlannedJob]:
    """Jobs that stand where late ones could be, those that can wait longest first."""
    ids = {job.workflow_id for job in late}
    first = min(table.first_slots[name] for name in ids)
    ends = [places[name].slots[0] for name in ids if name in places]
    last = table.days[-1].slots.stop if len(ends) < len(ids) else max(ends)
    others = [job for job in table.jobs if job.workflow_id in places and job.workflow_id not in ids]
    standing = [job for job in others if first <= places[job.workflow_id].slots[-1] and _start(places, job) < last]
    standing.sort(key=lambda job: (-job.priority, _start(places, job), job.workflow_id))
    return standing[:MOVABLE_PER_ROUND]


def _start(places: Places, job: PlannedJob) -> int:
    return places[job.workflow_id].slots[0]


def _cp_model() -> ModuleType:
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        message = "the nightly plan needs OR-Tools: install it with pip install 'master-orchestrator[scheduling]'"
        raise SolverMissingError(message) from None
    return cp_model
