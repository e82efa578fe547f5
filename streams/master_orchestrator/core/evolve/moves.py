"""Events that take a workflow from state to state along the table, or issue its command again."""

from typing import Any, TypeVar

from msgspec.structs import replace

from master_orchestrator.core import bounds, transitions
from master_orchestrator.core import events as ev
from master_orchestrator.core.evolve.chains import executions, new_wait
from master_orchestrator.core.state import Chain, Execution, Facts, KnownFinding, Workflow
from master_orchestrator_schemas.vocabulary import AgentType, Priority, State

C = TypeVar("C", bound=Chain)

SEES_FINDINGS = frozenset({AgentType.DATA_ANALYSIS, AgentType.DIAGNOSIS})
"""Steps whose task holds the findings."""


def state_changed(workflow: Workflow, event: ev.StateChanged) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.StateChanged`."""
    changes = _replaced(event)
    if workflow.conversation is not None:
        changes["conversation"] = None  # the owner has answered, or has to be told of something else
    if event.rebooked:
        changes["reschedules"] = workflow.reschedules + 1
    if event.escalated:
        changes["escalations"] = workflow.escalations + 1
    if event.service_event is not None:
        changes["service_events"] = _remembered(workflow, event.service_event)
    if changes:
        workflow = replace(workflow, **changes)
    workflow = moved(checked(workflow, event.to_state), event, event.to_state)
    if event.execution is not None:
        return executing(workflow, event.execution)
    if event.due_ms is not None:
        return replace(workflow, wait=new_wait(workflow, "due", event.due_ms))
    return replace(workflow, wait=None)


def _replaced(event: ev.StateChanged) -> dict[str, Any]:
    """What a move replaces of the workflow."""
    changes: dict[str, Any] = {}
    if event.priority is not None:
        changes["priority"] = event.priority
    if event.facts is not None:
        changes["facts"] = event.facts
    if event.findings is not None:
        changes["findings"] = event.findings
    if event.appointment is not None:
        changes["appointment"] = event.appointment
    return changes


def step_failed(workflow: Workflow, event: ev.StepFailed) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.StepFailed`."""
    workflow = moved(checked(workflow, State.RETRY), event, State.RETRY)
    wait = None if event.retry_at_ms is None else new_wait(workflow, "retry", event.retry_at_ms)
    execution = workflow.execution
    if event.is_answer and execution is not None:
        execution = replace(execution, budget_from=execution.attempt + 1)
    return replace(workflow, wait=wait, execution=execution)


def step_restarted(workflow: Workflow, event: ev.StepRestarted) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.StepRestarted`."""
    to_state = transitions.STATE_OF_STEP[event.execution.step]
    return executing(moved(checked(workflow, to_state), event, to_state), event.execution)


def workflow_redriven(workflow: Workflow, event: ev.WorkflowRedriven) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.WorkflowRedriven`."""
    workflow = moved(checked(workflow, State.RETRY), event, State.RETRY)
    return replace(
        workflow,
        reason=None,
        execution=event.execution,
        reschedules=0,
        wait=new_wait(workflow, "retry", event.at_ms),
    )


def booking_ended(workflow: Workflow, event: ev.BookingEnded) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.BookingEnded`."""
    facts = replace(workflow.facts, chosen=None)  # the offer that was chosen is what fell through
    events = _remembered(workflow, event.service_event)
    return replace(workflow, appointment=event.appointment, facts=facts, service_events=events)


def appointment_moved(workflow: Workflow, event: ev.AppointmentMoved) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.AppointmentMoved`."""
    return replace(
        workflow,
        appointment=event.appointment,
        wait=new_wait(workflow, "due", event.due_ms),
        service_events=_remembered(workflow, event.service_event),
    )


def service_joined(workflow: Workflow, event: ev.ServiceJoined) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.ServiceJoined`."""
    return replace(workflow, service=event.service)


def owner_rated(workflow: Workflow, event: ev.OwnerRated) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.OwnerRated`."""
    return replace(workflow, service_events=_remembered(workflow, event.service_event))


def priority_changed(workflow: Workflow, event: ev.PriorityChanged) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.PriorityChanged`."""
    least = workflow.least if event.least is None else event.least
    facts = with_less_time(workflow, event.priority)
    workflow = replace(workflow, priority=event.priority, least=least, facts=facts)
    return workflow if event.execution is None else executing(workflow, event.execution)


def with_less_time(workflow: Workflow, priority: Priority) -> Facts:
    """The facts at another priority: what the owner wished for when there was more time does not count."""
    facts = workflow.facts
    if priority >= workflow.priority or (facts.preferred_from_ms is None and facts.chosen is None):
        return facts
    return replace(facts, preferred_from_ms=None, chosen=None)


def rejected(chain: Chain, event: ev.Rejected) -> Chain:
    """Apply :class:`~master_orchestrator.core.events.Rejected`. Of a replaced workflow no events are remembered."""
    if event.service_event is None or not isinstance(chain, Workflow):
        return chain
    return replace(chain, service_events=_remembered(chain, event.service_event))


def _remembered(workflow: Workflow, service_event: int) -> tuple[int, ...]:
    return (*workflow.service_events, service_event)[-bounds.MAX_SERVICE_EVENTS :]


def unchanged(chain: C, _event: ev.WorkflowEvent) -> C:
    """Apply an event that only leaves its audit record."""
    return chain


def checked(workflow: Workflow, to_state: State) -> Workflow:
    """The workflow, if the table has the move."""
    transitions.check(workflow.state, to_state)
    return workflow


def moved(workflow: Workflow, event: ev.WorkflowEvent, to_state: State) -> Workflow:
    """The workflow in its next state."""
    entry = (
        event.at_ms - workflow.opened_at_ms,
        transitions.STATE_NUMBERS[to_state],
        transitions.REASON_NUMBERS[event.reason],
    )
    return replace(workflow, state=to_state, history=(*workflow.history, entry)[-bounds.MAX_HISTORY :])


def executing(workflow: Workflow, execution: Execution) -> Workflow:
    """The workflow with a command outstanding."""
    findings = workflow.findings
    if execution.step in SEES_FINDINGS and not all(f.seen and not f.revision for f in findings):
        findings = tuple(_held(finding, execution.revision) for finding in findings)
    conversation = workflow.conversation
    if conversation is not None and conversation.waiting:
        conversation = replace(conversation, waiting=False)
    return replace(
        workflow,
        conversation=conversation,
        execution=execution,
        executions=executions(workflow, execution),
        findings=findings,
        wait=new_wait(workflow, "reply", execution.deadline_ms),
    )


def _held(finding: KnownFinding, revision: int) -> KnownFinding:
    """The finding in the task of this revision; it was in an earlier one's too if it is seen already."""
    if revision == 0:
        return finding if finding.seen and not finding.revision else replace(finding, seen=True, revision=0)
    return finding if finding.seen else replace(finding, seen=True, revision=revision)
