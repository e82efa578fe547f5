"""Appointment and repair: beginning, end, and falling through; the same whether the workshop or the clock says so."""

from typing import Any

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import side_task
from master_orchestrator.core.decide.steps import enter, failed
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Facts, VehicleState, Workflow
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State


def begun(
    policy: Policy,
    workflow: Workflow,
    at_ms: int,
    *,
    reason: str,
    actor: str = ev.ENGINE,
    details: dict[str, Any] | None = None,
    service_event: int | None = None,
) -> list[ev.Event]:
    """SCHEDULED -> IN_SERVICE. Until the appointment's end, or, with a workshop feed, until the work is overdue."""
    end_ms = at_ms if workflow.appointment is None else workflow.appointment.end_ms
    service = policy.service
    due_ms = max(end_ms, at_ms) + service.overdue_after_ms if service.workshop_feed else end_ms
    return [
        ev.StateChanged(
            workflow_id=workflow.workflow_id,
            at_ms=at_ms,
            actor=actor,
            reason=reason,
            details=details or {},
            to_state=State.IN_SERVICE,
            due_ms=due_ms,
            service_event=service_event,
        )
    ]


def finished(
    policy: Policy,
    state: VehicleState,
    workflow: Workflow,
    at_ms: int,
    *,
    reason: str,
    actor: str = ev.ENGINE,
    details: dict[str, Any] | None = None,
    facts: Facts | None = None,
    service_event: int | None = None,
    confirmed: bool = True,
) -> list[ev.Event]:
    """IN_SERVICE -> FEEDBACK; a confirmed repair is counted by MANUFACTURING_QUALITY besides."""
    moved = enter(
        policy,
        workflow,
        AgentType.FEEDBACK,
        at_ms,
        reason=reason,
        actor=actor,
        details=details,
        facts=facts,
        service_event=service_event,
    )
    if not confirmed:
        return [moved]
    return [moved, side_task.started(policy, state, workflow, facts or workflow.facts, at_ms)]


def fell_through(
    policy: Policy,
    state: VehicleState,
    workflow: Workflow,
    at_ms: int,
    *,
    reason: str,
    actor: str = ev.ENGINE,
    details: dict[str, Any] | None = None,
    service_event: int | None = None,
) -> list[ev.Event]:
    """Back to SCHEDULING; once rebooked too often, FAILED: it takes a human to find out what is wrong."""
    if workflow.reschedules >= policy.service.max_reschedules:
        said = {**(details or {}), "fell_through": reason, "reschedules": workflow.reschedules}
        return [failed(policy, state, workflow, at_ms, Reason.RETRIES_EXHAUSTED, actor=actor, details=said)]
    return [
        enter(
            policy,
            workflow,
            AgentType.SCHEDULING,
            at_ms,
            reason=reason,
            actor=actor,
            details=details,
            rebooked=True,
            service_event=service_event,
        )
    ]
