"""Another priority for an open workflow, and what follows where it is raised.

An outstanding command is issued again on the higher lane, as its next revision; the first valid reply to any revision
wins. A conversation that waits for an answer goes on at once, with its next contact. An appointment that begins later
than the new priority allows is given up for an earlier one.
"""

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.booking import is_too_late
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.conversation import continued, is_waiting
from master_orchestrator.core.decide.executions import next_revision
from master_orchestrator.core.state import Workflow
from master_orchestrator.core.transitions import STATE_OF_STEP
from master_orchestrator_schemas.vocabulary import AgentType, Priority, State

AGENT_STATES = frozenset(STATE_OF_STEP.values())


def change_priority(
    context: Context[Workflow], priority: Priority, reason: str, least: Priority | None = None
) -> list[ev.Event]:
    """The events of another priority. Lowering it re-issues nothing: the next command goes on the lower lane."""
    workflow, at_ms = context.workflow, context.at_ms
    raised = priority < workflow.priority
    if raised and is_waiting(workflow):
        changed = ev.PriorityChanged(**context.head(reason), priority=priority, least=least)
        return [changed, *continued(context.without_details, reason, priority=priority)]
    execution = None
    if raised and workflow.state in AGENT_STATES and workflow.execution is not None:
        execution = next_revision(context.policy, workflow.execution, priority, at_ms)
    changed = ev.PriorityChanged(**context.head(reason), priority=priority, least=least, execution=execution)
    booked = workflow.appointment if workflow.state is State.SCHEDULED else None
    if raised and booked is not None and is_too_late(context.policy, booked, priority, at_ms):
        rebooked = context.without_details.enter(AgentType.SCHEDULING, "priority_raised", priority=priority)
        return [changed, *rebooked]
    return [changed]
