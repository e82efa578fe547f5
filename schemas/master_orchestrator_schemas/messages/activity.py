"""What actors do: one record per session, which is a command handled or a request made, with its acts."""

from typing import Annotated

import msgspec

from master_orchestrator_schemas.messages.telemetry import Millis, ShortText
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActorKind,
    ActOutcome,
    DeniedBy,
    Phase,
    Priority,
)

MAX_ACTS = 64
"""Of one record; a session with more has further records."""

MAX_DETAILS = 8_000
"""Characters."""

MAX_COUNT = 2**53 - 1
"""The greatest integer that every JSON reader takes exactly."""

ActorName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class SessionAct(msgspec.Struct, frozen=True, kw_only=True):
    """Equal acts of a session.

    Args:
        action, resource: what was done to what; ``resource`` is a name of the topology's ``resources``, except in an
            act that was denied because it is not.
        outcome, error: how it ended, and the class of a failure.
        entity: whom it concerned; None: the session's entity.
        count: how many equal acts these were.
        rows: how many rows they read or wrote in all; ``max_rows`` the most of one of them.
        denied_by: the check that was not passed. With an outcome other than DENIED the breach was let through.
        override: why a control did not stop it (``safety``).
    """

    action: Action
    resource: ShortText
    outcome: ActOutcome = ActOutcome.SUCCESS
    error: ActError = ActError.NONE
    entity: ShortText | None = None
    count: Count = 1
    rows: Count = 0
    max_rows: Count = 0
    denied_by: DeniedBy | None = None
    override: ShortText | None = None


def activity_id(session: str | None, instance: str, start_ms: int, seq: int) -> str:
    """``<session>#<instance>#<start>#<n>``: a record sent again has the same, a command handled again another."""
    return f"{session or ''}#{instance}#{start_ms}#{seq}"


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """A session of an actor, or the part of it that a record holds. The topic's key is ``actor``.

    Args:
        activity_id: see :func:`activity_id`.
        actor: ``agent:DIAGNOSIS``, ``operator:ada``, ``client:portal``, ``workshop:north``, ``gateway:<ce_source>``,
            ``engine``.
        instance: the process, ``worker@host``; the same after a restart.
        start_ms: when the process started.
        version: of the actor's code; None where it has none.
        charter: hash of the charter in force; None where there is none.
        seq: 0, 1, 2 … per instance and start; a gap is a finding.
        session: the command's or the request's id; None in a record that only says that the instance lives.
        entity: the vehicle, or whatever else the session is about.
        at_ms, took_ms: by the actor's clock, for people; what counts is the broker's.
        outcome: of the session.
        acts: what was done; empty where nothing was declared.
        goodbye: the last record of a process that ends in order.
        details: what changed, for people, where the acts alone do not say it (the lines of a new charter).
    """

    activity_id: Annotated[str, msgspec.Meta(max_length=1_000)]
    actor: ActorName
    kind: ActorKind
    instance: ShortText
    start_ms: Millis
    version: ShortText | None = None
    charter: ShortText | None = None
    seq: Count
    session: ShortText | None = None
    workflow_id: ShortText | None = None
    entity: ShortText | None = None
    priority: Priority | None = None
    phase: Phase = Phase.DONE
    at_ms: Millis
    took_ms: Count = 0
    outcome: ActOutcome = ActOutcome.SUCCESS
    acts: Annotated[tuple[SessionAct, ...], msgspec.Meta(max_length=MAX_ACTS)] = ()
    goodbye: bool = False
    details: Annotated[str, msgspec.Meta(max_length=MAX_DETAILS)] | None = None
