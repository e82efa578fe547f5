"""No lane waits until what was fetched of another is all taken in."""

from collections import Counter

from confluent_kafka import Message

from master_orchestrator_agents.runner.prefetch import BATCH_SIZE, MAX_PREFETCHED, MAX_PREFETCHED_BYTES, PrefetchBuffer
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.vocabulary import Lane

TOPICS = {f"agent.diagnosis.{lane}": lane for lane in Lane}


def fetched(lane: Lane, count: int, partition: int = 0, size: int = 100) -> list[Message]:
    topic = f"agent.diagnosis.{lane}"
    return [Message(topic=topic, partition=partition, offset=n, value=b"x" * size) for n in range(count)]


def lanes(messages: list[Message]) -> Counter[Lane]:
    return Counter(TOPICS[message.topic() or ""] for message in messages)


def test_an_urgent_record_behind_a_thousand_others_is_taken_in_first() -> None:
    prefetch = PrefetchBuffer(TOPICS)
    prefetch.add(fetched(Lane.ROUTINE, 1_000))
    prefetch.add(fetched(Lane.URGENT, 1))

    taken = prefetch.next_batch(frozenset())

    assert TOPICS[taken[0].topic() or ""] is Lane.URGENT
    assert lanes(taken) == {Lane.URGENT: 1, Lane.ROUTINE: BATCH_SIZE // 2}


def test_a_flood_of_urgent_ones_leaves_room_for_every_lane() -> None:
    prefetch = PrefetchBuffer(TOPICS)
    for lane in Lane:
        prefetch.add(fetched(lane, 1_000))

    assert lanes(prefetch.next_batch(frozenset())) == dict.fromkeys(Lane, BATCH_SIZE // 4)


def test_records_of_a_partition_stay_in_order_and_none_is_lost() -> None:
    prefetch = PrefetchBuffer(TOPICS)
    prefetch.add(fetched(Lane.HIGH, 150))
    prefetch.add(fetched(Lane.ROUTINE, 150))
    taken: list[Message] = []
    while prefetch.has_records(frozenset()):
        taken += prefetch.next_batch(frozenset())

    for lane in (Lane.HIGH, Lane.ROUTINE):
        assert [m.offset() for m in taken if TOPICS[m.topic() or ""] is lane] == list(range(150))


def test_a_closed_lane_keeps_what_it_has_and_holds_no_other() -> None:
    prefetch = PrefetchBuffer(TOPICS)
    prefetch.add(fetched(Lane.ROUTINE, 10))
    assert not prefetch.has_records({Lane.ROUTINE})

    prefetch.add(fetched(Lane.HIGH, 1))
    assert lanes(prefetch.next_batch({Lane.ROUTINE})) == {Lane.HIGH: 1}
    assert lanes(prefetch.next_batch(frozenset())) == {Lane.ROUTINE: 10}


def test_a_lane_is_full_by_number_or_by_bytes_until_half_is_gone() -> None:
    prefetch = PrefetchBuffer(TOPICS)
    prefetch.add(fetched(Lane.ROUTINE, MAX_PREFETCHED))
    prefetch.add(fetched(Lane.HIGH, 2, size=MAX_PREFETCHED_BYTES // 2))
    assert prefetch.full == {Lane.HIGH, Lane.ROUTINE}

    gone = len(prefetch.next_batch({Lane.HIGH}))
    while gone < MAX_PREFETCHED // 2:
        assert prefetch.full == {Lane.HIGH, Lane.ROUTINE}
        gone += len(prefetch.next_batch({Lane.HIGH}))
    assert prefetch.full == {Lane.HIGH}
    prefetch.next_batch({Lane.ROUTINE})
    assert prefetch.full == frozenset()


def test_what_goes_elsewhere_is_forgotten_and_makes_room() -> None:
    prefetch = PrefetchBuffer(TOPICS)
    prefetch.add(fetched(Lane.ROUTINE, MAX_PREFETCHED, partition=0))
    prefetch.add(fetched(Lane.ROUTINE, 3, partition=1))

    prefetch.forget([Partition("agent.diagnosis.routine", 0)])

    assert prefetch.full == frozenset()
    assert [(1, 0), (1, 1), (1, 2)] == [(m.partition(), m.offset()) for m in prefetch.next_batch(frozenset())]
