"""What becomes of a workflow whose owner does not agree: declines, does not answer, cannot be asked."""

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import appointments, calls
from master_orchestrator.core.decide.booking import standing
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.state import Workflow
from master_orchestrator_schemas.vocabulary import Reason


def owner_not_won(context: Context[Workflow], reason: Reason, why: str) -> list[ev.Event]:
    """The end of the workflow, with a call for a human if it is URGENT or HIGH. A standing booking is kept."""
    appointment = standing(context.workflow)
    if appointment is not None:
        return appointments.stands(context, appointment, reason, why)
    return context.complete(reason, calls.owner_not_won(context.policy, context.vehicle_id, context.workflow, why))
