"""Executions of an agent's step: the first, the next after a failure, the same once more on another lane."""

from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Execution, Workflow
from master_orchestrator_schemas.vocabulary import AgentType


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
