"""MANUFACTURING_QUALITY: a task beside the workflow, with the same retries, that never holds the workflow back.

Its result is recorded in the audit trail, after the workflow's end too. Given up, it leaves its record and a dead
letter, and calls nobody.
"""

from typing import Any

from master_orchestrator.core import events as ev
from master_orchestrator.core import payloads
from master_orchestrator.core.command_ids import CommandName
from master_orchestrator.core.decide.failures import failure_details, is_permanent, retry_wait_ms
from master_orchestrator.core.decide.replies import actor_of, read_result, result_details
from master_orchestrator.core.decide.steps import first_execution, next_execution, rejected
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Chain, Facts, SideTask, VehicleState, Workflow
from master_orchestrator_schemas.messages import Reply
from master_orchestrator_schemas.vocabulary import AgentType

STEP = AgentType.MANUFACTURING_QUALITY


def started(policy: Policy, state: VehicleState, workflow: Workflow, facts: Facts, at_ms: int) -> ev.Event:
    """The side task of a repair confirmed at ``at_ms``; skipped without the agent."""
    if not policy.agents[STEP].enabled:
        return ev.StepSkipped(workflow_id=workflow.workflow_id, at_ms=at_ms, reason="not_enabled", step=STEP)
    return ev.SideTaskStarted(
        workflow_id=workflow.workflow_id,
        at_ms=at_ms,
        reason="repair_confirmed",
        execution=first_execution(policy, workflow, STEP, at_ms),
        priority=workflow.priority,
        payload=payloads.manufacturing_quality(state, facts, at_ms),
    )


def on_due(policy: Policy, chain: Chain, side: SideTask, at_ms: int) -> list[ev.Event]:
    """Its deadline has come: the wait before a retry is over, or a reply is missing."""
    if side.retrying:
        execution = next_execution(policy, side.execution, at_ms)
        return [ev.SideTaskRestarted(workflow_id=chain.workflow_id, at_ms=at_ms, reason="retry", execution=execution)]
    return _failed(policy, chain, side, at_ms, reason="timeout", actor=ev.ENGINE, details={})


def on_reply(policy: Policy, chain: Chain, name: CommandName, reply: Reply, at_ms: int) -> list[ev.Event]:
    """A reply to a command of the side task."""
    side, actor = chain.side, actor_of(reply)
    refusal = {"answered": reply.command_id}
    if side is None or side.retrying or name.attempt != side.execution.attempt:
        return rejected(chain.workflow_id, at_ms, actor, "stale_reply", refusal)
    if name.revision > side.execution.revision:
        return rejected(chain.workflow_id, at_ms, actor, "unknown_command", refusal)
    if reply.failure is not None:
        return _failed_by_agent(policy, chain, side, reply, at_ms)
    read = read_result(policy, reply)
    if isinstance(read, str):
        said = refusal | {"message": read}
        return _failed(policy, chain, side, at_ms, reason="invalid_result", actor=actor, details=said)
    done = ev.SideTaskEnded(
        workflow_id=chain.workflow_id, at_ms=at_ms, actor=actor, reason="done", details=result_details(reply)
    )
    return [done]


def given_up(chain: Chain, side: SideTask, at_ms: int, *, reason: str, actor: str, details: dict[str, Any]) -> ev.Event:
    """The end of a side task without a result."""
    return ev.SideTaskEnded(
        workflow_id=chain.workflow_id,
        at_ms=at_ms,
        actor=actor,
        reason="given_up",
        details={**details, "because": reason},
        given_up=side.execution,
    )


def _failed_by_agent(policy: Policy, chain: Chain, side: SideTask, reply: Reply, at_ms: int) -> list[ev.Event]:
    said, actor = failure_details(reply), actor_of(reply)
    if is_permanent(reply):
        return [given_up(chain, side, at_ms, reason="agent_rejected", actor=actor, details=said)]
    after_ms = None if reply.failure is None else reply.failure.retry_after_ms
    return _failed(policy, chain, side, at_ms, reason="agent_failed", actor=actor, details=said, after_ms=after_ms)


def _failed(
    policy: Policy,
    chain: Chain,
    side: SideTask,
    at_ms: int,
    *,
    reason: str,
    actor: str,
    details: dict[str, Any],
    after_ms: int | None = None,
) -> list[ev.Event]:
    wait_ms = retry_wait_ms(policy, side.execution, after_ms)
    if wait_ms is None:
        said = {**details, "last": reason}
        return [given_up(chain, side, at_ms, reason="retries_exhausted", actor=actor, details=said)]
    return [
        ev.SideTaskFailed(
            workflow_id=chain.workflow_id,
            at_ms=at_ms,
            actor=actor,
            reason=reason,
            details=details,
            retry_at_ms=at_ms + wait_ms,
        )
    ]
