"""The nightly plan of one workshop: which job gets which place, by OR-Tools' CP-SAT. Needs the extra ``scheduling``.

What is agreed, held or under way is fixed; only the jobs given are placed, each within one day. What is sought is
little lateness, weighted by priority, with few moves: a job stays where it is unless moving it saves more than the move
costs.
The same input gives the same plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from master_orchestrator_agents.errors import AgentError
from master_orchestrator_agents.reference.scheduling.boards import BookingBoard, runs
from master_orchestrator_agents.reference.scheduling.fits import Fit
from master_orchestrator_agents.reference.scheduling.jobs import PlannedJob
from master_orchestrator_agents.reference.scheduling.need import bays_for, technicians_for
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
MAX_WORK = 2.0
"""How long the solver may look, in its own measure of work, which does not depend on the machine's speed."""


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
    if not any(job.fit is None or job.fit.start_ms > job.due_ms for job in table.jobs):
        return {}  # nothing could be better, and moving costs
    return _Model(table, _cp_model()).solved()


@dataclass
class _Option:
    """A job with one technician on one day."""

    day: int
    technician: str
    length: int
    chosen: Any


@dataclass
class _Variables:
    """One job's: its start, its options, the bay literals."""

    job: PlannedJob
    start: Any
    options: list[_Option] = field(default_factory=list)
    bays: dict[str, Any] = field(default_factory=dict)


