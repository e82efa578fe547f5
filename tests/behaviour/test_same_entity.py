"""How much of what leaves the house one entity got within a day, counted as it comes and goes."""

from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.behaviour.actor import Actor, PairState
from master_orchestrator.behaviour.acts import DAY_MS, Act
from master_orchestrator.behaviour.case import Case
from master_orchestrator.behaviour.rules.windows import same_entity
from master_orchestrator_schemas.vocabulary import ActorKind

HOUR_MS = DAY_MS // 24
GAPS = st.sampled_from([0, 1, HOUR_MS, 12 * HOUR_MS, DAY_MS - 1, DAY_MS])


@given(st.lists(st.tuples(GAPS, st.sampled_from("ab")), max_size=40))
def test_the_most_that_one_entity_got_within_a_day_is_learnt(sent: list[tuple[int, str]]) -> None:
    actor, at_ms = Actor("CUSTOMER_ENGAGEMENT", ActorKind.AGENT, 0, known=True), DAY_MS
    times: list[tuple[int, str]] = []
    most = 0
    for gap_ms, entity in sent:
        at_ms += gap_ms
        times.append((at_ms, entity))
        most = max(most, sum(at_ms - then < DAY_MS for then, other in times if other == entity))
        act = Act(at_ms=at_ms, actor=actor.name, action="send", resource="sms", entity=entity)
        same_entity(
            Case(actor=actor, state=PairState(), act=act, criticality=3, leaves=True, before=None, learning=True)
        )

    assert most == actor.greatest_sent
