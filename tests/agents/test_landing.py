"""No lane waits until what was fetched of another is all taken in."""

from collections import Counter

from confluent_kafka import Message

from master_orchestrator_agents.runner.prefetch import HELPING, LANDED_LIMIT, LANDED_SIZE_LIMIT, Landing
from master_orchestrator_schemas.vocabulary import Lane

TOPICS = {f"agent.diagnosis.{lane}": lane for lane in Lane}


def fetched(lane: Lane, count: int, partition: int = 0, size: int = 100) -> list[Message]:
    topic = f"agent.diagnosis.{lane}"
    return [Message(topic=topic, partition=partition, offset=n, value=b"x" * size) for n in range(count)]


def lanes(messages: list[Message]) -> Counter[Lane]:
    return Counter(TOPICS[message.topic() or ""] for message in messages)


def test_an_urgent_record_behind_a_thousand_others_is_taken_in_first() -> None:
    landing = Landing(TOPICS)
    landing.land(fetched(Lane.ROUTINE, 1_000))
    landing.land(fetched(Lane.URGENT, 1))

    taken = landing.helping(frozenset())

    assert TOPICS[taken[0].topic() or ""] is Lane.URGENT
    assert lanes(taken) == {Lane.URGENT: 1, Lane.ROUTINE: HELPING // 2}


def test_a_flood_of_urgent_ones_leaves_room_for_every_lane() -> None:
    landing = Landing(TOPICS)
    for lane in Lane:
        landing.land(fetched(lane, 1_000))

    assert lanes(landing.helping(frozenset())) == dict.fromkeys(Lane, HELPING // 4)


def test_records_of_a_partition_stay_in_order_and_none_is_lost() -> None:
    landing = Landing(TOPICS)
    landing.land(fetched(Lane.HIGH, 150))
    landing.land(fetched(Lane.ROUTINE, 150))
    taken: list[Message] = []
    while landing.waits(frozenset()):
        taken += landing.helping(frozenset())

    for lane in (Lane.HIGH, Lane.ROUTINE):
        assert [m.offset() for m in taken if TOPICS[m.topic() or ""] is lane] == list(range(150))


def test_a_closed_lane_keeps_what_it_has_and_holds_no_other() -> None:
    landing = Landing(TOPICS)
    landing.land(fetched(Lane.ROUTINE, 10))
    assert not landing.waits({Lane.ROUTINE})

    landing.land(fetched(Lane.HIGH, 1))
    assert lanes(landing.helping({Lane.ROUTINE})) == {Lane.HIGH: 1}
    assert lanes(landing.helping(frozenset())) == {Lane.ROUTINE: 10}


def test_a_lane_is_full_by_number_or_by_bytes_until_half_is_gone() -> None:
    landing = Landing(TOPICS)
    landing.land(fetched(Lane.ROUTINE, LANDED_LIMIT))
    landing.land(fetched(Lane.HIGH, 2, size=LANDED_SIZE_LIMIT // 2))
    assert landing.full == {Lane.HIGH, Lane.ROUTINE}

    gone = len(landing.helping({Lane.HIGH}))
    while gone < LANDED_LIMIT // 2:
        assert landing.full == {Lane.HIGH, Lane.ROUTINE}
        gone += len(landing.helping({Lane.HIGH}))
    assert landing.full == {Lane.HIGH}
    landing.helping({Lane.ROUTINE})
    assert landing.full == frozenset()


def test_what_goes_elsewhere_is_forgotten_and_makes_room() -> None:
    landing = Landing(TOPICS)
    landing.land(fetched(Lane.ROUTINE, LANDED_LIMIT, partition=0))
    landing.land(fetched(Lane.ROUTINE, 3, partition=1))

    landing.forget([("agent.diagnosis.routine", 0)])

    assert landing.full == frozenset()
    assert [(m.partition(), m.offset()) for m in landing.helping(frozenset())] == [(1, 0), (1, 1), (1, 2)]
