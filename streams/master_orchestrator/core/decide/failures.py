"""A failed execution: tried again after a wait, or given up.

FEEDBACK never fails a workflow whose work is done: it closes COMPLETED/serviced instead.
"""

from typing import Any

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Execution, Workflow
from master_orchestrator_schemas.messages import Reply
from master_orchestrator_schemas.vocabulary import AgentType, FailureKind, Reason


def retry_wait_ms(policy: Policy, execution: Execution, at_least_ms: int | None = None) -> int | None:
    """The wait before the next execution, None if the budget is used up. An agent may lengthen it, never shorten."""
    used = execution.retries_used
    if used >= len(policy.retry_waits_ms):
        return None
    return max(policy.retry_waits_ms[used], at_least_ms or 0)


def execution_failed(context: Context[Workflow], reason: str, retry_after_ms: int | None = None) -> list[ev.Event]:
    """RETRY; after the last retry too, from where ``progress`` goes on to FAILED."""
    execution = context.workflow.execution
    wait_ms = None if execution is None else retry_wait_ms(context.policy, execution, retry_after_ms)
    if wait_ms is None and execution is not None and execution.step is AgentType.FEEDBACK:
        return closed_unanswered(context, reason)
    retry_at_ms = None if wait_ms is None else context.at_ms + wait_ms
    return [ev.StepFailed(**context.head(reason), retry_at_ms=retry_at_ms)]


def permanently_failed(context: Context[Workflow]) -> list[ev.Event]:
    """FAILED/agent_rejected at once: no retry would help."""
    execution = context.workflow.execution
    if execution is not None and execution.step is AgentType.FEEDBACK:
        return closed_unanswered(context, "agent_failed")
    return context.fail(Reason.AGENT_REJECTED)


def closed_unanswered(context: Context[Workflow], reason: str) -> list[ev.Event]:
    """FEEDBACK without an answer: the work is done, so the workflow is."""
    return context.noting(feedback=reason).complete(Reason.SERVICED)


def failure_details(reply: Reply) -> dict[str, Any]:
    """What a failed reply says, for the audit trail."""
    failure = reply.failure
    details = {"answered": reply.command_id, "handled_in_ms": reply.handled_in_ms}
    if failure is None:
        return details
    return details | {"kind": failure.kind, "error": failure.error, "message": failure.message}


def is_permanent(reply: Reply) -> bool:
    """Whether the agent says that trying again is of no use."""
    return reply.failure is not None and reply.failure.kind is FailureKind.PERMANENT
