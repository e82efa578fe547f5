"""A workshop's report. It may come before the appointment's times would move the workflow, and then it wins.

A repeated ``event_id`` is rejected as ``duplicate_event``; the newest ones of the open workflow are remembered. An
event that the present state has no use for is ``illegal_event``; the record keeps what it said.
"""

from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import service
from master_orchestrator.core.decide.steps import no_such_workflow, rejected
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Facts, VehicleState, Workflow
from master_orchestrator_schemas.messages import ServiceEvent
from master_orchestrator_schemas.vocabulary import ServiceEventKind, State

FELL_THROUGH = {
    ServiceEventKind.NO_SHOW: "no_show",
    ServiceEventKind.CANCELLED: "service_cancelled",
    ServiceEventKind.PARTS_MISSING: "parts_missing",
}
WANTED_IN = {
    ServiceEventKind.CHECKED_IN: frozenset({State.SCHEDULED}),
    ServiceEventKind.COMPLETED: frozenset({State.SCHEDULED, State.IN_SERVICE}),
    **dict.fromkeys(FELL_THROUGH, frozenset({State.SCHEDULED, State.IN_SERVICE})),
}
"""A work-completed without a check-in says that there was one; a no-show can be told after the appointment's start."""


def on_service_event(
    policy: Policy, state: VehicleState, record: Input, event: ServiceEvent
) -> list[ev.Event] | ev.Refusal:
    """What a workshop's report makes happen."""
    chain, at_ms = chain_of(state, event.workflow_id), record.at_ms
    if chain is None:
        return no_such_workflow(state, event.vehicle_id, event.workflow_id)
    actor, said = actor_of(event), details_of(event)
    digest = digest_of(event.event_id)
    if isinstance(chain, Workflow) and digest in chain.service_events:
        return rejected(chain.workflow_id, at_ms, actor, "duplicate_event", said)
    if not isinstance(chain, Workflow) or chain.state not in WANTED_IN[event.kind]:
        return rejected(chain.workflow_id, at_ms, actor, "illegal_event", {**said, "state": chain.state.value})
    if event.kind in FELL_THROUGH:
        reason = FELL_THROUGH[event.kind]
        return service.fell_through(
            policy, state, chain, at_ms, reason=reason, actor=actor, details=said, service_event=digest
        )
    if event.kind is ServiceEventKind.CHECKED_IN:
        return service.begun(policy, chain, at_ms, reason="checked_in", actor=actor, details=said, service_event=digest)
    return _work_completed(policy, state, chain, at_ms, event)


def _work_completed(
    policy: Policy,
    state: VehicleState,
    workflow: Workflow,
    at_ms: int,
    event: ServiceEvent,
) -> list[ev.Event]:
    actor = actor_of(event)
    begun: list[ev.Event] = []
    if workflow.state is State.SCHEDULED:
        begun = service.begun(policy, workflow, at_ms, reason="checked_in", actor=actor)
    finished = service.finished(
        policy,
        state,
        workflow,
        at_ms,
        reason="work_completed",
        actor=actor,
        details=details_of(event),
        facts=_confirmed(workflow.facts, event),
        service_event=digest_of(event.event_id),
    )
    return [*begun, *finished]


def _confirmed(facts: Facts, event: ServiceEvent) -> Facts:
    return replace(
        facts,
        confirmed_cause=bounds.clip_optional(event.confirmed_cause, bounds.WORD_BYTES),
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
    said = {
        "event_id": event.event_id,
        "kind": event.kind.value,
        "reported_at_ms": event.ts_ms,
        "confirmed_cause": event.confirmed_cause,
        "confirmed_subsystem": event.confirmed_subsystem,
        "parts_replaced": list(event.parts_replaced),
        "labour_hours": event.labour_hours,
        "note": event.note,
    }
    return {name: value for name, value in said.items() if value not in (None, [])}
