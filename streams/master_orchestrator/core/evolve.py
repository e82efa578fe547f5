"""How each event changes a vehicle's state: the only place where state changes, live, in replay and in verification.

Total over the events of ``events.py``; it decides nothing, knows no policy, and puts nothing out. A workflow's event
takes the next ``seq``, since it leaves one audit record.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from master_orchestrator.core import bounds, transitions
from master_orchestrator.core import events as ev
from master_orchestrator.core.state import (
    STATE_VERSION,
    Chain,
    Execution,
    Facts,
    KnownFinding,
    SideTask,
    VehicleState,
    Wait,
    Workflow,
)
from master_orchestrator_schemas.vocabulary import AgentType, State

E = TypeVar("E", bound=ev.WorkflowEvent)
C = TypeVar("C", bound=Chain)

SEES_FINDINGS = frozenset({AgentType.DATA_ANALYSIS, AgentType.DIAGNOSIS})
"""Steps whose task holds the findings."""


def evolve(state: VehicleState, event: ev.Event) -> VehicleState:
    """The state after the event. Raises ``IllegalTransitionError`` on a move that the table does not have."""
    return EVOLVE[type(event)](state, event)


def chain_of(state: VehicleState, workflow_id: str) -> Chain | None:
    """The workflow of that id, if its audit trail can be gone on with."""
    if state.workflow is not None and state.workflow.workflow_id == workflow_id:
        return state.workflow
    if state.older is not None and state.older.workflow_id == workflow_id:
        return state.older
    return None


# --- the vehicle ---


def _input_applied(state: VehicleState, event: ev.InputApplied) -> VehicleState:
    known = state.positions
    if event.rank >= len(known):
        known += (0,) * (event.rank + 1 - len(known))
    return replace(state, positions=(*known[: event.rank], event.next_offset, *known[event.rank + 1 :]))


def _reading_observed(state: VehicleState, event: ev.ReadingObserved) -> VehicleState:
    if event.next_check_due_ms is None and event.model is None and event.odometer_m is None:
        return replace(state, trackers=event.trackers, standing=event.standing)
    return replace(
        state,
        trackers=event.trackers,
        standing=event.standing,
        next_check_due_ms=state.next_check_due_ms if event.next_check_due_ms is None else event.next_check_due_ms,
        model=state.model if event.model is None else event.model,
        odometer_m=state.odometer_m if event.odometer_m is None else event.odometer_m,
    )


def _audit_sealed(state: VehicleState, event: ev.AuditSealed) -> VehicleState:
    return _put(state, replace(_chain(state, event.workflow_id), hash=event.hash))


# --- the workflow: opening, moving, ending ---


def _workflow_opened(state: VehicleState, event: ev.WorkflowOpened) -> VehicleState:
    workflow = Workflow(
        workflow_id=event.workflow_id,
        state=transitions.INITIAL,
        priority=event.priority,
        seq=0,
        traceparent=event.traceparent,
        opened_at_ms=event.at_ms,
        updated_at_ms=event.at_ms,
        findings=event.findings,
    )
    workflow = _moved(workflow, event, transitions.INITIAL)
    return replace(
        state,
        version=STATE_VERSION,
        episodes=state.episodes + 1,
        workflow=workflow,
        older=_still_pending(state),
        standing=_without(state.standing, event.findings),
    )


def _still_pending(state: VehicleState) -> Chain | None:
    """Of the workflows so far, the one whose side task is still to end. ``decide`` leaves no more than one."""
    newest = state.workflow
    if newest is None or newest.side is None:
        return state.older if state.older is not None and state.older.side is not None else None
    return Chain(
        workflow_id=newest.workflow_id,
        state=newest.state,
        priority=newest.priority,
        reason=newest.reason,
        seq=newest.seq,
        hash=newest.hash,
        traceparent=newest.traceparent,
        side=newest.side,
    )


def _state_changed(workflow: Workflow, event: ev.StateChanged) -> Workflow:
    changes: dict[str, Any] = {}
    if event.priority is not None:
        changes["priority"] = event.priority
    if event.facts is not None:
        changes["facts"] = event.facts
    if event.findings is not None:
        changes["findings"] = event.findings
    if event.appointment is not None:
        changes["appointment"] = event.appointment
    if event.rebooked:
        changes["reschedules"] = workflow.reschedules + 1
    if event.service_event is not None:
        changes["service_events"] = (*workflow.service_events, event.service_event)[-bounds.MAX_SERVICE_EVENTS :]
    if changes:
        workflow = replace(workflow, **changes)
    workflow = _moved(_checked(workflow, event.to_state), event, event.to_state)
    if event.execution is not None:
        return _executing(workflow, event.execution)
    if event.due_ms is not None:
        return replace(workflow, wait=_wait(workflow, "due", event.due_ms))
    return replace(workflow, wait=None)


def _step_failed(workflow: Workflow, event: ev.StepFailed) -> Workflow:
    workflow = _moved(_checked(workflow, State.RETRY), event, State.RETRY)
    wait = None if event.retry_at_ms is None else _wait(workflow, "retry", event.retry_at_ms)
    return replace(workflow, wait=wait)


def _step_restarted(workflow: Workflow, event: ev.StepRestarted) -> Workflow:
    to_state = transitions.STATE_OF_STEP[event.execution.step]
    return _executing(_moved(_checked(workflow, to_state), event, to_state), event.execution)


def _workflow_redriven(workflow: Workflow, event: ev.WorkflowRedriven) -> Workflow:
    workflow = _moved(_checked(workflow, State.RETRY), event, State.RETRY)
    return replace(
        workflow,
        reason=None,
        execution=event.execution,
        reschedules=0,
        wait=_wait(workflow, "retry", event.at_ms),
    )


def _workflow_completed(state: VehicleState, event: ev.WorkflowCompleted) -> VehicleState:
    workflow = _ended(_workflow(state, event.workflow_id), event, State.COMPLETED)
    slim = tuple(KnownFinding(f.rule, f.subsystem, f.priority, seen=f.seen) for f in workflow.findings)
    return _left(state, replace(workflow, facts=Facts(), findings=slim, service_events=()), event)


def _workflow_failed(state: VehicleState, event: ev.WorkflowFailed) -> VehicleState:
    return _left(state, _ended(_workflow(state, event.workflow_id), event, State.FAILED), event)


def _ended(workflow: Workflow, event: ev.WorkflowEnded, to_state: State) -> Workflow:
    workflow = _moved(_counted(_checked(workflow, to_state), event), event, to_state)
    return replace(workflow, reason=event.reason, wait=None)


def _left(state: VehicleState, ended: Workflow, event: ev.WorkflowEnded) -> VehicleState:
    """The vehicle after its workflow's end: what was found may still stand, until a reading clears it."""
    before = _workflow(state, event.workflow_id).findings
    left = tuple(finding for finding in _without(before, state.standing) if not finding.suspected)
    return replace(
        state,
        workflow=ended,
        cooldowns=event.cooldowns,
        next_check_due_ms=event.next_check_due_ms,
        standing=(*state.standing, *left)[: bounds.MAX_FINDINGS],
    )


