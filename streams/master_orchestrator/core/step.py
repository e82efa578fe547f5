"""One input of one vehicle: decide, and for each event evolve and react."""

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Deadline, Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Chain, VehicleState, Workflow


def step(policy: Policy, vehicle_id: str, state: VehicleState | None, input: Input) -> Outcome:  # noqa: A002 - the contract's name
    """The new state and every effect of one input. Pure; never raises on a decodable input.

    ``state`` None: nothing is known of the vehicle yet.
    """
    raise NotImplementedError


def deadlines(vehicle_id: str, state: VehicleState) -> list[Deadline]:  # noqa: ARG001 - the contract's form
    """The ticks this state waits for, at most three: of the open workflow, its side task, the older one's side task."""
    chains: tuple[Chain | None, ...] = (state.workflow, state.older)
    waits = []
    for chain in chains:
        if chain is None:
            continue
        if isinstance(chain, Workflow) and chain.wait is not None:
            waits.append((chain.workflow_id, chain.wait))
        if chain.side is not None:
            waits.append((chain.workflow_id, chain.side.wait))
    return [
        Deadline(due_ms=wait.due_ms, workflow_id=workflow_id, deadline_id=wait.deadline_id)
        for workflow_id, wait in waits
    ]
