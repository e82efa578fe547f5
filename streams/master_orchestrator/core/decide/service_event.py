"""A workshop's report. It may come before the appointment's times would move the workflow, and then it wins.

A report of an impossible time is refused as a reading would be. A repeated ``event_id`` is rejected as
``duplicate_event``; the newest ones of the open workflow are remembered, those that were rejected too. An event that
the present state has no use for is ``illegal_event``; the record keeps what it said. If it is reported again when there
is a use for it, it counts: an episode that got worse was being diagnosed again while the workshop reported. That a
booking has fallen through counts then too: it does not stand if the owner declines an earlier one.
"""

from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import appointments
from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.sent_time import impossible_time
from master_orchestrator.core.decide.unknown import no_such_workflow
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.state import Chain, Facts, Workflow
from master_orchestrator_schemas.messages import ServiceEvent
from master_orchestrator_schemas.vocabulary import AgentType, ServiceEventKind, State

FELL_THROUGH = {
    ServiceEventKind.NO_SHOW: "no_show",
    ServiceEventKind.CANCELLED: "service_cancelled",
    ServiceEventKind.PARTS_MISSING: "parts_missing",
}
WANTED_IN = {
    ServiceEventKind.CHECKED_IN: frozenset({State.SCHEDULED}),
    ServiceEventKind.COMPLETED: frozenset({State.SCHEDULED, State.IN_SERVICE}),
    ServiceEventKind.MOVED: frozenset({State.SCHEDULED}),
    **dict.fromkeys(FELL_THROUGH, frozenset({State.SCHEDULED, State.IN_SERVICE})),
}
"""A work-completed without a check-in says that there was one; a no-show can be told after the appointment's start."""
STEPS_BEFORE_REPAIR = frozenset({AgentType.DIAGNOSIS, AgentType.CUSTOMER_ENGAGEMENT, AgentType.SCHEDULING})
"""Steps that a booked vehicle goes through again once it got worse."""


def on_service_event(context: Context[None], event: ServiceEvent) -> Decision:
    """What a workshop's report makes happen."""
    if impossible := impossible_time(context, event.ts_ms):
        return impossible
    chain = chain_of(context.state, event.workflow_id)
    if chain is None:
        return no_such_workflow(context.state, event.vehicle_id, event.workflow_id)
    reported = context.about(chain, actor_of(event), details_of(event))
    digest = digest_of(event.event_id)
    known = chain.service_events if isinstance(chain, Workflow) else ()
    if digest in known:
        return reported.reject("duplicate_event")
    if isinstance(chain, Workflow):
        about = context.about(chain, reported.actor, reported.details)
        if chain.state in WANTED_IN[event.kind]:
            return _wanted(about, event)
        if _ends_booking(chain, event):
            return about.end_booking(FELL_THROUGH[event.kind], digest)
    return _unwanted(reported, digest, again=-digest in known)


def _unwanted(reported: Context[Chain], digest: int, *, again: bool) -> list[ev.Event]:
    if again:
        return reported.noting(first="rejected").reject("duplicate_event")
    return reported.noting(state=reported.workflow.state.value).reject("illegal_event", service_event=-digest)


def _ends_booking(workflow: Workflow, event: ServiceEvent) -> bool:
    """Whether a booking falls through while the workflow is on its way to the next one."""
    if event.kind not in FELL_THROUGH or not workflow.is_open:
        return False
    execution = workflow.execution
    return execution is not None and execution.step in STEPS_BEFORE_REPAIR and workflow.standing is not None


def _wanted(context: Context[Workflow], event: ServiceEvent) -> list[ev.Event]:
    digest = digest_of(event.event_id)
    if event.kind in FELL_THROUGH:
        return appointments.fell_through(context, FELL_THROUGH[event.kind], digest)
    if event.kind is ServiceEventKind.MOVED:
        return appointments.moved(context, event.start_ms, event.end_ms, digest)
    if event.kind is ServiceEventKind.CHECKED_IN:
        return appointments.begun(context, "checked_in", service_event=digest)
    begun: list[ev.Event] = []
    if context.workflow.state is State.SCHEDULED:
        begun = appointments.begun(context.without_details, "checked_in")
    facts = _confirmed(context.workflow.facts, event)
    named = appointments.service_done(context, event.operations, event.ts_ms)
    return begun + named + appointments.finished(context, "work_completed", facts=facts, service_event=digest)


def _confirmed(facts: Facts, event: ServiceEvent) -> Facts:
    return replace(
        facts,
        confirmed_cause=bounds.clip_optional(event.confirmed_cause, bounds.CONFIRMED_BYTES),
        confirmed_subsystem=bounds.clip_optional(event.confirmed_subsystem, bounds.WORD_BYTES),
        parts_replaced=tuple(bounds.clip(part, bounds.PART_BYTES) for part in event.parts_replaced[: bounds.MAX_PARTS]),
        note=bounds.clip_optional(event.note, bounds.TEXT_BYTES),
    )


def digest_of(event_id: str) -> int:
    """What is remembered of an event id, 63 bits."""
    return int.from_bytes(sha256(event_id.encode()).digest()[:8], "big") >> 1


def actor_of(event: ServiceEvent) -> str:
    """Who reported it, for the audit trail."""
    return f"workshop:{event.workshop_id or 'unknown'}"


def details_of(event: ServiceEvent) -> dict[str, Any]:
    """What the workshop said, for the audit trail."""
    details = {
        "event_id": event.event_id,
        "kind": event.kind.value,
        "reported_at_ms": event.ts_ms,
        "confirmed_cause": event.confirmed_cause,
        "confirmed_subsystem": event.confirmed_subsystem,
        "parts_replaced": list(event.parts_replaced),
        "operations": list(event.operations),
        "labour_hours": event.labour_hours,
        "start_ms": event.start_ms,
        "end_ms": event.end_ms,
        "note": event.note,
    }
    return {name: value for name, value in details.items() if value not in (None, [])}
