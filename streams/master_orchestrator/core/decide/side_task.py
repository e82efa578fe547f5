"""MANUFACTURING_QUALITY: a task next to the workflow, with the same retries, that never holds the workflow back.

Its result is recorded in the audit trail, after the workflow's end too. Given up, it leaves its record and a dead
letter, and calls nobody.
"""

from master_orchestrator.core import events as ev
from master_orchestrator.core import payloads
from master_orchestrator.core.command_ids import CommandName
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.executions import first_execution, next_execution
from master_orchestrator.core.decide.failures import failure_details, is_permanent, retry_wait_ms
from master_orchestrator.core.decide.reply_content import actor_of, read_result, result_details
from master_orchestrator.core.state import Chain, Facts, SideTask, Workflow
from master_orchestrator_schemas.messages import Reply
from master_orchestrator_schemas.vocabulary import AgentType

STEP = AgentType.MANUFACTURING_QUALITY


def started(context: Context[Workflow], facts: Facts) -> list[ev.Event]:
    """The side task of a repair that the input confirms; skipped without the agent.

    It follows on an earlier repair's that has not ended: that one is given up, which leaves its command as a letter.
    """
    if not context.policy.agents[STEP].enabled:
        return [ev.StepSkipped(**context.head("not_enabled"), step=STEP)]
    priority, earlier = context.workflow.priority, context.workflow.side
    replaced = [] if earlier is None else given_up(context, earlier, "superseded")
    return [
        *replaced,
        ev.SideTaskStarted(
            **context.head("repair_confirmed"),
            execution=first_execution(context.policy, context.workflow, STEP, priority, context.at_ms),
            priority=priority,
            payload=payloads.manufacturing_quality(context.state, facts, context.at_ms),
        ),
    ]


def on_due(context: Context[Chain], side: SideTask) -> list[ev.Event]:
    """Its deadline has come: the wait before a retry is over, or a reply is missing."""
    if side.retrying:
        execution = next_execution(context.policy, side.execution, side.priority, context.at_ms)
        return [ev.SideTaskRestarted(**context.head("retry"), execution=execution)]
    return _failed(context, side, "timeout")


def on_reply(context: Context[None], chain: Chain, name: CommandName, reply: Reply) -> list[ev.Event]:
    """A reply to a command of the side task."""
    side, answered = chain.side, context.about(chain, actor_of(reply), {"answered": reply.command_id})
    if side is None or side.retrying or name.attempt != side.execution.attempt:
        return answered.reject("stale_reply")
    if name.revision > side.execution.revision:
        return answered.reject("unknown_command")
    if reply.failure is not None:
        return _failed_by_agent(context.about(chain, actor_of(reply), failure_details(reply)), side, reply)
    result = read_result(context.policy, reply)
    if isinstance(result, str):
        return _failed(answered.noting(message=result), side, "invalid_result")
    done = context.about(chain, actor_of(reply), result_details(reply))
    return [ev.SideTaskEnded(**done.head("done"))]


def given_up(context: Context[Chain], side: SideTask, because: str) -> list[ev.Event]:
    """The end of a side task without a result."""
    return [ev.SideTaskEnded(**context.noting(because=because).head("given_up"), given_up=side.execution)]


def _failed_by_agent(context: Context[Chain], side: SideTask, reply: Reply) -> list[ev.Event]:
    if is_permanent(reply):
        return given_up(context, side, "agent_rejected")
    after_ms = None if reply.failure is None else reply.failure.retry_after_ms
    return _failed(context, side, "agent_failed", after_ms)


def _failed(context: Context[Chain], side: SideTask, reason: str, after_ms: int | None = None) -> list[ev.Event]:
    wait_ms = retry_wait_ms(context.policy, side.execution, after_ms)
    if wait_ms is None:
        return given_up(context.noting(last=reason), side, "retries_exhausted")
    return [ev.SideTaskFailed(**context.head(reason), retry_at_ms=context.at_ms + wait_ms)]
