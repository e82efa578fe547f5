"""How each event changes a vehicle's state: the only place where state changes, live, in replay and in verification.

Total over the events of ``events.py``; it decides nothing, knows no policy, and puts nothing out. A workflow's event
takes the next ``seq``, since it leaves one audit record.
"""

from collections.abc import Callable
from typing import Any

from master_orchestrator.core import events as ev
from master_orchestrator.core.evolve import campaigns, conversation, episodes, moves, side_task, vehicle
from master_orchestrator.core.evolve.chains import chain_of, on_chain, on_workflow
from master_orchestrator.core.state import VehicleState

__all__ = ["EVOLVE", "chain_of", "evolve"]


def evolve(state: VehicleState, event: ev.Event) -> VehicleState:
    """The state after the event. Raises ``IllegalTransitionError`` on a move that the table does not have."""
    return EVOLVE[type(event)](state, event)


# Any: an entry takes exactly the event that it stands under, which a mapping's type cannot say.
EVOLVE: dict[type[ev.Event], Callable[[VehicleState, Any], VehicleState]] = {
    ev.InputApplied: vehicle.input_applied,
    ev.ReadingObserved: vehicle.reading_observed,
    ev.GatewayChanged: vehicle.gateway_changed,
    ev.ReadingDropped: vehicle.reading_dropped,
    ev.AuditSealed: vehicle.audit_sealed,
    ev.WorkflowOpened: episodes.workflow_opened,
    ev.StateChanged: on_workflow(moves.state_changed),
    ev.OwnerContacted: on_workflow(conversation.owner_contacted),
    ev.ConversationContinued: on_workflow(conversation.conversation_continued),
    ev.OptedOut: conversation.opted_out,
    ev.OwnerRated: on_workflow(moves.owner_rated),
    ev.StepFailed: on_workflow(moves.step_failed),
    ev.StepRestarted: on_workflow(moves.step_restarted),
    ev.StepSkipped: on_workflow(moves.unchanged),
    ev.WorkflowRedriven: on_workflow(moves.workflow_redriven),
    ev.WorkflowCompleted: episodes.workflow_completed,
    ev.WorkflowFailed: episodes.workflow_failed,
    ev.FindingsFolded: episodes.findings_folded,
    ev.ServiceJoined: on_workflow(moves.service_joined),
    ev.ServiceDone: episodes.service_done,
    ev.CheckJoined: on_workflow(moves.unchanged),
    ev.CampaignJoined: campaigns.campaign_joined,
    ev.CampaignRemembered: campaigns.campaigns_changed,
    ev.CampaignClosed: campaigns.campaigns_changed,
    ev.BookingEnded: on_workflow(moves.booking_ended),
    ev.AppointmentMoved: on_workflow(moves.appointment_moved),
    ev.PriorityChanged: on_workflow(moves.priority_changed),
    ev.SideTaskStarted: on_workflow(side_task.side_task_started),
    ev.SideTaskFailed: on_chain(side_task.side_task_failed),
    ev.SideTaskRestarted: on_chain(side_task.side_task_restarted),
    ev.SideTaskEnded: on_chain(side_task.side_task_ended),
    ev.Rejected: on_chain(moves.rejected),
}
"""How each event is applied."""
