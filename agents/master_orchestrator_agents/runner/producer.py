"""The producer of replies and dead letters: it reports when a record is durable."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import structlog
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, Message, Producer

from master_orchestrator_agents.errors import RunnerError

log = structlog.stdlib.get_logger(__name__)

PERMANENT_ERRORS = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    }
)
"""Delivery errors that a retry cannot cure."""

Headers = Sequence[tuple[str, str | bytes | None]]


class ProducerRecord(NamedTuple):
    """A record to send; ``delivered`` is called when it is durable."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    delivered: Callable[[], None]


class RetryingProducer:
    """An idempotent producer that sends a record again when its delivery failed for a transient reason.

    ``send`` may be called from any thread; ``poll`` and ``close`` belong to the poll thread, where ``delivered`` is
    called, and ``observe_time`` with the broker's append time (ms).
    """

    def __init__(self, producer: Producer, observe_time: Callable[[int], None]) -> None:
        self._producer = producer
        self._observe_time = observe_time
        self._retries: deque[ProducerRecord] = deque()
        self._error: RunnerError | None = None
        self._closed = threading.Event()
        self._poll_thread = threading.get_ident()

    @property
    def closed(self) -> bool:
        """Whether nothing is sent any more."""
        return self._closed.is_set()

    def send(self, record: ProducerRecord) -> None:
        """Send a record; blocks while the client's queue is full. After ``close`` it is dropped."""
        while not self._closed.is_set():
            try:
                self._produce(record)
            except BufferError:
                self._make_room()
            else:
                return

    def send_soon(self, record: ProducerRecord) -> None:
        """Send a record from the poll thread without waiting: while the client's queue is full, with a later poll."""
        try:
            self._produce(record)
        except BufferError:
            self._retries.append(record)

    def poll(self, timeout: float = 0.0) -> None:
        """Serve delivery reports and retry failed records. Raises :class:`RunnerError` for a permanent error."""
        self._poll_thread = threading.get_ident()
        self._producer.poll(timeout)
        if self._error is not None:
            raise self._error
        for _ in range(len(self._retries)):
            record = self._retries.popleft()
            try:
                self._produce(record)
            except BufferError:
                self._retries.appendleft(record)
                return

    def close(self, timeout: float) -> int:
        """Stop sending and wait for delivery reports; returns the number of records without one."""
        self._closed.set()
        undelivered = self._producer.flush(timeout) + len(self._retries)
        self._producer.purge()  # otherwise close waits for records that no broker accepts
        self._producer.close()
        return undelivered

    def _make_room(self) -> None:
        """Only the poll thread can serve reports, also while it sends a dead letter itself."""
        if threading.get_ident() == self._poll_thread:
            self._producer.poll(0.05)
        else:
            self._closed.wait(0.05)

    def _produce(self, record: ProducerRecord) -> None:
        try:
            self._producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=partial(self._on_delivery, record),
            )
        except KafkaException as error:
            raise RunnerError(f"cannot send to {record.topic}: {error}") from error

    def _on_delivery(self, record: ProducerRecord, error: KafkaError | None, message: Message) -> None:
        if error is None:
            kind, at_ms = message.timestamp()
            if kind == TIMESTAMP_LOG_APPEND_TIME:
                self._observe_time(at_ms)
            record.delivered()
        elif self._closed.is_set():
            log.info("reply_not_sent", topic=record.topic, error=str(error))
        elif error.fatal() or error.code() in PERMANENT_ERRORS:
            self._error = RunnerError(f"the broker rejected a record for {record.topic}: {error}")
        else:
            log.warning("delivery_retried", topic=record.topic, error=str(error))
            self._retries.append(record)
