"""An agent's reply: is it to the command that is outstanding, and did the agent succeed?

The first valid reply to any revision of the present attempt wins; one to an earlier revision says nothing of what has
raised the priority since. Anything else is recorded as rejected, with a code:
``stale_reply`` for a command that was outstanding once (answered, timed out, or of a workflow that has ended),
``unknown_command`` for one that was never issued, ``wrong_agent`` for one that another agent was asked. So is the
success of an earlier attempt that arrives in RETRY or during the next one: the engine has gone on, and the budget of
1 + 3 executions holds whatever arrives late. A result that the agent's model does not accept counts as a retryable
failure, ``invalid_result``: another worker, or a corrected one, may do better.
"""

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.command_ids import CommandName, parse_command_id
from master_orchestrator.core.decide import side_task
from master_orchestrator.core.decide.failures import (
    execution_failed,
    failure_details,
    is_permanent,
    permanently_failed,
)
from master_orchestrator.core.decide.priority import AGENT_STATES
from master_orchestrator.core.decide.replies import actor_of, read_result
from master_orchestrator.core.decide.results import MEANING, Answered
from master_orchestrator.core.decide.steps import no_such_workflow, rejected
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.evolve.moves import SEES_FINDINGS
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Chain, Execution, VehicleState, Workflow
from master_orchestrator_schemas.messages import Reply


def on_reply(policy: Policy, state: VehicleState, record: Input, reply: Reply) -> list[ev.Event] | ev.Refusal:
    """What a reply makes happen."""
    chain = chain_of(state, reply.workflow_id)
    if chain is None:
        return no_such_workflow(state, reply.vehicle_id, reply.workflow_id)
    name = parse_command_id(chain.workflow_id, reply.command_id)
    code = _unwanted(chain, name, reply)
    if code is not None or name is None:
        refusal = {"answered": reply.command_id}
        return rejected(chain.workflow_id, record.at_ms, actor_of(reply), code or "unknown_command", refusal)
    if name.step == side_task.STEP:
        return side_task.on_reply(policy, chain, name, reply, record.at_ms)
    return _on_wanted(policy, state, name, reply, record.at_ms)


def _unwanted(chain: Chain, name: CommandName | None, reply: Reply) -> str | None:
    """The code of a rejection, None if the reply is to be taken."""
    if name is None or not _was_issued(chain, name):
        return "unknown_command"
    if name.step != reply.agent.value:
        return "wrong_agent"
    if name.step == side_task.STEP or (isinstance(chain, Workflow) and _is_outstanding(chain, name)):
        return None
    return "stale_reply"


def _is_outstanding(workflow: Workflow, name: CommandName) -> bool:
    execution = workflow.execution
    return (
        execution is not None
        and workflow.state in AGENT_STATES
        and execution.step.value == name.step
        and execution.attempt == name.attempt
        and name.revision <= execution.revision
    )


def _was_issued(chain: Chain, name: CommandName) -> bool:
    """Of a replaced workflow the executions are forgotten: its replies are then taken for late ones."""
    if not isinstance(chain, Workflow):
        return True
    newest: Execution | None = chain.execution
    if newest is not None and (newest.step.value, newest.attempt) == (name.step, name.attempt):
        return name.revision <= newest.revision
    return name.attempt < chain.executions.get(name.step, 0)


def _on_wanted(
    policy: Policy, state: VehicleState, name: CommandName, reply: Reply, at_ms: int
) -> list[ev.Event] | ev.Refusal:
    workflow = state.workflow
    if workflow is None or workflow.execution is None or workflow.workflow_id != reply.workflow_id:
        return no_such_workflow(state, reply.vehicle_id, reply.workflow_id)
    actor = actor_of(reply)
    if reply.failure is not None and reply.result is None:
        said = failure_details(reply)
        if is_permanent(reply):
            return permanently_failed(policy, state, workflow, at_ms, actor=actor, details=said)
        after_ms = reply.failure.retry_after_ms
        return execution_failed(
            policy, state, workflow, at_ms, reason="agent_failed", actor=actor, details=said, retry_after_ms=after_ms
        )
    result = read_result(policy, reply)
    if isinstance(result, str):
        said = {"answered": reply.command_id, "message": result}
        return execution_failed(policy, state, workflow, at_ms, reason="invalid_result", actor=actor, details=said)
    outdated = name.revision < workflow.execution.revision
    if outdated and workflow.execution.step in SEES_FINDINGS:
        workflow = _as_it_was_asked(workflow)
    return MEANING[reply.agent](Answered(policy, state, workflow, reply, at_ms, outdated), result)


def _as_it_was_asked(workflow: Workflow) -> Workflow:
    """What has raised the priority was in no earlier revision's task; none of the findings there was as urgent."""
    raised = (replace(f, seen=False) if f.priority == workflow.priority else f for f in workflow.findings)
    return replace(workflow, findings=tuple(raised))
