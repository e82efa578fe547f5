"""What the engine does by itself, at once, after something has happened to a workflow.

``step`` asks again after every round of events until there is nothing left to do, so no workflow rests in a state that
needs nobody, and an appointment that has begun already is not waited for.
"""

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.timer import on_due
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState, Workflow
from master_orchestrator.core.urgency import assess
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State

MAY_BE_OVER = frozenset({State.SCHEDULED, State.IN_SERVICE, State.RETRY})
"""States whose deadline can be due when they are entered: appointments of the past, and a redrive, which waits for
nothing."""


def progress(policy: Policy, state: VehicleState, record: Input) -> list[ev.Event]:
    """The next events that need nobody, none if the workflow waits for someone or has ended."""
    workflow = state.workflow
    if workflow is None or not workflow.is_open:
        return []
    context = Context(policy, state, record, workflow)
    if workflow.state is State.PENDING:
        return context.enter(AgentType.DATA_ANALYSIS, "opened")
    if workflow.state is State.URGENCY_ASSESSMENT:
        return _assess(context)
    if workflow.wait is None:
        return _without_wait(context)
    if workflow.state in MAY_BE_OVER and workflow.wait.due_ms <= record.at_ms:
        return on_due(context)
    return []


def _assess(context: Context[Workflow]) -> list[ev.Event]:
    verdict = assess(context.policy.urgency, context.workflow)
    assessed = context.noting(urgency=verdict.numbers, from_priority=context.workflow.priority.name)
    return assessed.enter(AgentType.CUSTOMER_ENGAGEMENT, "assessed", priority=verdict.priority)


def _without_wait(context: Context[Workflow]) -> list[ev.Event]:
    """RETRY after the last retry, or an agent's step without the agent (FEEDBACK only)."""
    if context.workflow.state is State.RETRY:
        return context.fail(Reason.RETRIES_EXHAUSTED, given_up=context.workflow.execution)
    skipped = ev.StepSkipped(**context.head("not_enabled"), step=AgentType.FEEDBACK)
    return [skipped, *context.complete(Reason.SERVICED)]
