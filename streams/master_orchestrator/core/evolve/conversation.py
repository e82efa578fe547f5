"""Events of the conversation with an owner."""

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.evolve.chains import counted, known_chain, new_wait, put
from master_orchestrator.core.evolve.moves import checked, executing, moved
from master_orchestrator.core.state import VehicleState, Workflow
from master_orchestrator_schemas.vocabulary import State


def owner_contacted(workflow: Workflow, event: ev.OwnerContacted) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.OwnerContacted`."""
    return replace(workflow, conversation=event.conversation, wait=new_wait(workflow, "answer", event.due_ms))


def conversation_continued(workflow: Workflow, event: ev.ConversationContinued) -> Workflow:
    """Apply :class:`~master_orchestrator.core.events.ConversationContinued`. An answer can come in RETRY too."""
    if workflow.state is State.RETRY:
        workflow = moved(checked(workflow, State.CUSTOMER_ENGAGEMENT), event, State.CUSTOMER_ENGAGEMENT)
    return executing(replace(workflow, conversation=event.conversation), event.execution)


def opted_out(state: VehicleState, event: ev.OptedOut) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.OptedOut`, which an older workflow can have too."""
    recorded = put(state, counted(known_chain(state, event.workflow_id), event))
    return replace(recorded, opted_out=event.opted_out)
