"""What the engine does by itself, at once, after something has happened to a workflow.

``step`` asks again after every round of events until there is nothing left to do, so no workflow rests in a state that
needs nobody, and an appointment that has begun already is not waited for.
"""

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import campaigns
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.timer import on_due
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState, Workflow
from master_orchestrator.core.transitions import REASON_NUMBERS
from master_orchestrator.core.urgency import assess
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State

MAY_BE_OVER = frozenset({State.SCHEDULED, State.IN_SERVICE, State.RETRY})
"""States whose deadline can be due when they are entered: appointments of the past, and a redrive, which waits for
nothing."""


def progress(policy: Policy, state: VehicleState, record: Input) -> list[ev.Event]:
    """The next events that need nobody, none if the workflow waits for someone or has ended."""
    workflow = state.workflow
    if workflow is None:
        return []
    if not workflow.is_open:
        return _campaigns_go_on(Context(policy, state, record, None), workflow)
    return _step_by_itself(Context(policy, state, record, workflow))


def _step_by_itself(context: Context[Workflow]) -> list[ev.Event]:
    workflow = context.workflow
    if workflow.state is State.PENDING:
        return _begin(context)
    if workflow.state is State.URGENCY_ASSESSMENT:
        return _assess(context)
    if workflow.wait is None:
        return _without_wait(context)
    if workflow.state in MAY_BE_OVER and workflow.wait.due_ms <= context.at_ms:
        return on_due(context)
    return []


def _campaigns_go_on(context: Context[None], ended: Workflow) -> list[ev.Event]:
    """The next workflow, for the work of campaigns that this one leaves."""
    if not campaigns.goes_on_at_once(ended):
        return []
    details = {"after": ended.workflow_id}
    return campaigns.opened(replace(context, details=details), campaigns.left_over(ended), context.state.campaigns)


def _begin(context: Context[Workflow]) -> list[ev.Event]:
    """What a campaign has opened needs no diagnosis: it begins with the owner."""
    *_, reason = context.workflow.history[-1]
    if reason == REASON_NUMBERS[campaigns.WHY]:
        return context.enter(AgentType.CUSTOMER_ENGAGEMENT, "opened")
    return context.enter(AgentType.DATA_ANALYSIS, "opened")


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
