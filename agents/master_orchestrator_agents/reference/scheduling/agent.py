"""The agent: hold three offers, let one be chosen, confirm it.

Two short transactions: one finds and holds, one confirms and gives the others back. A crash between them leaves holds,
which a repeat of the command takes up, and which run out after 15 minutes anyway. Where two runners have the command at
once, both have the same holds, and the first to confirm speaks for both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from master_orchestrator_agents.errors import PermanentError, RetryableError
from master_orchestrator_agents.reference.scheduling.fits import Fit, Wish
from master_orchestrator_agents.reference.scheduling.jobs import NOTICE_MS, PlannedJob, note_job
from master_orchestrator_agents.reference.scheduling.need import Need, bays_for, need_of, technicians_for
from master_orchestrator_agents.reference.scheduling.parts import PartsNeed, reserve, settle
from master_orchestrator_agents.reference.scheduling.search import Search
from master_orchestrator_agents.reference.scheduling.store import (
    EVERYBODY,
    HOLD_MS,
    SchedulingStore,
    booked,
    booked_by,
    confirm,
    drop_expired_holds,
    drop_holds,
    end_workflow_appointments,
    hold,
    holds_of,
    record,
    shown_in,
    standing,
    take_over,
)
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.results import SchedulingResult
from master_orchestrator_schemas.tasks import SchedulingTask
from master_orchestrator_schemas.vocabulary import AppointmentState, Priority

AFTER_PREFERRED_MS = 14 * DAY_MS
"""How long after the day the customer asked for is still what was asked for."""
ENDS: dict[str, AppointmentState] = {
    "no_show": AppointmentState.NO_SHOW,
    "service_cancelled": AppointmentState.CANCELLED,
}
"""How a replaced appointment ended, by the engine's reason for rebooking; any other reason: RESCHEDULED."""

RAISED = "priority_raised"
"""The engine's reason for rebooking where an appointment is too late by now."""

Choice = Callable[[Sequence[Offer]], int]
"""Which of the offers is taken (its index); the first is the earliest."""


def _the_earliest(offers: Sequence[Offer]) -> int:  # noqa: ARG001  a Choice, which may look at them
    return 0


@dataclass(frozen=True)
class _Held:
    """What the first transaction left behind."""

    offers: tuple[Offer, ...]
    fits: dict[str, Fit]


class SchedulingAgent:
    """Books workshop appointments. The same command gives the same appointment, however often and wherever it runs."""

    def __init__(
        self, store: SchedulingStore, choose: Choice = _the_earliest, *, plan_ahead_ms: int | None = None
    ) -> None:
        """``plan_ahead_ms``: bookings that begin later than this from now may still be moved by the nightly plan; None:
        the time of each is agreed at once, as that of URGENT ones and that an owner chose always is.
        """
        self._store = store
        self._plan_ahead_ms = plan_ahead_ms
        self._search = Search(store.network)
        self._choose = choose

    def __call__(self, task: Task[SchedulingTask]) -> SchedulingResult:
        """The confirmed appointment, with the offers it was chosen from; ``no_place`` if nothing is free for 90 days.

        Raises:
            PermanentError: no workshop has the bay or the skill.
            RetryableError: the hold ran out while the customer was choosing.
        """
        given = task.expect(SchedulingTask)
        need = self._need(task, given)
        held = self._hold(task, given, need)
        if isinstance(held, SchedulingResult):
            return held
        wanted = _wanted(given, held.offers)
        chosen = self._choose(held.offers) if wanted is None else wanted
        return self._confirm(task, given, need, held, chosen)

    def _need(self, task: Task, given: SchedulingTask) -> Need:
        with task.access("read", "center_capacity") as access:
            with self._store.database.read() as sql:
                self._store.refresh(sql, task.issued_at_ms)
            self._search.use(self._store.network)
            access.rows = len(self._store.network)
        need = need_of(given.operations, self._store.network)
        self._check_possible(need)
        return need

    def _check_possible(self, need: Need) -> None:
        if any(bays_for(workshop, need) and technicians_for(workshop, need) for workshop in self._store.network):
            return
        raise PermanentError(
            f"no workshop has a bay {need.bay!r} and a technician for {', '.join(sorted(need.skills))}: "
            "add one to the workshops' store, or correct the operation"
        )

    def _hold(self, task: Task, given: SchedulingTask, need: Need) -> SchedulingResult | _Held:
        """The first transaction; a result if the command, or an earlier one of the workflow, is booked already."""
        now_ms = task.issued_at_ms
        with self._store.database.write() as sql:
            known = _booked(sql, task, given)
            if known is not None:
                return known
            with task.access("delete", "appointment", entity=EVERYBODY):
                drop_expired_holds(sql, now_ms)
            with task.access("write", "parts_stock"):
                settle(sql, now_ms)
            held = holds_of(sql, task.command_id) or self._chosen_hold(sql, task, given)
            held = held or self._new_holds(sql, task, given, need)
            if not held:
                with task.access("write", "appointment", rows=1):
                    note_job(sql, _planned_job(task, given, need, agreed=False), now_ms)
                return SchedulingResult.model_validate({"status": AppointmentState.CANCELLED, "no_place": True})
        return _Held(tuple(_offer(fit, now_ms) for fit in held.values()), held)

    def _chosen_hold(self, sql: Sql, task: Task, given: SchedulingTask) -> dict[str, Fit]:
        """Of the times that the owner was shown, the chosen one is this command's now; the others are given back."""
        shown = holds_of(sql, shown_in(task.workflow_id))
        if not shown:
            return {}
        chosen = {appointment_id: fit for appointment_id, fit in shown.items() if _is_chosen(given, fit)}
        with task.access("write", "appointment", rows=len(shown)):
            for appointment_id in chosen:
                take_over(sql, appointment_id, task.command_id, task.issued_at_ms + HOLD_MS)
            drop_holds(sql, shown_in(task.workflow_id))
        return chosen

    def _new_holds(self, sql: Sql, task: Task, given: SchedulingTask, need: Need) -> dict[str, Fit]:
        """The chosen time, if it is free though nobody holds it any more, or else up to three others."""
        wish, chosen = _wish(task, given, need), given.chosen
        with task.access("read", "center_capacity") as access:
            fits = [] if chosen is None else self._search.at(sql, wish, chosen.workshop_id, chosen.start_ms)
            fits = fits or self._search.offers(sql, wish)
            access.rows = len(fits)
        with task.access("write", "appointment", rows=len(fits)):
            return hold(sql, task, fits, urgent=wish.urgent)

    def _job(self, task: Task, given: SchedulingTask, need: Need, fit: Fit) -> PlannedJob:
        """What is booked; its time is agreed if the owner chose it, or if it is too near to be moved.

        Not if the owner chose another one that is taken by now: this one is yet to be told.
        """
        ahead_ms = self._plan_ahead_ms
        is_urgent = given.priority is Priority.URGENT
        is_near = ahead_ms is None or fit.start_ms - task.issued_at_ms < ahead_ms
        agreed = is_urgent or _is_chosen(given, fit) or (is_near and given.chosen is None)
        return _planned_job(task, given, need, agreed=agreed)

    def _confirm(self, task: Task, given: SchedulingTask, need: Need, held: _Held, chosen: int) -> SchedulingResult:
        """The second transaction."""
        appointment_id, fit = list(held.fits.items())[chosen]
        job = self._job(task, given, need, fit)
        result = booked(job, appointment_id, fit, held.offers)
        with self._store.database.write() as sql:
            known = _booked(sql, task, given)
            if known is not None:
                with task.access("delete", "appointment"):
                    drop_holds(sql, task.command_id)
                return known
            replaced = ENDS.get((given.rebook_reason or "").lower(), AppointmentState.RESCHEDULED)
            with task.access("write", "appointment", rows=1):
                end_workflow_appointments(sql, task.workflow_id, replaced)
                if not confirm(sql, task, appointment_id):
                    raise RetryableError("the hold on the offer ran out before it was confirmed")
                record(sql, task, result)
                note_job(sql, job, task.issued_at_ms)
            with task.access("write", "parts_stock", rows=len(need.parts)):
                reserve(sql, PartsNeed(appointment_id, fit.workshop_id, fit.end_ms), need.parts, task.issued_at_ms)
        return result


