"""A record is delivered when the broker says so, is sent again when that may help, and else ends the runner."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner.producer import ProducerRecord, RetryingProducer


class Appended:
    """A record as the broker has it."""

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_LOG_APPEND_TIME, 7_000


class ScriptedProducer:
    """Stands in for the client: ``poll`` reports the scripted outcomes, one per record, in order."""

    def __init__(self, *outcomes: KafkaError | None, full: int = 0) -> None:
        self.outcomes = list(outcomes)
        self.full = full
        self.sent: list[bytes] = []
        self.observe: list[int] = []
        self.reports: list[Callable[[KafkaError | None, Any], None]] = []

    def produce(self, _topic: str, *, value: bytes, on_delivery: Callable[..., None], **_: object) -> None:
        if self.full > 0:
            self.full -= 1
            raise BufferError("queue full")
        self.sent.append(value)
        self.reports.append(on_delivery)

    def poll(self, _timeout: float) -> int:
        while self.reports and self.outcomes:
            self.reports.pop(0)(self.outcomes.pop(0), Appended())
        return 0

    def flush(self, _timeout: float) -> int:
        return len(self.reports)

    def purge(self) -> None: ...

    def close(self) -> bool:
        return True


def sending(producer: ScriptedProducer) -> tuple[RetryingProducer, ProducerRecord, list[str]]:
    delivered: list[str] = []
    record = ProducerRecord("t", b"k", b"v", [], lambda: delivered.append("v"))
    return RetryingProducer(producer, producer.observe.append), record, delivered  # type: ignore[arg-type]  # what is used of a Producer


def test_delivered_is_said_when_the_broker_has_it_and_not_before() -> None:
    producer = ScriptedProducer()
    sender, record, delivered = sending(producer)
    sender.send(record)
    sender.poll()
    assert [] == delivered

    producer.outcomes.append(None)
    sender.poll()
    assert (["v"], [7_000]) == (delivered, producer.observe)


def test_a_delivery_that_timed_out_is_tried_again() -> None:
    producer = ScriptedProducer(KafkaError(KafkaError._MSG_TIMED_OUT))
    sender, record, delivered = sending(producer)
    sender.send(record)
    sender.poll()
    assert ([b"v", b"v"], []) == (producer.sent, delivered)

    producer.outcomes.append(None)
    sender.poll()
    assert ["v"] == delivered


@pytest.mark.parametrize(
    "error",
    [KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), KafkaError(KafkaError._FATAL, "fenced", fatal=True)],
)
def test_a_delivery_that_will_never_work_ends_the_runner(error: KafkaError) -> None:
    sender, record, delivered = sending(ScriptedProducer(error))
    sender.send(record)

    with pytest.raises(RunnerError, match="rejected a record for t"):
        sender.poll()
    assert [] == delivered


def test_a_full_queue_is_waited_for() -> None:
    producer = ScriptedProducer(full=1)
    sender, record, _ = sending(producer)
    sender.send(record)

    assert [b"v"] == producer.sent


def test_after_close_nothing_is_sent_and_what_is_undelivered_is_told() -> None:
    producer = ScriptedProducer()
    sender, record, _ = sending(producer)
    sender.send(record)

    assert 1 == sender.close(0.0)
    sender.send(record)
    assert [b"v"] == producer.sent
