"""A campaign's work on a vehicle, such as a recall: each vehicle gets it once, or its owner's refusal is on record.

A vehicle without an open workflow gets one, which begins with the owner: the work needs no diagnosis. An open workflow
takes the work in as long as its owner can still be asked about all of it at once: before the first contact without
more, during the conversation in a new one, since an earlier answer is to something else. Once the owner has agreed to
other work, it waits for that workflow's end, which opens the next one.

Work that is more urgent than the workflow, HIGH at least, does not wait until then: its owner is told now. Where a
booking stands, the work becomes part of the workflow once the owner agrees to an earlier one (``agreed.py``); until
then, and if the owner does not agree, it waits. Feedback is given up for it, as for a new finding of that urgency. A
car that is at the workshop stays there, and a human is called.

So a campaign is in one workflow at a time. What is left of one that ends (``left_over``):

- SERVICED, DECLINED, NO_ANSWER and CANCELLED settle the work that was part of it; only what waits goes on;
- where nothing was found, the owner has not been asked: the work goes on too;
- of a workflow that failed, a redrive goes on with it; the vehicle's next workflow takes it over.
"""

from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import calls
from master_orchestrator.core.decide.context import Context, Decision
from master_orchestrator.core.decide.executions import first_execution
from master_orchestrator.core.decide.opening import make_room, next_workflow_id
from master_orchestrator.core.decide.priority import change_priority
from master_orchestrator.core.decide.service_event import digest_of
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import CampaignWork, Workflow
from master_orchestrator.core.transitions import STATES_BEFORE_CONTACT
from master_orchestrator_schemas.messages import Campaign, OperatorRequest
from master_orchestrator_schemas.reasons import CORE_REASONS
from master_orchestrator_schemas.vocabulary import AgentType, OperatorAction, Priority, Reason, State

WHY = "campaign"
CAMPAIGN_ACTIONS = frozenset({OperatorAction.OPEN_CAMPAIGN, OperatorAction.CLOSE_CAMPAIGN})
SETTLED = frozenset({Reason.SERVICED, Reason.DECLINED, Reason.NO_ANSWER, Reason.CANCELLED})
"""Ends after which the work that was part of the workflow is done, refused, or given up by an operator."""
AGREED = frozenset({State.SCHEDULING, State.SCHEDULED})
"""States in which the owner has agreed, and the car is not at the workshop yet."""


def left_over(workflow: Workflow | None) -> tuple[CampaignWork, ...]:
    """The work that an ended workflow leaves to the next one; of one that ends just now, as serviced, too."""
    if workflow is None:
        return ()
    settled = workflow.is_open or workflow.reason in SETTLED
    return tuple(replace(work, waits=False) for work in workflow.campaigns if work.waits or not settled)


def goes_on_at_once(workflow: Workflow) -> bool:
    """Whether the end of a workflow opens the next one by itself. One that failed may be redriven, so it does not."""
    ended_for_good = workflow.state is State.COMPLETED or workflow.reason == Reason.CANCELLED
    return ended_for_good and bool(left_over(workflow))


def opened(context: Context[Any], campaigns: tuple[CampaignWork, ...], known: tuple[int, ...]) -> list[ev.Event]:
    """A workflow for this work."""
    event = ev.WorkflowOpened(
        workflow_id=next_workflow_id(context.vehicle_id, context.state),
        at_ms=context.at_ms,
        actor=context.actor,
        reason=WHY,
        details=context.details,
        priority=min(work.priority for work in campaigns),
        findings=(),
        traceparent=bounds.clip_optional(context.input.traceparent, bounds.TRACEPARENT_BYTES),
        campaigns=campaigns,
        known=known,
    )
    return [*make_room(context), event]


def on_campaign_request(context: Context[None], request: OperatorRequest) -> Decision:
    """What an operator's request about a campaign makes happen. ``context`` has the operator and the details."""
    campaign, workflow = request.campaign, context.state.workflow
    if campaign is None or not (campaign.operation or request.action is OperatorAction.CLOSE_CAMPAIGN):
        return Rejection("campaign_missing", CORE_REASONS["campaign_missing"].meaning)
    if request.action is OperatorAction.CLOSE_CAMPAIGN:
        return _closed(context, campaign)
    work = _work(campaign, request.priority or Priority.SCHEDULED)
    if workflow is None:
        return opened(context, (work,), _known(context, work))
    return _asked_for(context.about(workflow, context.actor, context.details), work)


