"""Acts of a session, merged, and the records that they become. No clock, no broker."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from master_orchestrator_agents.errors import CharterError
from master_orchestrator_schemas.messages import Activity, Reply, SessionAct
from master_orchestrator_schemas.messages.activity import MAX_ACTS, MAX_COUNT, activity_id
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActorKind,
    ActOutcome,
    DeniedBy,
    Phase,
    Priority,
)

MAX_DISTINCT = 1_024
"""Distinct acts of a session that are told apart; the rest is merged under ``OTHER``."""
OTHER = "other"
MAX_TEXT = 100
"""Characters of a name in a record: 64 acts fit into the smallest record that a topology allows."""


class ActKind(NamedTuple):
    """What makes two acts of a session equal: all but their rows."""

    action: Action
    resource: str
    outcome: ActOutcome = ActOutcome.SUCCESS
    error: ActError = ActError.NONE
    entity: str | None = None
    denied_by: DeniedBy | None = None
    override: str | None = None


class ActLog:
    """The acts of one session, equal ones merged. Thread-safe and bounded."""

    def __init__(self) -> None:
        self._acts: dict[ActKind, list[int]] = {}
        self._lock = threading.Lock()

    def add(self, act: ActKind, rows: int = 0) -> None:
        """One act that ended."""
        if rows:
            rows = min(max(rows, 0), MAX_COUNT)
        with self._lock:
            counted = self._acts.get(act)
            if counted is None:
                if len(self._acts) >= MAX_DISTINCT:
                    act = ActKind(act.action, OTHER, act.outcome, act.error, denied_by=act.denied_by)
                counted = self._acts.setdefault(act, [0, 0, 0])
            counted[0] += 1
            counted[1] = min(counted[1] + rows, MAX_COUNT)
            counted[2] = max(counted[2], rows)

    def merged(self) -> tuple[SessionAct, ...]:
        """The acts so far, in the order of their first."""
        with self._lock:
            return tuple(session_act(act, *counted) for act, counted in self._acts.items())


def session_act(act: ActKind, times: int = 1, rows: int = 0, max_rows: int = 0) -> SessionAct:
    """The act as a record holds it."""
    return SessionAct(
        action=act.action,
        resource=short_text(act.resource),
        outcome=act.outcome,
        error=act.error,
        entity=None if act.entity is None else short_text(act.entity),
        count=times,
        rows=rows,
        max_rows=max_rows,
        denied_by=act.denied_by,
        override=act.override,
    )


def short_text(text: str) -> str:
    """Short, and without lone surrogates, which no record can hold."""
    return text[:MAX_TEXT].encode(errors="replace").decode()


def outcome_of(reply: Reply) -> ActOutcome:
    """How a session ended, by its reply."""
    if reply.failure is None:
        return ActOutcome.SUCCESS
    return ActOutcome.DENIED if reply.failure.error == CharterError.__name__ else ActOutcome.FAILURE


class Occasion(NamedTuple):
    """What a session is about: a command's or request's id, and what it concerns."""

    session: str | None = None
    workflow_id: str | None = None
    entity: str | None = None
    priority: Priority | None = None


@dataclass(frozen=True)
class Author:
    """Who writes activity: one process of one actor. Its records are numbered without holes. Thread-safe.

    Args:
        instance: ``worker@host``; the same after a restart. It is cut to what a record holds.
        start_ms: when the process started.
    """

    actor: str
    kind: ActorKind
    instance: str
    start_ms: int
    version: str | None = None
    charter: str | None = None
    _numbers: Iterator[int] = field(default_factory=count, repr=False)  # next() of a count is atomic

    def __post_init__(self) -> None:
        object.__setattr__(self, "instance", short_text(self.instance))

    def done(
        self, occasion: Occasion, acts: Sequence[SessionAct], *, outcome: ActOutcome, at_ms: int, took_ms: int = 0
    ) -> list[Activity]:
        """The records of a session that is over: one, or as many as its acts fill."""
        parts = [tuple(acts)]
        if len(acts) > MAX_ACTS:
            parts = [tuple(acts[first : first + MAX_ACTS]) for first in range(0, len(acts), MAX_ACTS)]
        return [self._record(occasion, part, outcome=outcome, at_ms=at_ms, took_ms=took_ms) for part in parts]

    def before(self, occasion: Occasion, act: SessionAct, *, at_ms: int) -> Activity:
        """The record that is written before an act that cannot be taken back."""
        return self._record(occasion, (act,), phase=Phase.BEFORE, at_ms=at_ms)

    def alive(self, *, at_ms: int, goodbye: bool = False) -> Activity:
        """A record that only says that the process lives, or ends in order."""
        return self._record(Occasion(), (), at_ms=at_ms, goodbye=goodbye)

    def _record(
        self,
        occasion: Occasion,
        acts: tuple[SessionAct, ...],
        *,
        at_ms: int,
        took_ms: int = 0,
        phase: Phase = Phase.DONE,
        outcome: ActOutcome = ActOutcome.SUCCESS,
        goodbye: bool = False,
    ) -> Activity:
        number = next(self._numbers)
        return Activity(
            activity_id=activity_id(occasion.session, self.instance, self.start_ms, number),
            actor=self.actor,
            kind=self.kind,
            instance=self.instance,
            start_ms=self.start_ms,
            version=self.version,
            charter=self.charter,
            seq=number,
            session=occasion.session,
            workflow_id=occasion.workflow_id,
            entity=occasion.entity,
            priority=occasion.priority,
            phase=phase,
            at_ms=at_ms,
            took_ms=max(took_ms, 0),
            outcome=outcome,
            acts=acts,
            goodbye=goodbye,
        )