def _without(findings: tuple[KnownFinding, ...], others: tuple[KnownFinding, ...]) -> tuple[KnownFinding, ...]:
    rules = {finding.rule for finding in others}
    return tuple(finding for finding in findings if finding.rule not in rules)


# --- the workflow: without a move ---


def _findings_folded(state: VehicleState, event: ev.FindingsFolded) -> VehicleState:
    workflow = _counted(_workflow(state, event.workflow_id), event)
    return replace(
        state,
        workflow=replace(workflow, findings=event.findings),
        standing=_without(state.standing, event.findings),
    )


def _priority_changed(workflow: Workflow, event: ev.PriorityChanged) -> Workflow:
    least = workflow.least if event.least is None else event.least
    workflow = replace(workflow, priority=event.priority, least=least)
    return workflow if event.execution is None else _executing(workflow, event.execution)


def _unchanged(chain: C, event: ev.WorkflowEvent) -> C:  # noqa: ARG001 - the form of all entries of EVOLVE
    return chain


# --- the side task ---


def _side_task_started(workflow: Workflow, event: ev.SideTaskStarted) -> Workflow:
    wait = _wait(workflow, "side", event.execution.deadline_ms)
    side = SideTask(event.execution, event.priority, event.payload, wait)
    return replace(workflow, side=side, executions=_executions(workflow, event.execution))


def _side_task_failed(chain: C, event: ev.SideTaskFailed) -> C:
    return replace(chain, side=replace(_side(chain), retrying=True, wait=_wait(chain, "side-retry", event.retry_at_ms)))


def _side_task_restarted(chain: C, event: ev.SideTaskRestarted) -> C:
    execution = event.execution
    wait = _wait(chain, "side", execution.deadline_ms)
    side = replace(_side(chain), retrying=False, execution=execution, wait=wait)
    if isinstance(chain, Workflow):
        return replace(chain, side=side, executions=_executions(chain, execution))
    return replace(chain, side=side)