def _wanted(given: SchedulingTask, offers: Sequence[Offer]) -> int | None:
    """The index of the offer that the owner has chosen already; None if there is none, or it is taken by now."""
    if given.chosen is None:
        return None
    place = (given.chosen.workshop_id, given.chosen.start_ms)
    return next((index for index, o in enumerate(offers) if (o.workshop_id, o.start_ms) == place), None)


def _is_chosen(given: SchedulingTask, fit: Fit) -> bool:
    chosen = given.chosen
    return chosen is not None and (chosen.workshop_id, chosen.start_ms) == (fit.workshop_id, fit.start_ms)


def _planned_job(task: Task, given: SchedulingTask, need: Need, *, agreed: bool) -> PlannedJob:
    from_ms = _wish(task, given, need).from_ms
    return PlannedJob(
        workflow_id=task.workflow_id,
        vehicle_id=task.vehicle_id,
        priority=given.priority,
        safe_to_drive=given.safe_to_drive,
        need=need,
        from_ms=from_ms,
        due_ms=given.due_by_ms,
        agreed=agreed,
    )


def _booked(sql: Sql, task: Task, given: SchedulingTask) -> SchedulingResult | None:
    """What the command, or another one for the same visit, has booked already.

    Another revision or attempt of a rebooking has ended the appointment that is to be replaced; what stands now is what
    this command asks for too, and the workflow may have been told of it; not if it is too late by now: then the episode
    got worse since.
    """
    with task.access("read", "appointment", rows=1):
        known = booked_by(sql, task.command_id)
        stands = standing(sql, task.workflow_id, task.issued_at_ms) if known is None else None
    if known is not None:
        return known
    if stands is None or stands.appointment_id == given.replaces:
        return None
    begins_in_time = stands.start_ms is not None and stands.start_ms <= given.due_by_ms
    return stands if begins_in_time or given.rebook_reason != RAISED else None


def _wish(task: Task, given: SchedulingTask, need: Need) -> Wish:
    now_ms = task.issued_at_ms
    notice_ms = NOTICE_MS[given.priority]
    soonest_ms, preferred_ms = now_ms + notice_ms, given.preferred_from_ms or 0
    from_ms = max(soonest_ms, preferred_ms)
    until_ms = from_ms + AFTER_PREFERRED_MS if preferred_ms > given.due_by_ms else given.due_by_ms
    return Wish(
        need=need,
        vehicle_id=task.vehicle_id,
        priority=given.priority,
        now_ms=now_ms,
        notice_ms=notice_ms if preferred_ms <= soonest_ms else None,
        from_ms=from_ms,
        until_ms=max(from_ms, until_ms),
    )


def _offer(fit: Fit, now_ms: int) -> Offer:
    return Offer(workshop_id=fit.workshop_id, start_ms=fit.start_ms, end_ms=fit.end_ms, held_until_ms=now_ms + HOLD_MS)