def _asked_for(about: Context[Workflow], work: CampaignWork) -> list[ev.Event]:
    """Work for a vehicle that has had a workflow."""
    workflow, known = about.workflow, _known(about, work)
    if known == about.state.campaigns:
        return about.reject("duplicate_campaign")
    held = workflow.campaigns if workflow.is_open else left_over(workflow)
    if len(held) >= bounds.MAX_CAMPAIGNS:
        return about.reject("too_many_campaigns")
    if not workflow.is_open:
        return opened(about, (*held, work), known)
    return _taken_in(about, work, known)


def _known(context: Context[Any], work: CampaignWork) -> tuple[int, ...]:
    """The vehicle's campaigns with this one; as they are if it is among them."""
    known, digest = context.state.campaigns, digest_of(work.campaign_id)
    return known if digest in known else (*known, digest)[-bounds.MAX_KNOWN_CAMPAIGNS :]


def _work(campaign: Campaign, priority: Priority) -> CampaignWork:
    operation = {
        "name": bounds.clip(campaign.operation, bounds.WORD_BYTES),
        "labour_hours": campaign.labour_hours,
        "skill": bounds.clip(campaign.skill, bounds.WORD_BYTES),
        "bay": bounds.clip(campaign.bay, bounds.WORD_BYTES),
        "parts": [bounds.clip(part, bounds.PART_BYTES) for part in campaign.parts],
    }
    return CampaignWork(campaign.campaign_id, bounds.clip(campaign.title, bounds.TITLE_BYTES), operation, priority)


def _taken_in(context: Context[Workflow], work: CampaignWork, known: tuple[int, ...]) -> list[ev.Event]:
    workflow, state = context.workflow, context.workflow.stage
    if state in STATES_BEFORE_CONTACT:
        return _joined(context, work, known)
    if state is State.CUSTOMER_ENGAGEMENT and (work.is_pressing or workflow.standing is None):
        return _asked_again(context, work, known)
    if state in AGREED and work.is_pressing and work.priority < workflow.priority:
        return _asked_again(context, work, known)
    if state is State.FEEDBACK and work.is_pressing:
        superseded = context.noting(superseded_by=next_workflow_id(context.vehicle_id, context.state))
        return _remembered(context, work, known) + superseded.complete(Reason.SERVICED)
    return _remembered(context, work, known, calls.campaign_waits(context.vehicle_id, workflow, work))


def _joined(context: Context[Workflow], work: CampaignWork, known: tuple[int, ...]) -> list[ev.Event]:
    """The owner will be asked about all of it; where a booking stands, about what does not press only at its end."""
    if context.workflow.standing is not None:
        return _remembered(context, work, known)
    joined = ev.CampaignJoined(**context.head(WHY), campaigns=(*context.workflow.campaigns, work), known=known)
    if not work.is_pressing or work.priority >= context.workflow.priority:
        return [joined]
    return [joined, *change_priority(context.without_details, work.priority, WHY)]


def _asked_again(context: Context[Workflow], work: CampaignWork, known: tuple[int, ...]) -> list[ev.Event]:
    """The owner is asked in a new conversation, about all of it."""
    workflow, step = context.workflow, AgentType.CUSTOMER_ENGAGEMENT
    priority = min(workflow.priority, work.priority)
    joined = ev.CampaignJoined(
        **context.head(WHY),
        campaigns=(*workflow.campaigns, replace(work, waits=workflow.standing is not None)),
        known=known,
        priority=priority,
        execution=first_execution(context.policy, workflow, step, priority, context.at_ms),
    )
    return [joined]


def _remembered(
    context: Context[Workflow], work: CampaignWork, known: tuple[int, ...], called: tuple[ev.Call, ...] = ()
) -> list[ev.Event]:
    """It waits."""
    waiting = (*context.workflow.campaigns, replace(work, waits=True))
    return [ev.CampaignRemembered(**context.head(WHY), campaigns=waiting, known=known, calls=called)]


def _closed(context: Context[None], campaign: Campaign) -> Decision:
    """Work that waits is withdrawn, and may be opened again; what is part of a workflow goes on."""
    workflow, known, digest = context.state.workflow, context.state.campaigns, digest_of(campaign.campaign_id)
    if workflow is None or digest not in known:
        return Rejection("unknown_campaign", f"vehicle {context.vehicle_id} takes no part in {campaign.campaign_id}")
    kept = tuple(work for work in workflow.campaigns if not (work.waits and work.campaign_id == campaign.campaign_id))
    if len(kept) < len(workflow.campaigns):
        known = tuple(other for other in known if other != digest)
    about = context.about(workflow, context.actor, context.details)
    return [ev.CampaignClosed(**about.head(WHY), campaigns=kept, known=known)]