def _side_task_ended(chain: C, event: ev.SideTaskEnded) -> C:  # noqa: ARG001 - the form of all entries of EVOLVE
    return replace(chain, side=None)


# --- what they share ---


def _checked(workflow: Workflow, to_state: State) -> Workflow:
    transitions.check(workflow.state, to_state)
    return workflow


def _counted(chain: C, event: ev.WorkflowEvent) -> C:
    if isinstance(chain, Workflow):
        return replace(chain, seq=chain.seq + 1, updated_at_ms=event.at_ms)
    return replace(chain, seq=chain.seq + 1)


def _moved(workflow: Workflow, event: ev.WorkflowEvent, to_state: State) -> Workflow:
    entry = (
        event.at_ms - workflow.opened_at_ms,
        transitions.STATE_NUMBERS[to_state],
        transitions.REASON_NUMBERS[event.reason],
    )
    return replace(workflow, state=to_state, history=(*workflow.history, entry)[-bounds.MAX_HISTORY :])


def _executing(workflow: Workflow, execution: Execution) -> Workflow:
    findings = workflow.findings
    if execution.step in SEES_FINDINGS and not all(finding.seen for finding in findings):
        findings = tuple(finding if finding.seen else replace(finding, seen=True) for finding in findings)
    return replace(
        workflow,
        execution=execution,
        executions=_executions(workflow, execution),
        findings=findings,
        wait=_wait(workflow, "reply", execution.deadline_ms),
    )


def _executions(workflow: Workflow, execution: Execution) -> dict[str, int]:
    return {**workflow.executions, execution.step.value: execution.attempt + 1}


def _wait(chain: Chain, kind: str, due_ms: int) -> Wait:
    """A deadline whose id no other of this workflow has: it holds the ``seq`` that set it."""
    return Wait(f"{kind}/{chain.seq}", due_ms)


def _chain(state: VehicleState, workflow_id: str) -> Chain:
    chain = chain_of(state, workflow_id)
    if chain is None:
        raise KeyError(workflow_id)
    return chain


def _workflow(state: VehicleState, workflow_id: str) -> Workflow:
    if state.workflow is None or state.workflow.workflow_id != workflow_id:
        raise KeyError(workflow_id)
    return state.workflow


def _side(chain: Chain) -> SideTask:
    if chain.side is None:
        raise KeyError(chain.workflow_id)
    return chain.side


def _put(state: VehicleState, chain: Chain) -> VehicleState:
    return replace(state, workflow=chain) if isinstance(chain, Workflow) else replace(state, older=chain)


def _on_workflow(change: Callable[[Workflow, E], Workflow]) -> Callable[[VehicleState, E], VehicleState]:
    """An entry for an event that only the newest workflow can have."""

    def apply(state: VehicleState, event: E) -> VehicleState:
        return replace(state, workflow=change(_counted(_workflow(state, event.workflow_id), event), event))

    return apply


def _on_chain(change: Callable[[Any, E], Chain]) -> Callable[[VehicleState, E], VehicleState]:
    """An entry for an event that the older workflow can have too."""

    def apply(state: VehicleState, event: E) -> VehicleState:
        return _put(state, change(_counted(_chain(state, event.workflow_id), event), event))

    return apply


# Any: an entry takes exactly the event that it stands under, which a mapping's type cannot say.
EVOLVE: dict[type[ev.Event], Callable[[VehicleState, Any], VehicleState]] = {
    ev.InputApplied: _input_applied,
    ev.ReadingObserved: _reading_observed,
    ev.AuditSealed: _audit_sealed,
    ev.WorkflowOpened: _workflow_opened,
    ev.StateChanged: _on_workflow(_state_changed),
    ev.StepFailed: _on_workflow(_step_failed),
    ev.StepRestarted: _on_workflow(_step_restarted),
    ev.StepSkipped: _on_workflow(_unchanged),
    ev.WorkflowRedriven: _on_workflow(_workflow_redriven),
    ev.WorkflowCompleted: _workflow_completed,
    ev.WorkflowFailed: _workflow_failed,
    ev.FindingsFolded: _findings_folded,
    ev.CheckJoined: _on_workflow(_unchanged),
    ev.PriorityChanged: _on_workflow(_priority_changed),
    ev.SideTaskStarted: _on_workflow(_side_task_started),
    ev.SideTaskFailed: _on_chain(_side_task_failed),
    ev.SideTaskRestarted: _on_chain(_side_task_restarted),
    ev.SideTaskEnded: _on_chain(_side_task_ended),
    ev.Rejected: _on_chain(_unchanged),
}
"""How each event is applied."""
