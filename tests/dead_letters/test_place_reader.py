"""Single records by their place, from librdkafka's own mock of a cluster."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Message, Producer

from master_orchestrator.readers.engine_lag import engine_offsets
from master_orchestrator.readers.letter_origin import Absent, PlaceReader, compare
from master_orchestrator_schemas.dead_letters import Origin, origin_headers
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Cause

REQUESTS = "operator.requests"


@pytest.fixture
def mock() -> Iterator[tuple[Producer, KafkaSettings]]:
    """A cluster that lives as long as the producer."""
    producer = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = producer.list_topics(timeout=10).brokers.values()
    yield producer, KafkaSettings(bootstrap_servers=f"{broker.host}:{broker.port}")
    producer.flush(10)


def at(places: PlaceReader, offset: int, topic: str = REQUESTS, partition: int = 1) -> Message | Absent:
    return places.at(Cause(topic=topic, partition=partition, offset=offset))


def test_a_record_is_found_by_its_place(mock: tuple[Producer, KafkaSettings]) -> None:
    producer, kafka = mock
    for number in range(5):
        producer.produce(REQUESTS, b"%d" % number, b"car-1", 1)
    assert 0 == producer.flush(10)
    with PlaceReader(kafka) as places:
        for offset in (3, 0, 4):
            record = at(places, offset)
            assert not isinstance(record, Absent)
            assert b"%d" % offset == record.value()
        assert Absent.NEVER is at(places, 5)
        assert Absent.NEVER is at(places, 0, partition=99)


def test_a_letter_is_compared_with_what_stands_there(mock: tuple[Producer, KafkaSettings]) -> None:
    producer, kafka = mock
    producer.produce(REQUESTS, b"redrive", b"car-1", 1, headers=[("ce_source", b"desk")])
    claimed = origin_headers(Origin(REQUESTS, 1, 0, "illegal_request", "why"), 5)
    for value in (b"redrive", b"cancel"):
        producer.produce("dead.letters", value, b"car-1", 1, headers=[("ce_source", b"desk"), *claimed])
    assert 0 == producer.flush(10)
    with PlaceReader(kafka) as places:
        told = []
        for offset in (0, 1):
            letter = at(places, offset, "dead.letters")
            assert not isinstance(letter, Absent)
            told.append(compare(letter, places.at).why is None)
    assert [True, False] == told


def test_where_no_engine_runs_there_is_no_lag(mock: tuple[Producer, KafkaSettings]) -> None:
    assert engine_offsets(mock[1], "master-orchestrator") is None
