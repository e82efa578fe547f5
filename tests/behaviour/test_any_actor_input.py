"""Whatever comes, the ueba app applies it or makes a dead letter of it, and its trail is chained."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from support.actor_partition import ActorPartition
from support.message_strategies import activities, actor_ticks, millis, ueba_requests

from master_orchestrator.behaviour.trail import hash_of
from master_orchestrator.core.audit_chain import verify_chain
from master_orchestrator_schemas.messages import Activity, ActorRecord
from master_orchestrator_schemas.vocabulary import ActorKind

ACTORS = (
    "agent:FEEDBACK",
    "agent:NOBODY",
    "operator:ada",
    "gateway:north",
    "engine",
    "whatever",
    "agent:",
    f"operator:{'x' * 190}",
)
messages = activities | ueba_requests | actor_ticks


@st.composite
def bodies(draw: st.DrawFn) -> Any:
    """A message about one of a few actors, mostly of the kind that its name says."""
    body = msgspec.structs.replace(draw(messages), actor=draw(st.sampled_from(ACTORS)))
    kind = body.actor.partition(":")[0]
    if isinstance(body, Activity) and kind in list(ActorKind) and draw(st.booleans()):
        body = msgspec.structs.replace(body, kind=ActorKind(kind))
    return body


@given(st.lists(st.tuples(millis, st.lists(bodies(), min_size=1, max_size=4)), min_size=1, max_size=6), st.binary())
@settings(max_examples=25)
def test_everything_is_accounted_for(batches: list[tuple[int, list[Any]]], junk: bytes) -> None:
    partition = ActorPartition()
    for at_ms, batch in batches:
        partition.at_ms = at_ms
        work = partition.apply(*batch)
        assert len(batch) == len(work.outcomes) + len(work.dead_letters)
        assert "unprocessable" not in {reason for _, reason in work.dead_letters}
        partition.forget()
    assert 1 == len(partition.apply_bytes(("Activity", b"agent:FEEDBACK", junk)).dead_letters)
    assert [] == verify_chain(partition.out(ActorRecord), lambda record: record.actor, hash_of)
