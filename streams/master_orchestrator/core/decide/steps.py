"""Entering, repeating and ending steps: the moves that several rules share."""

from typing import Any

from master_orchestrator.core import bounds, transitions
from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.cooldowns import after_the_end
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Appointment, Execution, Facts, KnownFinding, VehicleState, Workflow
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Reason, State

TOLD = frozenset({Reason.SERVICED, Reason.DECLINED})
"""Ends after which the owner knows of the findings."""


def first_execution(policy: Policy, workflow: Workflow, step: AgentType, at_ms: int) -> Execution:
    """The next execution of a step, with a fresh budget of retries."""
    attempt = workflow.executions.get(step.value, 0)
    return Execution(step, attempt, attempt, 0, at_ms, at_ms + policy.agents[step].reply_within_ms)


def next_execution(policy: Policy, last: Execution, at_ms: int) -> Execution:
    """The execution after ``last``, of the same step and budget."""
    deadline_ms = at_ms + policy.agents[last.step].reply_within_ms
    return Execution(last.step, last.attempt + 1, last.budget_from, 0, at_ms, deadline_ms)


def next_revision(policy: Policy, last: Execution, at_ms: int) -> Execution:
    """The same execution, its command issued again, with a deadline of its own."""
    deadline_ms = at_ms + policy.agents[last.step].reply_within_ms
    return Execution(last.step, last.attempt, last.budget_from, last.revision + 1, at_ms, deadline_ms)


def enter(
    policy: Policy,
    workflow: Workflow,
    step: AgentType,
    at_ms: int,
    *,
    reason: str,
    actor: str = ev.ENGINE,
    details: dict[str, Any] | None = None,
    priority: Priority | None = None,
    facts: Facts | None = None,
    findings: tuple[KnownFinding, ...] | None = None,
    rebooked: bool = False,
    service_event: int | None = None,
) -> ev.StateChanged:
    """The move into an agent's step. Without the agent nothing is issued; ``progress`` skips the step then."""
    enabled = policy.agents[step].enabled
    return ev.StateChanged(
        workflow_id=workflow.workflow_id,
        at_ms=at_ms,
        actor=actor,
        reason=reason,
        details=details or {},
        to_state=transitions.STATE_OF_STEP[step],
        execution=first_execution(policy, workflow, step, at_ms) if enabled else None,
        priority=priority,
        facts=facts,
        findings=findings,
        rebooked=rebooked,
        service_event=service_event,
    )


def book(
    policy: Policy, workflow: Workflow, appointment: Appointment, at_ms: int, *, actor: str, details: dict[str, Any]
) -> ev.StateChanged:
    """SCHEDULING -> SCHEDULED. Until the start, or, with a workshop feed, until a check-in is overdue."""
    start_ms = appointment.start_ms
    service = policy.service
    due_ms = max(start_ms, at_ms) + service.no_show_after_ms if service.workshop_feed else start_ms
    return ev.StateChanged(
        workflow_id=workflow.workflow_id,
        at_ms=at_ms,
        actor=actor,
        reason="reply",
        details=details,
        to_state=State.SCHEDULED,
        due_ms=due_ms,
        appointment=appointment,
    )


def completed(
    policy: Policy,
    state: VehicleState,
    workflow: Workflow,
    at_ms: int,
    reason: Reason,
    *,
    actor: str = ev.ENGINE,
    details: dict[str, Any] | None = None,
) -> ev.WorkflowCompleted:
    """COMPLETED. An URGENT vehicle whose owner declines or cannot be reached is handed to a human."""
    unanswered = reason in {Reason.DECLINED, Reason.NO_ANSWER}
    return ev.WorkflowCompleted(
        workflow_id=workflow.workflow_id,
        at_ms=at_ms,
        actor=actor,
        reason=reason.value,
        details=details or {},
        cooldowns=after_the_end(policy, state.cooldowns, workflow, at_ms, told=reason in TOLD),
        next_check_due_ms=at_ms + policy.episodes.regular_check_every_ms,
        unresolved=unanswered and workflow.priority is Priority.URGENT,
    )


def failed(
    policy: Policy,
    state: VehicleState,
    workflow: Workflow,
    at_ms: int,
    reason: Reason,
    *,
    actor: str = ev.ENGINE,
    details: dict[str, Any] | None = None,
    given_up: Execution | None = None,
) -> ev.WorkflowFailed:
    """FAILED. Kept as it is, for a redrive."""
    return ev.WorkflowFailed(
        workflow_id=workflow.workflow_id,
        at_ms=at_ms,
        actor=actor,
        reason=reason.value,
        details=details or {},
        cooldowns=after_the_end(policy, state.cooldowns, workflow, at_ms, told=False),
        next_check_due_ms=at_ms + policy.episodes.regular_check_every_ms,
        given_up=given_up,
    )


def rejected(workflow_id: str, at_ms: int, actor: str, code: str, details: dict[str, Any]) -> list[ev.Event]:
    """An unwanted input, recorded in the trail of its workflow."""
    return [ev.Rejected(workflow_id=workflow_id, at_ms=at_ms, actor=actor, reason=code, details=details)]


def no_such_workflow(state: VehicleState, vehicle_id: str, workflow_id: str) -> ev.Refusal:
    """A workflow that this vehicle never had, or whose trail is closed because a newer one has replaced it."""
    owner, _, episode = workflow_id.rpartition("~")
    if owner == vehicle_id and episode in map(str, range(state.episodes)):
        return ev.Refusal("superseded_workflow", f"{workflow_id} has ended and a newer workflow has replaced it")
    return ev.Refusal("unknown_workflow", f"vehicle {vehicle_id} has no workflow {bounds.clip(workflow_id, 100)!r}")
