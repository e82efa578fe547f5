"""Offsets of partitions whose leader is being chosen are waited for; anything else is said at once."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from master_orchestrator.readers import topics
from master_orchestrator.readers.topics import listed_offsets
from master_orchestrator_schemas.places import Partition

PLACE = Partition("vehicle.telemetry", 0)


class Brokers:
    """Answers with each code once, then with the offset 7."""

    def __init__(self, *codes: int) -> None:
        self._codes = list(codes)

    def list_offsets(self, requests: dict[TopicPartition, OffsetSpec], **_: Any) -> dict[TopicPartition, Future[Any]]:
        answers = {}
        for place in requests:
            answers[place] = answer = Future[Any]()
            if self._codes:
                answer.set_exception(KafkaException(KafkaError(self._codes.pop(0))))
            else:
                answer.set_result(SimpleNamespace(offset=7))
        return answers


def offsets(brokers: Brokers) -> dict[Partition, int]:
    return listed_offsets(cast("AdminClient", brokers), OffsetSpec.latest(), [PLACE])  # type: ignore[no-untyped-call]


def test_a_leader_that_is_being_chosen_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "RETRY_S", 0.0)
    codes = (
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_LEADER_EPOCH,  # a broker that has just started
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    )
    assert {PLACE: 7} == offsets(Brokers(*codes))


def test_a_missing_right_is_not_waited_for() -> None:
    with pytest.raises(KafkaException):
        offsets(Brokers(KafkaError.TOPIC_AUTHORIZATION_FAILED))
