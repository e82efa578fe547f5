"""A gateway's producer, as a real one has it: idempotent, acks=all, and patient enough for two brokers to be gone."""

import contextlib
import time
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaError, Message, Producer

from chaos_suite.sent import OutgoingShot, SentJournal
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings, place_of, producer_config

log = structlog.stdlib.get_logger(__name__)

DELIVERY_MS = 300_000
QUEUE_FULL_POLL_S = 0.1
DRAIN_POLL_S = 0.2
PURGE_S = 5.0
SHOT = "chaos-shot"
"""The header with the shot's name: what was never acknowledged is recognised by it."""

Delivered = Callable[[KafkaError | None, Message], None]


class PlainSender:
    """librdkafka retries, in order, without duplicates of its own. What it gives up for good counts as unknown."""

    def __init__(self, name: str, kafka: KafkaSettings, sent: SentJournal) -> None:
        self._name, self._kafka, self._sent = name, kafka, sent
        self._fatal = False
        self._producer = self._new_producer()

    def send(self, batch: list[OutgoingShot]) -> None:
        """Hand over what is due, in this order."""
        if self._fatal:
            self._start_anew()
        for outgoing in batch:
            self._sent.handed_over()
            produce(self._producer, self._name, outgoing, self._reports(outgoing))

    def poll(self, seconds: float) -> None:
        """Take delivery reports, waiting for the first."""
        serve(self._producer, seconds)

    def finish(self, timeout_s: float) -> None:
        """Wait for all delivery reports; what has none by then counts as unknown."""
        if drain(self._producer, timeout_s):
            self._give_up()

    def _new_producer(self) -> Producer:
        config = producer_config(self._kafka, **{"message.timeout.ms": DELIVERY_MS, "error_cb": self._noted})
        return Producer(config)

    def _noted(self, error: KafkaError) -> None:
        """The idempotent producer cannot go on once it has lost its place in the sequence."""
        self._fatal = self._fatal or error.fatal()

    def _start_anew(self) -> None:
        log.warning("gateway_started_anew", gateway=self._name)
        self._give_up()
        self._fatal = False
        self._producer = self._new_producer()

    def _give_up(self) -> None:
        self._producer.purge()
        drain(self._producer, PURGE_S)

    def _reports(self, outgoing: OutgoingShot) -> Delivered:
        def report(error: KafkaError | None, message: Message) -> None:
            place = None if error else place_of(message)
            if place is None:
                log.warning("record_not_acknowledged", gateway=self._name, shot=outgoing.shot.name, error=str(error))
                self._sent.unknown(outgoing)
            else:
                self._sent.acknowledged(outgoing, place)

        return report


def produce(producer: Producer, source: str, outgoing: OutgoingShot, report: Delivered) -> None:
    """Queue a record with the headers of a gateway; waits while the queue is full."""
    reading = outgoing.shot.reading
    reading_id = f"{reading.vehicle_id}/{outgoing.ts_ms}"
    headers: list[tuple[str, str | bytes | None]] = [
        *envelope_headers("Telemetry", f"chaos/{source}", reading_id, outgoing.ts_ms, None),
        (SHOT, outgoing.shot.name.encode()),
    ]
    while True:
        try:
            producer.produce(outgoing.topic, outgoing.value, outgoing.key, headers=headers, on_delivery=report)
        except BufferError:
            producer.poll(QUEUE_FULL_POLL_S)
        else:
            return


def serve(producer: Producer, seconds: float) -> None:
    """Take delivery reports, waiting for the first."""
    with contextlib.suppress(SystemError):  # confluent-kafka 2.16 was seen to raise it, without a cause, and to go on
        producer.poll(seconds)


def drain(producer: Producer, timeout_s: float) -> int:
    """Take delivery reports until all are there; how many were not after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while len(producer) and time.monotonic() < deadline:
        serve(producer, DRAIN_POLL_S)
    return len(producer)
