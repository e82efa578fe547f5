"""One input of one actor: judge what it did, answer what is asked of it, and settle its risk."""

from functools import lru_cache
from typing import NamedTuple, assert_never

from master_orchestrator.behaviour import requests, settling
from master_orchestrator.behaviour.actor import Actor
from master_orchestrator.behaviour.actor_state import ActorState
from master_orchestrator.behaviour.begun import unheard_at
from master_orchestrator.behaviour.conduct import MAX_NAME, Conduct
from master_orchestrator.behaviour.judging import judge, judge_unended
from master_orchestrator.behaviour.silences import report_silent, silent_at
from master_orchestrator.behaviour.trail import ActorOutcome, Turn
from master_orchestrator.core.outcome import Deadline
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator_schemas.messages import Activity, ActorTick, Cause, UebaRequest
from master_orchestrator_schemas.registry import UebaBody
from master_orchestrator_schemas.vocabulary import ActorKind

MAX_KINDS = 1_024
"""Names whose kinds are remembered."""

SILENCE, UNHEARD, UNTIL, BAND, TELL = "silence", "unheard", "until", "band", "tell"
"""What ticks are for: an instance says nothing, a session has not ended for too long, a control ends, the score has
faded into a lower band, readers are to be told of newer sessions."""
AFTER_ACTIVITY = frozenset({SILENCE, UNHEARD})
"""Ticks that come after all activity of their time: of others nothing follows that activity read later could undo."""
LISTENED = "listened"
"""On the trail where such a tick found nothing: brokers' clocks may differ or be set back, so that activity which is
read later may be of an earlier time, and only a record says which came first."""


class ActorInput(NamedTuple):
    """One input record of one actor: where it stands, the broker's time, the decoded message."""

    cause: Cause
    at_ms: int
    body: UebaBody


def step(conduct: Conduct, name: str, state: ActorState | None, given: ActorInput) -> ActorOutcome:
    """Change ``state`` by one input, and tell what comes of it. None: nothing is known of the actor yet.

    A tick does whatever is due by now; one that is early, late or repeated finds nothing. A request, a tick that judges
    activity (``AFTER_ACTIVITY``), and one with which an actor begins, always leave a record in the trail, which says
    where among the activity they came. Other ticks judge none, so a replay may apply what lies between two records
    topic by topic, activity first.
    Raises ``RejectedError`` before anything is changed.
    """
    cause, at_ms, body = given
    kind = _kind(name, body)
    unknown = state is None
    if state is None:
        state = ActorState(Actor(name, kind, at_ms, known=True))
        state.positions = [0] * len(conduct.topics)
    elif state.actor.kind is not kind:
        raise RejectedError("wrong_kind", f"{name} is known as {state.actor.kind.value}, not as {kind.value}")
    state.positions[conduct.ranks[cause.topic]] = cause.offset + 1
    turn = Turn(state, cause, at_ms, conduct.topics, acted=isinstance(body, Activity))
    match body:
        case Activity():
            judge(conduct, turn, body)
            judge_unended(conduct, turn)
        case UebaRequest():
            requests.answer(conduct, turn, body)
        case ActorTick():
            _tick(conduct, turn, body, unknown=unknown)
        case _:
            assert_never(body)
    settling.settle(conduct, turn)
    return turn.outcome


def _tick(conduct: Conduct, turn: Turn, tick: ActorTick, *, unknown: bool) -> None:
    """Do what is due. ``unknown``: it is the first that is heard of the actor."""
    listens = tick.deadline_id in AFTER_ACTIVITY
    if listens:
        report_silent(turn)
        judge_unended(conduct, turn)
    settling.end_control(turn)
    if (listens or unknown) and not turn.outcome.trail:
        turn.note(LISTENED, {"deadline": tick.deadline_id})


def deadlines(state: ActorState) -> list[Deadline]:
    """What the state waits for, at most five."""
    due = {
        SILENCE: silent_at(state),
        UNHEARD: unheard_at(state),
        UNTIL: state.control.until_ms if state.control else None,
        BAND: settling.fades_at(state),
        TELL: settling.tells_at(state),
    }
    return [Deadline(due_ms=at, workflow_id="", deadline_id=name) for name, at in due.items() if at is not None]


def _kind(name: str, body: UebaBody) -> ActorKind:
    """The kind that the actor's name says. Raises ``RejectedError``."""
    kind = kind_of(name)
    if isinstance(body, Activity) and body.kind is not kind:
        raise RejectedError("wrong_kind", f"{name} is no {body.kind.value}, its name says {kind.value}")
    return kind


@lru_cache(MAX_KINDS)
def kind_of(name: str) -> ActorKind:
    """The kind of the actor of this name. Raises ``RejectedError`` where no actor can have it."""
    prefix, colon, rest = name.partition(":")
    kind = ActorKind.__members__.get(prefix.upper())
    if len(name) > MAX_NAME:
        raise RejectedError("wrong_kind", f"the actor's name has {len(name)} characters, {MAX_NAME} are possible")
    if kind is None or not (rest if colon else kind is ActorKind.ENGINE):
        kinds = ", ".join(f"{known.value}:NAME" for known in ActorKind if known is not ActorKind.ENGINE)
        raise RejectedError("wrong_kind", f"{name!r} names no actor: write {kinds} or engine")
    return kind
