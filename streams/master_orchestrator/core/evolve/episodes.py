"""Events that open, feed and end an episode: these concern the vehicle as well as its workflow."""

from msgspec.structs import replace

from master_orchestrator.core import bounds, transitions
from master_orchestrator.core import events as ev
from master_orchestrator.core.evolve.chains import counted, newest_workflow
from master_orchestrator.core.evolve.moves import checked, executing, moved
from master_orchestrator.core.state import Chain, Facts, KnownFinding, VehicleState, Workflow
from master_orchestrator_schemas.vocabulary import State


def workflow_opened(state: VehicleState, event: ev.WorkflowOpened) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.WorkflowOpened`."""
    workflow = Workflow(
        workflow_id=event.workflow_id,
        state=transitions.INITIAL,
        priority=event.priority,
        seq=0,
        traceparent=event.traceparent,
        opened_at_ms=event.at_ms,
        updated_at_ms=event.at_ms,
        findings=event.findings,
        campaigns=event.campaigns,
        service=event.service,
    )
    workflow = moved(workflow, event, transitions.INITIAL)
    return replace(
        state,
        episodes=state.episodes + 1,
        workflow=workflow,
        older=_still_pending(state),
        standing=_without(state.standing, event.findings),
        campaigns=state.campaigns if event.known is None else event.known,
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


def workflow_completed(state: VehicleState, event: ev.WorkflowCompleted) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.WorkflowCompleted`."""
    workflow = _ended(newest_workflow(state, event.workflow_id), event, State.COMPLETED)
    return _left(
        state, replace(workflow, facts=_diagnosis(workflow.facts), service_events=(), conversation=None), event
    )


def _diagnosis(facts: Facts) -> Facts:
    """What is still told of a workflow once nobody works on it."""
    return Facts(
        causes=facts.causes,
        rated=facts.rated,
        severity=facts.severity,
        probability=facts.probability,
        time_to_failure_h=facts.time_to_failure_h,
        safe_to_drive=facts.safe_to_drive,
    )


def workflow_failed(state: VehicleState, event: ev.WorkflowFailed) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.WorkflowFailed`."""
    return _left(state, _ended(newest_workflow(state, event.workflow_id), event, State.FAILED), event)


def _ended(workflow: Workflow, event: ev.WorkflowEnded, to_state: State) -> Workflow:
    workflow = moved(counted(checked(workflow, to_state), event), event, to_state)
    return replace(workflow, reason=event.reason, wait=None)


def _left(state: VehicleState, ended: Workflow, event: ev.WorkflowEnded) -> VehicleState:
    """The vehicle after its workflow's end: what was found may still stand, until a reading clears it."""
    before = newest_workflow(state, event.workflow_id).findings
    left = tuple(finding for finding in _without(before, state.standing) if not finding.suspected)
    return replace(
        state,
        workflow=ended,
        cooldowns=event.cooldowns,
        next_check_due_ms=event.next_check_due_ms,
        service=state.service if event.service is None else event.service,
        standing=(*state.standing, *left)[: bounds.MAX_FINDINGS],
    )


def service_done(state: VehicleState, event: ev.ServiceDone) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.ServiceDone`."""
    workflow = counted(newest_workflow(state, event.workflow_id), event)
    return replace(state, workflow=workflow, service=event.service)


def findings_folded(state: VehicleState, event: ev.FindingsFolded) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.FindingsFolded`."""
    workflow = replace(counted(newest_workflow(state, event.workflow_id), event), findings=event.findings)
    return replace(
        state,
        workflow=workflow if event.execution is None else executing(workflow, event.execution),
        standing=_without(state.standing, event.findings),
    )


def _without(findings: tuple[KnownFinding, ...], others: tuple[KnownFinding, ...]) -> tuple[KnownFinding, ...]:
    rules = {finding.rule for finding in others}
    return tuple(finding for finding in findings if finding.rule not in rules)
