"""A tick: has a deadline of the state come? Late, early and repeated ticks, and those of other states, do nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import service, side_task
from master_orchestrator.core.decide.failures import closed_unanswered, execution_failed
from master_orchestrator.core.decide.steps import completed, next_execution
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState, Wait, Workflow
from master_orchestrator_schemas.messages import Timer
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State


def on_timer(policy: Policy, state: VehicleState, record: Input, tick: Timer) -> list[ev.Event] | ev.Refusal:
    """What a tick makes happen."""
    chain, at_ms = chain_of(state, tick.workflow_id), record.at_ms
    if chain is None:
        return []
    if chain.side is not None and _has_come(chain.side.wait, tick, at_ms):
        return side_task.on_due(policy, chain, chain.side, at_ms)
    if isinstance(chain, Workflow) and chain.wait is not None and _has_come(chain.wait, tick, at_ms):
        return on_due(policy, state, chain, at_ms)
    return []


def _has_come(wait: Wait, tick: Timer, at_ms: int) -> bool:
    return wait.deadline_id == tick.deadline_id and wait.due_ms <= at_ms


def on_due(policy: Policy, state: VehicleState, workflow: Workflow, at_ms: int) -> list[ev.Event]:
    """The deadline of the present state has come."""
    return DUE[workflow.state](policy, state, workflow, at_ms)


def _no_reply(policy: Policy, state: VehicleState, workflow: Workflow, at_ms: int) -> list[ev.Event]:
    """``on_timeout: close`` takes silence for an answer, in the two steps that ask the owner."""
    execution = workflow.execution
    if execution is not None and policy.agents[execution.step].closes_on_timeout:
        if execution.step is AgentType.FEEDBACK:
            return [closed_unanswered(policy, state, workflow, at_ms, reason="timeout", actor=ev.ENGINE, details={})]
        if execution.step is AgentType.CUSTOMER_ENGAGEMENT:
            return [completed(policy, state, workflow, at_ms, Reason.NO_ANSWER, details={"because": "timeout"})]
    return execution_failed(policy, state, workflow, at_ms, reason="timeout", actor=ev.ENGINE, details={})


def _retry(policy: Policy, state: VehicleState, workflow: Workflow, at_ms: int) -> list[ev.Event]:  # noqa: ARG001 - the form of all of DUE
    if workflow.execution is None:
        return []
    execution = next_execution(policy, workflow.execution, at_ms)
    return [ev.StepRestarted(workflow_id=workflow.workflow_id, at_ms=at_ms, reason="retry", execution=execution)]


def _scheduled(policy: Policy, state: VehicleState, workflow: Workflow, at_ms: int) -> list[ev.Event]:
    if policy.service.workshop_feed:
        return service.fell_through(policy, state, workflow, at_ms, reason="no_show")
    return service.begun(policy, workflow, at_ms, reason="appointment_start")


def _in_service(policy: Policy, state: VehicleState, workflow: Workflow, at_ms: int) -> list[ev.Event]:
    """An overdue workshop has confirmed no repair, so there is none to count."""
    if policy.service.workshop_feed:
        return service.finished(policy, state, workflow, at_ms, reason="service_overdue", confirmed=False)
    return service.finished(policy, state, workflow, at_ms, reason="appointment_end")


DUE: Mapping[State, Callable[[Policy, VehicleState, Workflow, int], list[ev.Event]]] = MappingProxyType(
    {
        State.DATA_ANALYSIS: _no_reply,
        State.DIAGNOSIS: _no_reply,
        State.CUSTOMER_ENGAGEMENT: _no_reply,
        State.SCHEDULING: _no_reply,
        State.FEEDBACK: _no_reply,
        State.RETRY: _retry,
        State.SCHEDULED: _scheduled,
        State.IN_SERVICE: _in_service,
    }
)
"""What the end of each state's wait makes happen."""
