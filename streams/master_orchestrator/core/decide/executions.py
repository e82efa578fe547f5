"""Executions of an agent's step: the first, the next after a failure, the same once more on another lane.

The deadline of each is :meth:`Policy.deadline_ms`: it depends on the lane, so each takes the command's priority.
"""

from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Execution, Workflow
from master_orchestrator_schemas.vocabulary import AgentType, Priority


def first_execution(policy: Policy, workflow: Workflow, step: AgentType, priority: Priority, at_ms: int) -> Execution:
    """The next execution of a step, with a fresh budget of retries."""
    attempt = workflow.executions.get(step.value, 0)
    return Execution(step, attempt, attempt, 0, at_ms, policy.deadline_ms(step, priority, at_ms))


def next_execution(policy: Policy, last: Execution, priority: Priority, at_ms: int) -> Execution:
    """The execution after ``last``, of the same step and budget."""
    deadline_ms = policy.deadline_ms(last.step, priority, at_ms)
    return Execution(last.step, last.attempt + 1, last.budget_from, 0, at_ms, deadline_ms)


def next_revision(policy: Policy, last: Execution, priority: Priority, at_ms: int) -> Execution:
    """The same execution, its command issued again, with a deadline of its own."""
    deadline_ms = policy.deadline_ms(last.step, priority, at_ms)
    return Execution(last.step, last.attempt, last.budget_from, last.revision + 1, at_ms, deadline_ms)
