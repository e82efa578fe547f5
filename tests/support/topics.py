"""Reading topics in tests: everything there is, or until a condition holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from master_orchestrator_schemas.codec import Codec, M
from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config, producer_config
from master_orchestrator_schemas.messages import (
    AuditRecord,
    OperatorRequest,
    Reply,
    ServiceEvent,
    Status,
    Telemetry,
)
from master_orchestrator_schemas.topology import Topology

CODEC = Codec()
PATIENCE_S = 60.0


class TopicLog:
    """A topic read from its start, read_committed; grows with every :meth:`read`."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer, self.topic = consumer, topic
        self.messages: list[Message] = []
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])

    def read(self, timeout_s: float = 0.2) -> None:
        """Take in what is there, waiting at most ``timeout_s`` for the first of it."""
        for message in self._consumer.consume(1_000, timeout_s):
            assert message.error() is None, message.error()
            self.messages.append(message)

    def until(self, done: Callable[["TopicLog"], bool], patience_s: float = PATIENCE_S) -> "TopicLog":
        """Read until ``done``; an assertion error after ``patience_s``."""
        deadline = time.monotonic() + patience_s
        while not done(self):
            assert time.monotonic() < deadline, f"{self.topic}: gave up after {len(self.messages)} records"
            self.read()
        return self

    def decoded(self, message_type: type[M]) -> list[M]:
        """Every message so far, decoded."""
        return [CODEC.decode(message.value() or b"", message_type) for message in self.messages]


@contextmanager
def topic_log(kafka: KafkaSettings, topic: str) -> Iterator[TopicLog]:
    """A :class:`TopicLog` whose consumer is closed at the end."""
    consumer = Consumer(consumer_config(kafka, "test-reader", **{"auto.offset.reset": "earliest"}))
    try:
        yield TopicLog(consumer, topic)
    finally:
        consumer.close()


def audit_by_workflow(records: list[AuditRecord]) -> dict[str, list[AuditRecord]]:
    """Audit records by workflow, in the order read."""
    workflows: dict[str, list[AuditRecord]] = {}
    for record in records:
        workflows.setdefault(record.workflow_id, []).append(record)
    return workflows


def newest_status(log: TopicLog) -> dict[str, Status]:
    """The newest status of each workflow."""
    return {status.workflow_id: status for status in log.decoded(Status)}


class InputSender:
    """Writes inputs as gateways, agents, workshops and operators do."""

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self._producer = Producer(producer_config(kafka))
        self._topology = topology

    def send(self, message: Telemetry | Reply | ServiceEvent | OperatorRequest) -> None:
        """Queue one input."""
        topic = self._topology.topic_of(type(message).__name__)
        self.send_bytes(topic, message.vehicle_id.encode(), CODEC.encode(message))

    def send_bytes(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Queue any bytes."""
        self._producer.produce(topic, value, key)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until everything is acknowledged."""
        assert 0 == self._producer.flush(30)
