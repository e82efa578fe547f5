"""A tick: has a deadline of the state come? Late, early and repeated ticks, and those of other states, do nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import appointments, calls, conversation, side_task
from master_orchestrator.core.decide.contact import owner_not_won
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.executions import next_execution
from master_orchestrator.core.decide.failures import closed_unanswered, execution_failed
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.state import Wait, Workflow
from master_orchestrator_schemas.messages import Timer
from master_orchestrator_schemas.vocabulary import AgentType, Answer, State


def on_timer(context: Context[None], tick: Timer) -> list[ev.Event]:
    """What a tick makes happen."""
    chain, at_ms = chain_of(context.state, tick.workflow_id), context.at_ms
    if chain is None:
        return []
    if chain.side is not None and _has_come(chain.side.wait, tick, at_ms):
        return side_task.on_due(context.about(chain), chain.side)
    if isinstance(chain, Workflow) and chain.wait is not None and _has_come(chain.wait, tick, at_ms):
        return on_due(context.about(chain))
    return []


def _has_come(wait: Wait, tick: Timer, at_ms: int) -> bool:
    return wait.deadline_id == tick.deadline_id and wait.due_ms <= at_ms


def on_due(context: Context[Workflow]) -> list[ev.Event]:
    """The deadline of the present state has come."""
    return DUE[context.workflow.state](context)


def _no_reply(context: Context[Workflow]) -> list[ev.Event]:
    """``on_timeout: close`` takes silence for an answer, in the two steps that ask the owner."""
    execution = context.workflow.execution
    if execution is not None and context.policy.agents[execution.step].closes_on_timeout:
        if execution.step is AgentType.FEEDBACK:
            return closed_unanswered(context, "timeout")
        if execution.step is AgentType.CUSTOMER_ENGAGEMENT:
            return owner_not_won(context.noting(because="timeout"), Answer.NO_ANSWER, "no answer in time")
    return execution_failed(context, "timeout")


def _owner_silent(context: Context[Workflow]) -> list[ev.Event]:
    """Of a contact, the time to answer it is over: the next one; else the agent has not replied."""
    return (
        conversation.continued(context, "no_answer")
        if conversation.is_waiting(context.workflow)
        else _no_reply(context)
    )


def _retry(context: Context[Workflow]) -> list[ev.Event]:
    workflow = context.workflow
    if workflow.execution is None:
        return []
    execution = next_execution(context.policy, workflow.execution, workflow.priority, context.at_ms)
    return [ev.StepRestarted(**context.head("retry"), execution=execution)]


def _scheduled(context: Context[Workflow]) -> list[ev.Event]:
    if context.policy.service.workshop_feed:
        return appointments.fell_through(context, "no_show")
    return appointments.begun(context, "appointment_start")


def _in_service(context: Context[Workflow]) -> list[ev.Event]:
    """An overdue workshop has confirmed no repair, so there is none to count."""
    if context.policy.service.workshop_feed:
        called = calls.service_overdue(context.vehicle_id)
        return appointments.finished(context, "service_overdue", confirmed=False, calls=called)
    items = [item.item for item in context.workflow.service]  # nobody says which were done: all of them
    return appointments.service_done(context, items, context.at_ms) + appointments.finished(context, "appointment_end")


DUE: Mapping[State, Callable[[Context[Workflow]], list[ev.Event]]] = MappingProxyType(
    {
        State.DATA_ANALYSIS: _no_reply,
        State.DIAGNOSIS: _no_reply,
        State.CUSTOMER_ENGAGEMENT: _owner_silent,
        State.SCHEDULING: _no_reply,
        State.FEEDBACK: _no_reply,
        State.RETRY: _retry,
        State.SCHEDULED: _scheduled,
        State.IN_SERVICE: _in_service,
    }
)
"""What the end of each state's wait makes happen."""
