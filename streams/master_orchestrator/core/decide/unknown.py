"""An input about a workflow that the vehicle's state does not hold."""

from master_orchestrator.core import bounds
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import VehicleState

SUPERSEDED = "superseded_workflow"


def no_such_workflow(state: VehicleState, vehicle_id: str, workflow_id: str) -> Rejection:
    """A workflow that this vehicle never had, or whose trail is closed because a newer one has replaced it."""
    owner, _, episode = workflow_id.rpartition("~")
    if owner == vehicle_id and episode in map(str, range(state.episodes)):
        return Rejection(SUPERSEDED, f"{workflow_id} has ended and a newer workflow has replaced it")
    return Rejection("unknown_workflow", f"vehicle {vehicle_id} has no workflow {bounds.clip(workflow_id, 100)!r}")
