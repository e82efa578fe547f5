"""Acts that were written ahead: what is on record of them until their sessions end, or can end no more.

A session that ends tells how its acts went. Who is killed before leaves only what was written ahead, so those acts are
judged without it: they may have been done.
"""

from collections import Counter

import msgspec

from master_orchestrator.behaviour.actor_state import ActorState, Begun
from master_orchestrator.behaviour.acts import DAY_MS, MINUTE_MS
from master_orchestrator.behaviour.findings import Rule, Sighting
from master_orchestrator.behaviour.silences import SILENT_MS
from master_orchestrator.behaviour.trail import Turn
from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.vocabulary import ActorKind

MAX_BEGUN = 32
"""Acts of an actor that are followed; the oldest is judged when there are more."""

UNENDED_SEVERITY = 30
"""On record and part of the risk, but no alert by itself: every kill -9 of a runner may leave one."""

UNENDED_MS = DAY_MS
"""After this time the session of an operator or a client, who do not say that they live, has not ended."""


def begin(turn: Turn, activity: Activity, act: SessionAct, *, told: bool) -> None:
    """Remember an act of a record that was written ahead. ``told``: it is a finding already."""
    record = msgspec.structs.replace(activity, activity_id="", charter=None, details=None, acts=(act,))
    turn.state.begun.append(Begun(turn.at_ms, told, record))


def end(turn: Turn, activity: Activity) -> Counter[tuple[str, str]]:
    """The session is over: how many of its acts, by action and resource, were findings when they were written ahead."""
    ended = [begun for begun in turn.state.begun if _same_session(begun.record, activity)]
    _forget(turn.state, ended)
    return Counter((begun.act.action, begun.act.resource) for begun in ended if begun.told)


def take_unended(turn: Turn) -> list[Begun]:
    """Those whose session can end no more, since its process has; they are followed no longer."""
    state = turn.state
    crowded = len(state.begun) - MAX_BEGUN
    over = [begun for at, begun in enumerate(state.begun) if at < crowded or _is_over(state, begun, turn.at_ms)]
    _forget(state, over)
    return over


def unheard_at(state: ActorState) -> int | None:
    """When the next session of an actor that does not say that it lives will count as one that can end no more."""
    if state.actor.kind is ActorKind.AGENT or not state.begun:
        return None
    return state.begun[0].at_ms + UNENDED_MS


def unended(turn: Turn, begun: Begun) -> Sighting:
    """What is to be said of an act of which only the beginning is on record."""
    minutes, act = (turn.at_ms - begun.at_ms) // MINUTE_MS, begun.act
    text = (
        f"{act.action.lower()} of {act.resource} by {turn.state.name} {begun.record.instance} was begun {minutes} "
        "minutes ago, and the session has not ended: whether it was done is not known"
    )
    return Sighting(Rule.SILENCE, UNENDED_SEVERITY, text)


def _forget(state: ActorState, some: list[Begun]) -> None:
    if some:
        state.begun = [begun for begun in state.begun if begun not in some]


def _same_session(one: Activity, other: Activity) -> bool:
    return (one.session, one.instance, one.start_ms) == (other.session, other.instance, other.start_ms)


def _is_over(state: ActorState, begun: Begun, at_ms: int) -> bool:
    """An instance that lives under a later start may be another process of the same name: it is given some time."""
    if state.actor.kind is not ActorKind.AGENT:
        return at_ms - begun.at_ms >= UNENDED_MS
    writer = state.writers.get(begun.record.instance)
    if writer is None or not writer.alive:
        return True
    return writer.start_ms > begun.record.start_ms and at_ms - begun.at_ms >= SILENT_MS
