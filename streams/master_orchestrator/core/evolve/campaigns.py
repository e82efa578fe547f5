"""Events of campaigns' work in a workflow."""

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.evolve.chains import counted, newest_workflow
from master_orchestrator.core.evolve.moves import checked, executing, moved, with_less_time
from master_orchestrator.core.state import VehicleState
from master_orchestrator_schemas.vocabulary import State


def campaigns_changed(state: VehicleState, event: ev.CampaignsChanged) -> VehicleState:
    """Apply an event that changes nothing but the campaigns."""
    workflow = replace(counted(newest_workflow(state, event.workflow_id), event), campaigns=event.campaigns)
    return replace(state, workflow=workflow, campaigns=event.known)


def campaign_joined(state: VehicleState, event: ev.CampaignJoined) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.CampaignJoined`. Asking the owner is a move from other states."""
    changed = campaigns_changed(state, event)
    if event.execution is None:
        return changed
    workflow = newest_workflow(changed, event.workflow_id)
    priority = workflow.priority if event.priority is None else event.priority
    workflow = replace(workflow, conversation=None, priority=priority, facts=with_less_time(workflow, priority))
    if workflow.state is not State.CUSTOMER_ENGAGEMENT:
        workflow = moved(checked(workflow, State.CUSTOMER_ENGAGEMENT), event, State.CUSTOMER_ENGAGEMENT)
    return replace(changed, workflow=executing(workflow, event.execution))
