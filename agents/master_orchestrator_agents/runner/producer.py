"""Sending so that it is known when a record is durable: replies and dead letters."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, Message, Producer

from master_orchestrator_agents.errors import RunnerError

log = structlog.stdlib.get_logger(__name__)

HOPELESS = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    }
)
"""Delivery errors that sending again cannot mend."""

Headers = Sequence[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent, and what to do once the broker has it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    delivered: Callable[[], None]


class Sender:
    """An idempotent producer that keeps at it: a record whose delivery failed for the time being is sent again.

    ``send`` may be called from any thread; ``poll`` and ``close`` belong to the runner's poll thread, which is where
    ``delivered`` is called, and ``told`` with the broker's time of the delivery (ms).
    """

    def __init__(self, producer: Producer, told: Callable[[int], None]) -> None:
        self._producer = producer
        self._told = told
        self._again: deque[Outgoing] = deque()
        self._error: RunnerError | None = None
        self._closed = threading.Event()
        self._poll_thread = threading.get_ident()

    def send(self, record: Outgoing) -> None:
        """Hand a record over; waits while the producer's queue is full. After ``close`` it goes nowhere."""
        while not self._closed.is_set():
            try:
                self._produce(record)
            except BufferError:
                self._make_room()
            else:
                return

    def poll(self, timeout: float = 0.0) -> None:
        """Take delivery reports, send again what failed. Raises :class:`RunnerError` when it cannot go on."""
        self._poll_thread = threading.get_ident()
        self._producer.poll(timeout)
        if self._error is not None:
            raise self._error
        for _ in range(len(self._again)):
            record = self._again.popleft()
            try:
                self._produce(record)
            except BufferError:
                self._again.appendleft(record)
                return

    def close(self, timeout: float) -> int:
        """Send no more, wait for reports on what was sent; returns how many records are still without one."""
        self._closed.set()
        undelivered = self._producer.flush(timeout) + len(self._again)
        self._producer.purge()  # else close would wait for what no broker takes
        self._producer.close()
        return undelivered

    def _make_room(self) -> None:
        """Only the poll thread can, also while it sends a dead letter itself."""
        if threading.get_ident() == self._poll_thread:
            self._producer.poll(0.05)
        else:
            self._closed.wait(0.05)

    def _produce(self, record: Outgoing) -> None:
        try:
            self._producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=lambda error, message: self._reported(record, error, message),
            )
        except KafkaException as error:
            raise RunnerError(f"cannot send to {record.topic}: {error}") from error

    def _reported(self, record: Outgoing, error: KafkaError | None, message: Message) -> None:
        if error is None:
            kind, at_ms = message.timestamp()
            if kind == TIMESTAMP_LOG_APPEND_TIME:
                self._told(at_ms)
            record.delivered()
        elif self._closed.is_set():
            log.info("reply_not_sent", topic=record.topic, error=str(error))
        elif error.fatal() or error.code() in HOPELESS:
            self._error = RunnerError(f"the broker refused a record for {record.topic}: {error}")
        else:
            log.warning("delivery_failed_sending_again", topic=record.topic, error=str(error))
            self._again.append(record)
