"""What an older ueba app stored of an actor is read; what a newer one stored is refused by its version."""

import msgspec
import pytest

from master_orchestrator.behaviour.actor import Actor
from master_orchestrator.behaviour.actor_state import VERSION, ActorState, decode, encode
from master_orchestrator_schemas.vocabulary import ActorKind

AGENT = "agent:SCHEDULING"
TOLD = 6
"""The place of what was told when."""


def stored() -> tuple[list[object], dict[bytes, bytes]]:
    state = ActorState(Actor(AGENT, ActorKind.AGENT, 1_000, known=True))
    state.sessions, state.trimmed_pane = 7, 3
    counters, others = encode(state)
    return msgspec.msgpack.decode(counters), others


def test_version_1_knew_only_the_pane() -> None:
    fields, others = stored()
    old = [1, *fields[1:TOLD], 3, *fields[TOLD + 1 : -1]]
    state = decode(AGENT, msgspec.msgpack.encode(old), others.get)
    assert (7, 3, -1, -1) == (state.sessions, state.trimmed_pane, state.told_ms, state.told_sessions)


def test_version_2_knew_no_acts_that_were_written_ahead() -> None:
    fields, others = stored()
    state = decode(AGENT, msgspec.msgpack.encode([2, *fields[1:-1]]), others.get)
    assert (7, []) == (state.sessions, state.begun)


def test_a_newer_version_is_refused() -> None:
    fields, others = stored()
    with pytest.raises(ValueError, match=f"has version {VERSION + 1}, known is {VERSION}"):
        decode(AGENT, msgspec.msgpack.encode([VERSION + 1, *fields[1:]]), others.get)
