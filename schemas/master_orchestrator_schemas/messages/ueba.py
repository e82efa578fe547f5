"""What the judge of behaviour reads besides activity, and what it writes."""

import sys
from typing import Annotated

import msgspec

from master_orchestrator_schemas.messages.activity import ActorName, Count
from master_orchestrator_schemas.messages.inputs import LongText
from master_orchestrator_schemas.messages.outputs import Cause
from master_orchestrator_schemas.messages.telemetry import Millis, ShortText
from master_orchestrator_schemas.vocabulary import ActorKind, ControlLevel, UebaAction, Verdict

MAX_OPEN_FINDINGS = 32
MAX_FINDING_SESSIONS = 5
MAX_CONTROLLED_PAIRS = 64
MAX_ASKED_MS = 31_622_400_000
"""366 days: for how long something can be asked."""


class ControlledPair(msgspec.Struct, frozen=True, kw_only=True):
    """An action on a resource that a control is about. ``per_minute``: how often THROTTLE lets it through."""

    action: ShortText
    resource: ShortText
    per_minute: Annotated[float, msgspec.Meta(ge=0, le=sys.float_info.max)] | None = None


ControlledPairs = Annotated[tuple[ControlledPair, ...], msgspec.Meta(max_length=MAX_CONTROLLED_PAIRS)]


class UebaRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's request about an actor. The topic's key is ``actor``.

    Args:
        request_id: the operator's own; a repeat is dropped.
        by: who asks.
        finding_id: what ACKNOWLEDGE is about; of a CONTROL or RELEASE, its occasion.
        verdict: of ACKNOWLEDGE.
        level, instance, pairs: of CONTROL; no instance: the whole actor; no pairs: all it does.
        duration_ms: how long a CONTROL or a WINDOW lasts; None: a control until it is released.
    """

    actor: ActorName
    request_id: ShortText
    action: UebaAction
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: LongText
    finding_id: ShortText | None = None
    verdict: Verdict | None = None
    level: ControlLevel | None = None
    instance: ShortText | None = None
    pairs: ControlledPairs = ()
    duration_ms: Annotated[int, msgspec.Meta(ge=1, le=MAX_ASKED_MS)] | None = None


class ActorTick(msgspec.Struct, frozen=True, kw_only=True):
    """A tick that the ueba app sends to itself when a deadline of an actor's state is due, as :class:`Timer` is."""

    actor: ActorName
    deadline_id: ShortText
    due_ms: int


class ActorRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an actor's trail; the topic's key is ``actor/seq``, chained as the workflows' audit records are.

    Args:
        at_ms: the timestamp of the causing record.
        event: ``finding_raised``, ``finding_grown``, ``acknowledged``, ``band_changed``, ``control_set``,
            ``control_released``, ``window_declared``, ``request_refused``, ``request_repeated``, ``listened`` (a tick
            that found nobody silent).
        by: ``ueba``, or ``operator:<name>``.
        score, band: of the actor, after the event.
        details: the event's typed details, JSON text with sorted keys.
        positions: input topic -> next offset to read for this actor's partition, after the cause was applied.
    """

    actor: ActorName
    seq: int
    at_ms: int
    event: str
    by: str
    finding_id: str | None
    score: float
    band: str
    details: str
    cause: Cause
    positions: dict[str, int]
    prev_hash: str
    hash: str


class FindingSession(msgspec.Struct, frozen=True, kw_only=True):
    """What of a finding happened in one session: how many of its acts, and where."""

    session: ShortText
    workflow_id: ShortText | None = None
    instance: ShortText
    acts: Count


class OpenFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that has not been acknowledged as benign, as readers see it.

    ``heaviest``: the sessions with the most of its acts, the heaviest first.
    """

    finding_id: str
    rule: str
    severity: float
    action: str
    resource: str
    entity: str | None
    first_at_ms: int
    newest_at_ms: int
    count: Count
    explanation: str
    verdict: Verdict | None = None
    heaviest: Annotated[tuple[FindingSession, ...], msgspec.Meta(max_length=MAX_FINDING_SESSIONS)] = ()


class EntityStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where an actor stands, the newest record per ``actor`` on a compacted topic.

    Args:
        score: 0 to 100; ``band`` what it means.
        seq: of the newest record of its trail; -1 before the first.
        control_until_ms: None: until it is released.
    """

    actor: ActorName
    kind: ActorKind
    score: float
    band: str
    updated_at_ms: int
    seq: int
    sessions: Count
    findings: Annotated[tuple[OpenFinding, ...], msgspec.Meta(max_length=MAX_OPEN_FINDINGS)] = ()
    level: ControlLevel = ControlLevel.OBSERVE
    control_until_ms: int | None = None


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What an actor is held to; the newest record per ``actor`` on a compacted topic.

    Args:
        instance: the one instance that is meant; None: the whole actor.
        pairs: what is controlled; empty: all it does.
        until_ms: None: until it is released.
        by: ``ueba``, or ``operator:<name>``.
    """

    actor: ActorName
    level: ControlLevel
    instance: ShortText | None = None
    pairs: ControlledPairs = ()
    since_ms: Millis
    until_ms: Millis | None = None
    finding_id: ShortText | None = None
    by: ShortText
    reason: LongText
