"""The owner agrees: the work that they were asked about becomes part of the workflow, and SCHEDULING books it."""

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.campaigns import WHY
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.state import Facts, Workflow
from master_orchestrator_schemas.vocabulary import AgentType


def agreed(context: Context[Workflow], reason: str, facts: Facts) -> list[ev.Event]:
    """CUSTOMER_ENGAGEMENT -> SCHEDULING, with the work of campaigns that presses. ``facts``: with the owner's wish."""
    workflow, booking = context.workflow, context.enter(AgentType.SCHEDULING, reason, facts=facts)
    joining = [work.campaign_id for work in workflow.campaigns if work not in workflow.asked]
    if not joining:
        return booking
    head = context.by_engine.noting(joined=joining).head(WHY)
    return [ev.CampaignJoined(**head, campaigns=workflow.asked, known=context.state.campaigns), *booking]
