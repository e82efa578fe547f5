"""Another priority for an open workflow, and what follows where it is raised.

An outstanding command is issued again on the higher lane, as its next revision; the first valid reply to any revision
wins. An appointment that begins later than the new priority allows is given up for an earlier one.
"""

from typing import Any

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.steps import enter, next_revision
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Appointment, Workflow
from master_orchestrator.core.transitions import STATE_OF_STEP
from master_orchestrator_schemas.vocabulary import AgentType, Priority, State

AGENT_STATES = frozenset(STATE_OF_STEP.values())


def change_priority(
    policy: Policy,
    workflow: Workflow,
    priority: Priority,
    at_ms: int,
    *,
    reason: str,
    actor: str = ev.ENGINE,
    details: dict[str, Any] | None = None,
    least: Priority | None = None,
) -> list[ev.Event]:
    """The events of another priority. Lowering it re-issues nothing: the next command goes on the lower lane."""
    raised = priority < workflow.priority
    execution = workflow.execution
    outstanding = raised and workflow.state in AGENT_STATES and execution is not None
    changed = ev.PriorityChanged(
        workflow_id=workflow.workflow_id,
        at_ms=at_ms,
        actor=actor,
        reason=reason,
        details=details or {},
        priority=priority,
        least=least,
        execution=next_revision(policy, execution, at_ms) if outstanding and execution is not None else None,
    )
    booked = workflow.appointment if workflow.state is State.SCHEDULED else None
    if raised and booked is not None and is_too_late(policy, booked, priority, at_ms):
        return [changed, enter(policy, workflow, AgentType.SCHEDULING, at_ms, reason="priority_raised", actor=actor)]
    return [changed]


def is_too_late(policy: Policy, appointment: Appointment, priority: Priority, at_ms: int) -> bool:
    """Whether it begins later than the priority allows from now on."""
    return appointment.start_ms > at_ms + policy.due_ms(priority)
