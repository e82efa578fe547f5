"""What the engine does by itself, at once, after something has happened to a workflow.

``step`` asks again after every round of events until there is nothing left to do, so no workflow rests in a state that
needs nobody, and an appointment that has begun already is not waited for.
"""

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.steps import completed, enter, failed
from master_orchestrator.core.decide.timer import on_due
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState, Workflow
from master_orchestrator.core.urgency import assess
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State

MAY_BE_OVER = frozenset({State.SCHEDULED, State.IN_SERVICE, State.RETRY})
"""States whose deadline can be due when they are entered: appointments of the past, and a redrive, which waits for
nothing."""


def progress(policy: Policy, state: VehicleState, at_ms: int) -> list[ev.Event]:
    """The next events that need nobody, none if the workflow waits for someone or has ended."""
    workflow = state.workflow
    if workflow is None or not workflow.is_open:
        return []
    if workflow.state is State.PENDING:
        return [enter(policy, workflow, AgentType.DATA_ANALYSIS, at_ms, reason="opened")]
    if workflow.state is State.URGENCY_ASSESSMENT:
        return [_assess(policy, workflow, at_ms)]
    if workflow.wait is None:
        return _without_wait(policy, state, workflow, at_ms)
    if workflow.state in MAY_BE_OVER and workflow.wait.due_ms <= at_ms:
        return on_due(policy, state, workflow, at_ms)
    return []


def _assess(policy: Policy, workflow: Workflow, at_ms: int) -> ev.Event:
    verdict = assess(policy.urgency, workflow)
    return enter(
        policy,
        workflow,
        AgentType.CUSTOMER_ENGAGEMENT,
        at_ms,
        reason="assessed",
        details={"urgency": verdict.numbers, "from_priority": workflow.priority.name},
        priority=verdict.priority,
    )


def _without_wait(policy: Policy, state: VehicleState, workflow: Workflow, at_ms: int) -> list[ev.Event]:
    """RETRY after the last retry, or an agent's step without the agent (FEEDBACK only)."""
    if workflow.state is State.RETRY:
        given_up = workflow.execution
        return [failed(policy, state, workflow, at_ms, Reason.RETRIES_EXHAUSTED, given_up=given_up)]
    skipped = ev.StepSkipped(
        workflow_id=workflow.workflow_id, at_ms=at_ms, reason="not_enabled", step=AgentType.FEEDBACK
    )
    return [skipped, completed(policy, state, workflow, at_ms, Reason.SERVICED)]
