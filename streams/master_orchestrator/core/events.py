"""What can happen to a vehicle: the facts that ``decide`` states, ``evolve`` applies and ``react`` reports.

An event is complete: everything that was computed from the policy or the clock is in it, so ``evolve`` needs neither.
Events of a workflow (:class:`WorkflowEvent`) leave one audit record each, whose ``event`` is the event's tag.
"""

import re
from typing import Any

import msgspec

from master_orchestrator.core.servicing.record import DueItem, ServiceRecord
from master_orchestrator.core.state import (
    Appointment,
    CampaignWork,
    Conversation,
    Cooldown,
    Execution,
    Facts,
    KnownFinding,
    Share,
)
from master_orchestrator.core.triage import Trackers
from master_orchestrator.core.triage.clock import Clock
from master_orchestrator_schemas.vocabulary import AgentType, AlertKind, Priority, State

ENGINE = "engine"
"""The actor of what the engine does by itself."""


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Base of all events."""


class InputApplied(Event, frozen=True, kw_only=True, gc=False, tag=_snake):
    """An input topic has been read up to ``next_offset``."""

    rank: int
    next_offset: int


class ReadingObserved(Event, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Trackers and share after a reading, and the findings that stand. Of the rest, None leaves what is known."""

    trackers: Trackers
    share: Share
    standing: tuple[KnownFinding, ...] = ()
    clock: Clock | None = None
    next_check_due_ms: int | None = None
    model: str | None = None
    odometer_m: float | None = None
    service: ServiceRecord | None = None