class _Model:
    # Any: OR-Tools' own types are known only where it is installed.
    def __init__(self, table: PlanningTable, cp: ModuleType) -> None:
        self._table = table
        self._cp = cp
        self._model = cp.CpModel()
        self._base = table.days[0].slots.start
        self._end = table.days[-1].slots.stop - self._base
        self._at: dict[str, list[Any]] = {}
        self._costs: list[Any] = []
        self._all = [self._variables(job) for job in table.jobs]
        for intervals in self._at.values():
            self._model.add_no_overlap(intervals)
        self._keep_urgent_share()
        self._model.minimize(sum(self._costs))

    def solved(self) -> dict[str, Fit]:
        """The best plan that was found."""
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = MAX_WORK
        status = solver.solve(self._model)
        if status not in {self._cp.OPTIMAL, self._cp.FEASIBLE}:
            return {each.job.workflow_id: each.job.fit for each in self._all if each.job.fit}
        return dict(found for each in self._all if (found := self._read(solver, each)))

    def _read(self, solver: Any, each: _Variables) -> tuple[str, Fit] | None:
        option = next((option for option in each.options if solver.value(option.chosen)), None)
        if option is None:
            return None
        bay = next(bay for bay, chosen in each.bays.items() if solver.value(chosen))
        first = self._base + solver.value(each.start)
        slots = tuple(range(first, first + option.length))
        return each.job.workflow_id, Fit(self._table.workshop.workshop_id, bay, option.technician, slots)

    def _variables(self, job: PlannedJob) -> _Variables:
        model, lengths = self._model, technicians_for(self._table.workshop, job.need)
        each = _Variables(job, model.new_int_var(0, self._end, "start"))
        for technician, length in lengths.items():
            for number, day in enumerate(self._table.days):
                starts = self._starts(job, day, technician, length)
                if starts:
                    each.options.append(self._option(each, _Option(number, technician, length, None), starts))
        self._bays(each)
        has_place = sum(option.chosen for option in each.options)
        if job.fit is None:
            model.add(has_place <= 1)
            self._costs.append(LATENESS[job.priority] * MAX_LATE_SLOTS * (1 - has_place))
        else:
            model.add(has_place == 1)
        late = model.new_int_var(0, MAX_LATE_SLOTS, "late")
        model.add(late >= each.start - (job.due_ms // SLOT_MS - self._base))
        self._costs.append(LATENESS[job.priority] * late)
        self._hint(each)
        return each

    def _starts(self, job: PlannedJob, day: BookingBoard, technician: str, length: int) -> list[int]:
        """Where it could begin on a day; its present place counts whatever the hours are by now."""
        first = self._table.first_slots[job.workflow_id]
        mask = runs(day.free(technician), length)
        starts = [slot for bit, slot in enumerate(day.slots) if mask >> bit & 1 and slot >= first]
        if job.fit is not None and job.fit.technician == technician and job.fit.slots[0] in day.slots:
            starts.append(job.fit.slots[0])
        return [slot - self._base for slot in sorted(set(starts))]

    def _option(self, each: _Variables, option: _Option, starts: list[int]) -> _Option:
        option.chosen = self._model.new_bool_var("with")
        domain = self._cp.Domain.from_values(starts)
        self._model.add_linear_expression_in_domain(each.start, domain).only_enforce_if(option.chosen)
        interval = self._model.new_optional_fixed_size_interval_var(each.start, option.length, option.chosen, "work")
        self._occupy(option.technician, interval)
        return option

    def _bays(self, each: _Variables) -> None:
        """One bay, for as long as the chosen technician needs."""
        model, job = self._model, each.job
        by_length: dict[int, list[Any]] = {}
        for option in each.options:
            by_length.setdefault(option.length, []).append(option.chosen)
        each.bays = {bay: model.new_bool_var("in") for bay in bays_for(self._table.workshop, job.need)}
        model.add(sum(each.bays.values()) == sum(option.chosen for option in each.options))
        for length, chosen in by_length.items():
            takes_it = sum(chosen)
            for bay, in_bay in each.bays.items():
                both = model.new_bool_var("both")
                model.add(both >= in_bay + takes_it - 1)
                interval = model.new_optional_fixed_size_interval_var(each.start, length, both, "stay")
                self._occupy(bay, interval)

    def _occupy(self, resource: str, interval: Any) -> None:
        if resource not in self._at:
            self._at[resource] = [self._fixed(start, length) for start, length in self._taken(resource)]
        self._at[resource].append(interval)

    def _fixed(self, start: int, length: int) -> Any:
        return self._model.new_fixed_size_interval_var(start, length, "fixed")

    def _taken(self, resource: str) -> Iterable[tuple[int, int]]:
        """What is taken already: first slot, length."""
        for day in self._table.days:
            busy = day.busy.get(resource, 0)
            for bit, slot in enumerate(day.slots):
                if busy >> bit & 1:
                    yield slot - self._base, 1

    def _keep_urgent_share(self) -> None:
        """Of each day and kind of bay and skill; where it is used already, no more of it."""
        share = self._table.workshop.urgent_share
        groups = {frozenset(technicians_for(self._table.workshop, each.job.need)) for each in self._all}
        for number, day in enumerate(self._table.days):
            for group in groups:
                supply = sum(day.hours.of(who).bit_count() for who in group)
                fixed = sum(day.planned.get(who, 0) for who in group)
                fits = (each.job.fit for each in self._all)
                now = sum(len(fit.slots) for fit in fits if fit is not None and _is_in(fit, day, group))
                room = max(int((1 - share) * supply) - fixed, now)
                options = [o for each in self._all for o in each.options if o.day == number and o.technician in group]
                self._model.add(sum(option.length * option.chosen for option in options) <= room)

    def _hint(self, each: _Variables) -> None:
        """The present place, and what leaving it costs."""
        model, fit = self._model, each.job.fit
        if fit is None:
            return
        model.add_hint(each.start, fit.slots[0] - self._base)
        stays = model.new_bool_var("stays")
        model.add(each.start == fit.slots[0] - self._base).only_enforce_if(stays)
        model.add(sum(o.chosen for o in each.options if o.technician == fit.technician) == 1).only_enforce_if(stays)
        model.add(each.bays[fit.bay] == 1).only_enforce_if(stays)
        model.add_hint(stays, 1)
        self._costs.append(MOVE * (1 - stays))


def _is_in(fit: Fit, day: BookingBoard, group: frozenset[str]) -> bool:
    return fit.technician in group and fit.slots[0] in day.slots


def _cp_model() -> ModuleType:
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        message = "the nightly plan needs OR-Tools: install it with pip install 'master-orchestrator[scheduling]'"
        raise SolverMissingError(message) from None
    return cp_model
