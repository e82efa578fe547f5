"""An agent's reply: is it to the command that is outstanding, and did the agent succeed?

The first valid reply to any revision of the present attempt wins; one to an earlier revision says nothing of the
findings that only a later one's task held. Anything else is recorded as rejected, with a code:
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
from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.conversation import is_waiting
from master_orchestrator.core.decide.failures import (
    execution_failed,
    failure_details,
    is_permanent,
    permanently_failed,
)
from master_orchestrator.core.decide.priority import AGENT_STATES
from master_orchestrator.core.decide.reply_content import actor_of, read_result, result_details
from master_orchestrator.core.decide.results import MEANING, Answered
from master_orchestrator.core.decide.unknown import no_such_workflow
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.evolve.moves import SEES_FINDINGS
from master_orchestrator.core.state import Chain, Execution, KnownFinding, Workflow
from master_orchestrator_schemas.messages import Reply
from master_orchestrator_schemas.vocabulary import AgentType


def on_reply(context: Context[None], reply: Reply) -> Decision:
    """What a reply makes happen."""
    chain = chain_of(context.state, reply.workflow_id)
    if chain is None:
        return no_such_workflow(context.state, reply.vehicle_id, reply.workflow_id)
    name = parse_command_id(chain.workflow_id, reply.command_id)
    if name is None or not _was_issued(chain, name):
        return _rejected(context, chain, reply, "unknown_command")
    if name.step != reply.agent.value:
        return _rejected(context, chain, reply, "wrong_agent")
    if name.step == side_task.STEP:
        return side_task.on_reply(context, chain, name, reply)
    execution = _outstanding(chain, name)
    if execution is None or not isinstance(chain, Workflow):
        return _rejected(context, chain, reply, "stale_reply")
    return _on_outstanding(context.about(chain, actor_of(reply)), name, execution, reply)


def _rejected(context: Context[None], chain: Chain, reply: Reply, code: str) -> list[ev.Event]:
    return context.about(chain, actor_of(reply), {"answered": reply.command_id}).reject(code)


def _outstanding(chain: Chain, name: CommandName) -> Execution | None:
    """The execution that the command belongs to, if a reply to it is wanted."""
    if not isinstance(chain, Workflow) or chain.state not in AGENT_STATES or chain.execution is None:
        return None
    if is_waiting(chain):
        return None
    execution = chain.execution
    same = execution.step.value == name.step and execution.attempt == name.attempt
    return execution if same and name.revision <= execution.revision else None


def _was_issued(chain: Chain, name: CommandName) -> bool:
    """Of a replaced workflow the executions are forgotten: its replies are then taken for late ones."""
    if not isinstance(chain, Workflow):
        return True
    newest = chain.execution
    if newest is not None and (newest.step.value, newest.attempt) == (name.step, name.attempt):
        return name.revision <= newest.revision
    return name.attempt < chain.executions.get(name.step, 0)


def _on_outstanding(
    context: Context[Workflow], name: CommandName, execution: Execution, reply: Reply
) -> list[ev.Event]:
    if reply.failure is not None and reply.result is None:
        failed = context.noting(**failure_details(reply))
        if is_permanent(reply):
            return permanently_failed(failed)
        return execution_failed(failed, "agent_failed", reply.failure.retry_after_ms)
    result = read_result(context.policy, reply)
    if isinstance(result, str):
        return execution_failed(context.noting(answered=reply.command_id, message=result), "invalid_result")
    answered = Answered(
        policy=context.policy,
        state=context.state,
        input=context.input,
        workflow=_as_it_was_asked(context.workflow, name),
        actor=context.actor,
        details=result_details(reply),
        command_id=reply.command_id,
        outdated=name.revision < execution.revision,
    )
    return MEANING[reply.agent](answered, result)


def _as_it_was_asked(workflow: Workflow, name: CommandName) -> Workflow:
    """Which findings the answered task held. What DATA_ANALYSIS has not answered on, no later step may play down."""
    if name.step not in SEES_FINDINGS:
        return workflow
    if all(finding.seen and not (finding.revision or finding.unweighed) for finding in workflow.findings):
        return workflow
    return replace(workflow, findings=tuple(_as_asked(finding, name) for finding in workflow.findings))


def _as_asked(finding: KnownFinding, name: CommandName) -> KnownFinding:
    held = finding.seen and finding.revision <= name.revision
    unweighed = not held if name.step == AgentType.DATA_ANALYSIS else finding.unweighed
    return replace(finding, seen=held, unweighed=unweighed)
