"""Finding a workflow in a vehicle's state and putting it back, one audit record further."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.state import Chain, Execution, VehicleState, Wait, Workflow

E = TypeVar("E", bound=ev.WorkflowEvent)
C = TypeVar("C", bound=Chain)


def chain_of(state: VehicleState, workflow_id: str) -> Chain | None:
    """The workflow of that id, if its audit trail can be gone on with."""
    if state.workflow is not None and state.workflow.workflow_id == workflow_id:
        return state.workflow
    if state.older is not None and state.older.workflow_id == workflow_id:
        return state.older
    return None


def known_chain(state: VehicleState, workflow_id: str) -> Chain:
    """The workflow of that id, which ``decide`` has found before it stated the event."""
    chain = chain_of(state, workflow_id)
    if chain is None:
        raise KeyError(workflow_id)
    return chain


def newest_workflow(state: VehicleState, workflow_id: str) -> Workflow:
    """The newest workflow, which has to be the one of that id."""
    if state.workflow is None or state.workflow.workflow_id != workflow_id:
        raise KeyError(workflow_id)
    return state.workflow


def put(state: VehicleState, chain: Chain) -> VehicleState:
    """The state with this form of one of its workflows."""
    return replace(state, workflow=chain) if isinstance(chain, Workflow) else replace(state, older=chain)


def counted(chain: C, event: ev.WorkflowEvent) -> C:
    """The workflow with one more audit record."""
    if isinstance(chain, Workflow):
        return replace(chain, seq=chain.seq + 1, updated_at_ms=event.at_ms)
    return replace(chain, seq=chain.seq + 1)


def new_wait(chain: Chain, kind: str, due_ms: int) -> Wait:
    """A deadline whose id no other of this workflow has: it holds the ``seq`` that set it."""
    return Wait(f"{kind}/{chain.seq}", due_ms)


def executions(workflow: Workflow, execution: Execution) -> dict[str, int]:
    """The counts of executions with this one."""
    return {**workflow.executions, execution.step.value: execution.attempt + 1}


def on_workflow(change: Callable[[Workflow, E], Workflow]) -> Callable[[VehicleState, E], VehicleState]:
    """An entry for an event that only the newest workflow can have."""

    def apply(state: VehicleState, event: E) -> VehicleState:
        return replace(state, workflow=change(counted(newest_workflow(state, event.workflow_id), event), event))

    return apply


def on_chain(change: Callable[[Any, E], Chain]) -> Callable[[VehicleState, E], VehicleState]:
    """An entry for an event that the older workflow can have too."""

    def apply(state: VehicleState, event: E) -> VehicleState:
        return put(state, change(counted(known_chain(state, event.workflow_id), event), event))

    return apply
