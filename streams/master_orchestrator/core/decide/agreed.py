"""The owner agrees: the work that they were asked about becomes part of the workflow, and SCHEDULING books it."""

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.campaigns import WHY
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.state import Facts, Workflow
from master_orchestrator_schemas.vocabulary import AgentType


def agreed(context: Context[Workflow], reason: str, facts: Facts) -> list[ev.Event]:
    """CUSTOMER_ENGAGEMENT -> SCHEDULING, with the work of campaigns that presses. ``facts``: with the owner's wish."""
    booking = context.enter(AgentType.SCHEDULING, reason, facts=facts)
    workflow = context.workflow
    if workflow.campaigns == workflow.asked:
        return booking
    joined = ev.CampaignJoined(**context.by_engine.head(WHY), campaigns=workflow.asked, known=context.state.campaigns)
    return [joined, *booking]
