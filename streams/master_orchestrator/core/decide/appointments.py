"""Appointment and repair: booking, beginning, end, and falling through; the same whether the workshop or the clock
says so.
"""

from collections.abc import Iterable
from typing import Unpack

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import calls, regular_service, side_task
from master_orchestrator.core.decide.booking import is_too_late
from master_orchestrator.core.decide.context import Changes, Context
from master_orchestrator.core.state import Appointment, Workflow
from master_orchestrator.core.transitions import REASONS
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State


def booked(context: Context[Workflow], appointment: Appointment, *, late: bool, tow: bool) -> list[ev.Event]:
    """SCHEDULING -> SCHEDULED."""
    called = calls.booked(context.policy, context.vehicle_id, context.workflow, appointment, late=late, tow=tow)
    due_ms = _until_ms(context, appointment)
    return context.move(State.SCHEDULED, "reply", due_ms, appointment=appointment, calls=called)


def no_place(context: Context[Workflow]) -> list[ev.Event]:
    """SCHEDULING -> RETRY: no workshop has a place. It asks again when there may be one, however often."""
    first = "not_booked" not in (REASONS[reason] for _, _, reason in context.workflow.history)
    called = calls.no_place(context.policy, context.vehicle_id, context.workflow) if first else ()
    retry_at_ms = context.at_ms + context.policy.service.ask_again_ms[context.workflow.priority]
    waits = context.noting(no_place=True)
    return [ev.StepFailed(**waits.head("not_booked"), retry_at_ms=retry_at_ms, is_answer=True, calls=called)]


def moved(context: Context[Workflow], start_ms: int | None, end_ms: int | None, service_event: int) -> list[ev.Event]:
    """The workshop has moved the appointment; it stays SCHEDULED."""
    before = context.workflow.appointment
    if before is None or start_ms is None or (end_ms is not None and end_ms < start_ms):
        return context.reject("start_missing", service_event=-service_event)
    end_ms = min(start_ms + before.end_ms - before.start_ms, MAX_MS) if end_ms is None else end_ms
    appointment = replace(before, start_ms=start_ms, end_ms=end_ms)
    late = is_too_late(context.policy, appointment, context.workflow.priority, context.at_ms)
    called = calls.booked(context.policy, context.vehicle_id, context.workflow, appointment, late=late, tow=False)
    due_ms = _until_ms(context, appointment)
    event = ev.AppointmentMoved(
        **context.head("moved"), appointment=appointment, due_ms=due_ms, service_event=service_event, calls=called
    )
    return [event]


def stands(
    context: Context[Workflow], appointment: Appointment, reason: Reason, called: tuple[ev.Call, ...]
) -> list[ev.Event]:
    """CUSTOMER_ENGAGEMENT -> SCHEDULED: the owner does not agree to an earlier time, the booking is kept."""
    return context.move(State.SCHEDULED, reason.value, _until_ms(context, appointment), calls=called)


def _until_ms(context: Context[Workflow], appointment: Appointment) -> int:
    """Until the start, or, with a workshop feed, until a check-in is overdue."""
    start_ms, service = appointment.start_ms, context.policy.service
    return max(start_ms, context.at_ms) + service.no_show_after_ms if service.workshop_feed else start_ms


def begun(context: Context[Workflow], reason: str, **changes: Unpack[Changes]) -> list[ev.Event]:
    """SCHEDULED -> IN_SERVICE. Until the appointment's end, or, with a workshop feed, until the work is overdue."""
    appointment, service = context.workflow.appointment, context.policy.service
    due_ms = context.at_ms if appointment is None else appointment.end_ms
    if service.workshop_feed:
        due_ms = max(due_ms, context.at_ms) + service.overdue_after_ms
    return context.move(State.IN_SERVICE, reason, due_ms, **changes)


def service_done(context: Context[Workflow], operations: Iterable[str], done_ms: int) -> list[ev.Event]:
    """Items of regular service that were done then begin again; those that are not named do not."""
    done = regular_service.done(context.policy, context.state, context.vehicle_id, operations, done_ms)
    if done is None:
        return []
    record, items = done
    return [ev.ServiceDone(**replace(context, details={"items": list(items)}).head("work_completed"), service=record)]


def finished(
    context: Context[Workflow], reason: str, *, confirmed: bool = True, **changes: Unpack[Changes]
) -> list[ev.Event]:
    """IN_SERVICE -> FEEDBACK; a confirmed repair is also counted by MANUFACTURING_QUALITY."""
    moved = context.enter(AgentType.FEEDBACK, reason, **changes)
    if not confirmed:
        return moved
    facts = changes.get("facts", context.workflow.facts)
    return moved + side_task.started(context.by_engine, facts)


def fell_through(context: Context[Workflow], reason: str, service_event: int | None = None) -> list[ev.Event]:
    """Back to SCHEDULING; once rebooked too often, FAILED: it takes a human to find out what is wrong."""
    reschedules = context.workflow.reschedules
    if reschedules >= context.policy.service.max_reschedules:
        return context.noting(fell_through=reason, reschedules=reschedules).fail(Reason.RETRIES_EXHAUSTED)
    booking = context.ended_booking(reason)
    facts = replace(context.workflow.facts, chosen=None)  # the offer that was chosen is what fell through
    return context.enter(
        AgentType.SCHEDULING, reason, rebooked=True, appointment=booking, facts=facts, service_event=service_event
    )