class GatewayChanged(Event, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The vehicle's readings come by another gateway, or by the first one: ``before`` None."""

    gateway: str
    since_ms: int
    before: str | None


class ReadingDropped(Event, frozen=True, kw_only=True, gc=False, tag=_snake):
    """A reading was dropped for its time. ``letter``: what its dead letter says; None: it leaves none."""

    clock: Clock | None
    letter: str | None = None


class AuditSealed(Event, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The hash of the workflow's newest audit record, on which the next one builds."""

    workflow_id: str
    hash: str


class Call(msgspec.Struct, frozen=True, gc=False):
    """A call for a human: an alert about the event's workflow. ``priority`` None: that of the workflow."""

    kind: AlertKind
    message: str
    priority: Priority | None = None


class WorkflowEvent(Event, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Base of what happens to one workflow.

    ``at_ms``: the input's time. ``actor``, ``reason``, ``details``: for the audit record; details are JSON-ready.
    ``calls``: whom it concerns at once.
    """

    workflow_id: str
    at_ms: int
    actor: str = ENGINE
    reason: str | None = None
    details: dict[str, Any] = {}
    calls: tuple[Call, ...] = ()


class WorkflowOpened(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """An episode begins, in PENDING. ``known``: the vehicle's campaigns from now on; None: as before."""

    priority: Priority
    findings: tuple[KnownFinding, ...]
    traceparent: str | None
    campaigns: tuple[CampaignWork, ...] = ()
    known: tuple[int, ...] | None = None
    service: tuple[DueItem, ...] = ()


class StateChanged(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """A move along the table that is neither a failure nor an end.

    ``execution``: of the agent step entered. ``due_ms``: the deadline of the waiting state entered. The rest replaces
    what the workflow holds, None leaves it.
    """

    to_state: State
    execution: Execution | None = None
    due_ms: int | None = None
    priority: Priority | None = None
    facts: Facts | None = None
    findings: tuple[KnownFinding, ...] | None = None
    appointment: Appointment | None = None
    rebooked: bool = False
    escalated: bool = False
    service_event: int | None = None


class FindingsFolded(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """New findings join the open workflow; ``findings`` are all of them.

    ``execution``: the outstanding command is issued again, as its next revision, with them in its task.
    """

    findings: tuple[KnownFinding, ...]
    execution: Execution | None = None


class ServiceJoined(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Items of regular service join the open workflow; ``service`` are all of them."""

    service: tuple[DueItem, ...]


class ServiceDone(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Items of regular service were done: their intervals begin again. ``service``: the vehicle's record."""

    service: ServiceRecord


class CheckJoined(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """A check was asked for while a workflow was open: this is it."""


class CampaignsChanged(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Base of what happens to the work of campaigns in a workflow.

    ``campaigns``: all of the workflow from now on. ``known``: digests of the vehicle's campaigns from now on.
    """

    campaigns: tuple[CampaignWork, ...]
    known: tuple[int, ...]


class CampaignJoined(CampaignsChanged, frozen=True, kw_only=True, gc=False, tag=_snake):
    """A campaign's work becomes part of the workflow, or of what its owner is asked about.

    ``execution``: the owner is asked in a new conversation, of ``priority``, whether they are being asked already or
    have agreed to other work.
    """

    priority: Priority | None = None
    execution: Execution | None = None


class CampaignRemembered(CampaignsChanged, frozen=True, kw_only=True, gc=False, tag=_snake):
    """A campaign's work waits: the owner has agreed to other work, or will be asked about it where a booking stands."""


class CampaignClosed(CampaignsChanged, frozen=True, kw_only=True, gc=False, tag=_snake):
    """A campaign is closed: work that waits is withdrawn, what is part of the workflow goes on."""


class BookingEnded(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The workshop ends a booking while the owner of a vehicle that got worse is asked again: it does not stand."""

    appointment: Appointment | None
    service_event: int


class AppointmentMoved(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The workshop has moved the appointment. ``due_ms``: the deadline of SCHEDULED from now on."""

    appointment: Appointment
    due_ms: int
    service_event: int


class PriorityChanged(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Another priority. ``execution``: the outstanding command is issued again, as its next revision."""

    priority: Priority
    least: Priority | None = None
    execution: Execution | None = None


class OwnerContacted(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The owner's answer is waited for until ``due_ms``; CUSTOMER_ENGAGEMENT says what was sent."""

    conversation: Conversation
    due_ms: int


class ConversationContinued(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The next command of a conversation: no answer came in time, or one that calls for another contact."""

    conversation: Conversation
    execution: Execution


class OptedOut(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The owner does not want contacts any more. ``opted_out``: all that the vehicle's owner does not want."""

    opted_out: tuple[str, ...]


class OwnerRated(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The owner rates a repair of this vehicle. ``service_event``: what is remembered of it."""

    service_event: int


class StepFailed(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """An execution failed: RETRY. ``retry_at_ms`` None: it was the last of the budget.

    ``is_answer``: the agent has answered that it has to be asked again later, which uses up no retry.
    """

    retry_at_ms: int | None
    is_answer: bool = False


class StepRestarted(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The wait of RETRY is over: back to the step that failed."""

    execution: Execution


class StepSkipped(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """An optional agent is not enabled."""

    step: AgentType


class WorkflowEnded(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """Base of the two ends. ``cooldowns``: those of the vehicle from now on.

    ``service``: the vehicle's record of regular service; None leaves it.
    """

    cooldowns: tuple[Cooldown, ...]
    next_check_due_ms: int
    service: ServiceRecord | None = None


class WorkflowCompleted(WorkflowEnded, frozen=True, kw_only=True, gc=False, tag=_snake):
    """COMPLETED, with the reason."""


class WorkflowFailed(WorkflowEnded, frozen=True, kw_only=True, gc=False, tag=_snake):
    """FAILED, with the reason. ``given_up``: the last command of the step, to the dead letters."""

    given_up: Execution | None = None


class WorkflowRedriven(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """An operator sends a FAILED workflow back, by RETRY, to the step it failed in. The wait is over at ``at_ms``."""

    execution: Execution


class SideTaskStarted(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """A repair is confirmed: MANUFACTURING_QUALITY is asked to count it."""

    execution: Execution
    priority: Priority
    payload: dict[str, Any]


class SideTaskFailed(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """An execution of the side task failed; it will be tried again."""

    retry_at_ms: int


class SideTaskRestarted(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The side task is tried again."""

    execution: Execution


class SideTaskEnded(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """The side task is over, done or given up (``given_up``: its last command, to the dead letters)."""

    given_up: Execution | None = None


class Rejected(WorkflowEvent, frozen=True, kw_only=True, gc=False, tag=_snake):
    """An input that a known workflow does not want; ``reason`` is a short code, the details say more.

    ``service_event``: what is remembered of a workshop event that is rejected for the first time.
    """

    service_event: int | None = None


def all_events(base: type[Event] = Event) -> list[type[Event]]:
    """Every concrete event class, for tests that none is forgotten."""
    children = base.__subclasses__()
    return [base] if not children else [leaf for child in children for leaf in all_events(child)]
