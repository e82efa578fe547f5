"""What enters the engine besides telemetry: reports, requests, owners' answers, timer ticks, agent replies."""

from typing import Annotated, Any

import msgspec

from master_orchestrator_schemas.messages.telemetry import Finite, Millis, ShortText, VehicleId
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    Answer,
    Channel,
    FailureKind,
    OperatorAction,
    Priority,
    Purpose,
    ServiceEventKind,
)

LongText = Annotated[str, msgspec.Meta(max_length=2_000)]
CampaignId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
Word = Annotated[str, msgspec.Meta(max_length=40)]
Texts = Annotated[tuple[ShortText, ...], msgspec.Meta(max_length=32)]


class ServiceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A workshop's report about a workflow's appointment.

    ``event_id`` is the workshop's own; a repeat is dropped. ``confirmed_cause`` is a component name or DTC,
    ``confirmed_subsystem`` one of :class:`~master_orchestrator_schemas.vocabulary.Subsystem`. ``start_ms``, ``end_ms``:
    of MOVED, when the appointment begins and ends now; without an end it lasts as long as before. ``operations``: of
    COMPLETED, the work that was done; items of regular service that are named begin again.
    """

    vehicle_id: VehicleId
    workflow_id: ShortText
    event_id: ShortText
    kind: ServiceEventKind
    ts_ms: Millis
    workshop_id: ShortText | None = None
    confirmed_cause: ShortText | None = None
    confirmed_subsystem: ShortText | None = None
    parts_replaced: Texts = ()
    labour_hours: Finite | None = None
    note: LongText | None = None
    start_ms: Millis | None = None
    end_ms: Millis | None = None
    operations: Texts = ()


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """Work that is done once on each of many vehicles, as a recall orders it.

    Args:
        campaign_id: a vehicle takes part in a campaign once.
        title: what it is about, for the owner.
        operation: the work, as the workshop knows it. CLOSE_CAMPAIGN needs none.
    """

    campaign_id: CampaignId
    title: Annotated[str, msgspec.Meta(max_length=80)] = ""
    operation: Word = ""
    labour_hours: Annotated[float, msgspec.Meta(ge=0, le=200)] = 1.0
    skill: Word = "general"
    bay: Word = "standard"
    parts: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=24)], ...], msgspec.Meta(max_length=4)] = ()


class OperatorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's request about one workflow, or about a campaign's work on one vehicle.

    ``operator`` ends up as the actor in the audit trail. ``workflow_id``: of all but OPEN_CAMPAIGN and CLOSE_CAMPAIGN,
    which have a ``campaign``. ``priority``: for SET_PRIORITY; for OPEN_CAMPAIGN that of the work, None: SCHEDULED.
    """

    vehicle_id: VehicleId
    workflow_id: ShortText = ""
    request_id: ShortText
    action: OperatorAction
    operator: ShortText
    priority: Priority | None = None
    reason: LongText | None = None
    campaign: Campaign | None = None


class CustomerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner of a vehicle has answered to a contact.

    ``answer_id`` is the sender's own; a repeat is dropped. ``contact_id``: the command_id of the contact that it
    answers. ``offer``: which of the offers shown, from 1. ``channel``: where it came from; with OPT_OUT, what is not
    wanted any more, None: no channel is. ``purpose``: of OPT_OUT, None: maintenance. ``csat`` (1-5), ``nps`` (0-10),
    ``fixed_right_first_time``, ``comment``: of RATED, what the owner says of the repair; the comment is the only free
    text, and the sender keeps names and numbers out of it.
    """

    vehicle_id: VehicleId
    workflow_id: ShortText
    answer_id: ShortText
    answer: Answer
    ts_ms: Millis
    contact_id: ShortText | None = None
    offer: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None
    preferred_from_ms: Millis | None = None
    channel: Channel | None = None
    purpose: Purpose | None = None
    csat: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    nps: Annotated[int, msgspec.Meta(ge=0, le=10)] | None = None
    fixed_right_first_time: bool | None = None
    comment: ShortText | None = None


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A tick that the engine sends to itself when a deadline of a vehicle's state is due.

    ``deadline_id`` names the deadline; the tick is checked against the state, so late or repeated ones do nothing.
    """

    vehicle_id: VehicleId
    workflow_id: str
    deadline_id: str
    due_ms: int


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why an agent could not do its task. ``retry_after_ms`` may lengthen the wait, never shorten it."""

    kind: FailureKind
    error: ShortText
    message: LongText
    retry_after_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)] | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's answer to one command: either ``result`` (the typed result of its agent) or ``failure``.

    ``result`` is a mapping of the fields of the agent's result model (``results.py``); the engine reads it through
    that model.
    """

    command_id: ShortText
    workflow_id: ShortText
    vehicle_id: VehicleId
    agent: AgentType
    worker: ShortText
    handled_in_ms: Annotated[int, msgspec.Meta(ge=0)]
    result: dict[str, Any] | None = None
    failure: Failure | None = None
