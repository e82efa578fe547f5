"""The fields of a service event, of an owner's answer and of a campaign's work, as keywords."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

from master_orchestrator_schemas.vocabulary import Answer, Channel, Priority, Purpose, ServiceEventKind, Subsystem

ServiceEventName = (
    ServiceEventKind | Literal["CHECKED_IN", "COMPLETED", "NO_SHOW", "CANCELLED", "PARTS_MISSING", "MOVED"]
)
"""What happened at the workshop."""

AnswerName = (
    Answer | Literal["ACCEPT", "DECLINE", "RESCHEDULE", "NEED_INFO", "WRONG_PERSON", "OPT_OUT", "NO_ANSWER", "RATED"]
)
"""What an owner has answered."""


class CampaignFields(TypedDict, total=False):
    """What may be said about a campaign's work.

    Args:
        title: what it is about, for the owner; at most 80 characters.
        labour_hours: hours of work, by default 1.
        skill, bay: what the technician has to know, and the kind of bay; by default ``general`` and ``standard``.
        parts: parts that it takes, at most 4.
        priority: by default SCHEDULED.
        reason: free text, for the audit trail.
    """

    title: str
    labour_hours: float
    skill: str
    bay: str
    parts: Sequence[str]
    priority: Priority
    reason: str


class ServiceEventFields(TypedDict, total=False):
    """What a workshop may say about an event.

    Args:
        event_id: the workshop's own id; a repeat is dropped. By default a new one.
        timestamp: ISO 8601 or ``datetime``, in this machine's local time where it names no zone; by default now.
        ts_ms: the same in milliseconds since 1970 UTC.
        workshop_id: where it happened.
        confirmed_cause: a component name or a trouble code.
        confirmed_subsystem: the subsystem that was at fault.
        parts_replaced: component names.
        operations: of COMPLETED, the work that was done; items of regular service that are named begin again.
        labour_hours: hours of work.
        note: free text.
        start_ms, end_ms: of MOVED, when the appointment begins and ends now.
    """

    event_id: str | int
    timestamp: datetime | str
    ts_ms: int
    workshop_id: str | None
    confirmed_cause: str | None
    confirmed_subsystem: Subsystem | str | None
    parts_replaced: Sequence[str]
    operations: Sequence[str]
    labour_hours: float | None
    note: str | None
    start_ms: int | None
    end_ms: int | None


class CustomerAnswerFields(TypedDict, total=False):
    """What may be said about an owner's answer.

    Args:
        answer_id: the sender's own id; a repeat is dropped. By default a new one.
        timestamp: ISO 8601 or ``datetime``, in this machine's local time where it names no zone; by default now.
        ts_ms: the same in milliseconds since 1970 UTC.
        contact_id: the command_id of the contact that it answers.
        offer: with ACCEPT, which of the offers shown, from 1.
        preferred_from: the owner's earliest wish, written as ``timestamp``.
        preferred_from_ms: the same in milliseconds since 1970 UTC.
        channel: where the answer came from; with OPT_OUT the channel that is not wanted any more, by default all.
        purpose: with OPT_OUT what contacts are not wanted for any more, by default maintenance.
        csat, nps, fixed_right_first_time, comment: with RATED, what the owner says of the repair: from 1 to 5, from 0
            to 10, yes or no, and in words without names.
    """

    answer_id: str | int
    timestamp: datetime | str
    ts_ms: int
    contact_id: str | None
    offer: int | None
    preferred_from: datetime | str | None
    preferred_from_ms: int | None
    channel: Channel | Literal["push", "sms", "email", "call", "human"] | None
    purpose: Purpose | Literal["maintenance", "safety", "feedback"] | None
    csat: int | None
    nps: int | None
    fixed_right_first_time: bool | None
    comment: str | None
