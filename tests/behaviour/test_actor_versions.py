"""What an older ueba app stored of an actor is read; what a newer one stored is refused by its version."""

import msgspec
import pytest

from master_orchestrator.behaviour.actor import OTHER, Actor, Surprise
from master_orchestrator.behaviour.actor_state import VERSION, ActorState, decode, encode
from master_orchestrator.behaviour.panes import PANE_MS
from master_orchestrator_schemas.vocabulary import ActorKind

AGENT = "agent:SCHEDULING"
TOLD = 6
"""The place of what was told when."""
SURPRISES, PAIRS = 14, 18
LATELY = 8
"""Of a pair."""


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


def test_version_3_held_no_windows_and_did_not_say_of_which_pair_a_surprise_is() -> None:
    pair = ("read", "appointment")
    state = ActorState(Actor(AGENT, ActorKind.AGENT, 1_000, known=True))
    known = state.actor.state_of(pair)
    for pane in range(8):
        known.rate.add(pane * PANE_MS, 1, stake=1, kind=ActorKind.AGENT, factor=1, learning=False)
    known.lately.add(1_000)
    state.actor.surprises.append(Surprise(1_000, 2.5, pair, 1))
    counters, others = encode(state)
    fields = msgspec.msgpack.decode(counters)
    old = [3, *fields[1:]]
    old[SURPRISES] = [surprise[:2] for surprise in fields[SURPRISES]]
    old[PAIRS] = [[*each[:LATELY], *each[LATELY + 1 :]] for each in fields[PAIRS]]
    (usual_key,) = [key for key in others if b"usual" in key]
    instances, versions, usual = msgspec.msgpack.decode(others[usual_key])
    older = [
        meter and [[pane[:2] for pane in meter[0]], meter[1], [greatest[:2] for greatest in meter[2]]]
        for meter in usual
    ]
    others[usual_key] = msgspec.msgpack.encode([instances, versions, older])

    read = decode(AGENT, msgspec.msgpack.encode(old), others.get)

    assert [Surprise(1_000, 2.5, OTHER, 0)] == list(read.actor.surprises)
    assert (0, 0, 0) == read.actor.pairs[pair].lately.dump()
    assert known.rate.panes.totals() == read.actor.pairs[pair].rate.panes.totals()
    assert usual_key in encode(read)[1]


def test_a_newer_version_is_refused() -> None:
    fields, others = stored()
    with pytest.raises(ValueError, match=f"has version {VERSION + 1}, known is {VERSION}"):
        decode(AGENT, msgspec.msgpack.encode([VERSION + 1, *fields[1:]]), others.get)
