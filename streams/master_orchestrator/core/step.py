"""One input of one vehicle: decide, and for each event evolve and react."""

from collections.abc import Iterator

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import decide, progress
from master_orchestrator.core.evolve import chain_of, evolve
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.react import react
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import Chain, VehicleState, Wait, Workflow, new_vehicle
from master_orchestrator.core.statuses import status_of

CLOCK_LETTER = "clock_behind"
"""The dead letter's reason for readings that are out of their vehicle's time, behind or ahead of it."""


def step(policy: Policy, vehicle_id: str, state: VehicleState | None, input: Input) -> Outcome:  # noqa: A002 - the contract's name
    """The new state and every effect of one input. Pure; never raises on a decodable input.

    ``state`` None: nothing is known of the vehicle yet.
    """
    outcome = Outcome(
        state=new_vehicle() if state is None else state,
        commands=[],
        audit=[],
        status=[],
        alerts=[],
        traceparent=input.traceparent,
    )
    rank = policy.ranks.get(input.cause.topic)
    if rank is not None:
        _evolve(outcome, ev.InputApplied(rank=rank, next_offset=input.cause.offset + 1))
    decided = decide(policy, vehicle_id, outcome.state, input)
    if isinstance(decided, Rejection):
        outcome.rejection = decided
        return outcome
    changed: dict[str, Workflow] = {}
    while decided:
        for event in decided:
            if isinstance(event, ev.WorkflowEvent):
                _happen(policy, vehicle_id, outcome, event, input)
                _note(changed, outcome.state, event)
            else:
                _evolve(outcome, event)
                if isinstance(event, ev.ReadingDropped) and event.letter is not None:
                    outcome.rejection = Rejection(CLOCK_LETTER, event.letter)
        decided = progress(policy, outcome.state, input) if changed else []
    if changed:
        outcome.status = [status_of(vehicle_id, workflow) for workflow in changed.values()]
    if outcome.traceparent is None:
        outcome.traceparent = _traceparent(outcome)
    return outcome


def deadlines(vehicle_id: str, state: VehicleState) -> list[Deadline]:  # noqa: ARG001 - the contract's form
    """The ticks this state waits for, at most three: of the open workflow, its side task, the older one's side task."""
    waiting = []
    for chain in (state.workflow, state.older):
        if chain is not None:
            waiting += [
                Deadline(due_ms=wait.due_ms, workflow_id=chain.workflow_id, deadline_id=wait.deadline_id)
                for wait in _waits(chain)
            ]
    return waiting


def _waits(chain: Chain) -> Iterator[Wait]:
    if isinstance(chain, Workflow) and chain.wait is not None:
        yield chain.wait
    if chain.side is not None:
        yield chain.side.wait


def _evolve(outcome: Outcome, event: ev.Event) -> None:
    outcome.state = evolve(outcome.state, event)
    outcome.events.append(event)


def _happen(policy: Policy, vehicle_id: str, outcome: Outcome, event: ev.WorkflowEvent, record: Input) -> None:
    """The event's change and its effects, into ``outcome``."""
    before = outcome.state
    _evolve(outcome, event)
    effects = react(policy, vehicle_id, before, outcome.state, event, cause=record)
    _evolve(outcome, ev.AuditSealed(workflow_id=effects.audit.workflow_id, hash=effects.audit.hash))
    outcome.audit.append(effects.audit)
    outcome.commands += effects.commands
    outcome.alerts += effects.alerts
    outcome.failed_commands += effects.failed


def _note(changed: dict[str, Workflow], state: VehicleState, event: ev.WorkflowEvent) -> None:
    """Keep the newest form of the workflow the event was about. A replaced one keeps the status it ended with."""
    workflow = state.workflow
    if workflow is not None and workflow.workflow_id == event.workflow_id:
        changed[workflow.workflow_id] = workflow


def _traceparent(outcome: Outcome) -> str | None:
    """Ticks carry no trace: what they cause belongs to the trace that opened the workflow."""
    if not outcome.audit:
        return None
    chain = chain_of(outcome.state, outcome.audit[-1].workflow_id)
    return None if chain is None else chain.traceparent
