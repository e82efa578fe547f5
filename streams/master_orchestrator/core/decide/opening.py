"""Opening a workflow: its number, and what the vehicle's earlier ones leave to it."""

from typing import Any

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.side_task import given_up
from master_orchestrator.core.state import VehicleState


def next_workflow_id(vehicle_id: str, state: VehicleState) -> str:
    """The id of the next workflow to open."""
    return f"{vehicle_id}~{state.episodes}"


def make_room(context: Context[Any]) -> list[ev.Event]:
    """One replaced workflow's side task is kept; a second one gives up the first."""
    newest, older = context.state.workflow, context.state.older
    if newest is None or newest.side is None or older is None or older.side is None:
        return []
    return given_up(context.about(older), older.side, "superseded")
