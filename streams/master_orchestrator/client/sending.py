"""Handing requests in: an idempotent producer, and the thread that takes its delivery reports."""

import threading
from collections.abc import Callable

from confluent_kafka import KafkaError, Message, Producer

from master_orchestrator.client.pending import KafkaPending
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings, place_of, producer_config
from master_orchestrator_schemas.messages import Cause
from master_orchestrator_schemas.registry import Request, sender_id_of
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import new_traceparent

SOURCE = "master-orchestrator/client"
POLL_S = 0.2
FLUSH_S = 10.0
DELIVERY = {"linger.ms": 0, "delivery.timeout.ms": 30_000}


class RequestSender:
    """Sends requests keyed by vehicle and reports, per request, where it stands or why it does not."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topology: Topology,
        *,
        delivered: Callable[[KafkaPending, Cause], None],
        undelivered: Callable[[KafkaPending, str], None],
    ) -> None:
        self._topology = topology
        self._codec = Codec(topology.limits)
        self._delivered = delivered
        self._undelivered = undelivered
        self._producer = Producer(producer_config(kafka, topology.limits, topology.compression, **DELIVERY))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="client-delivery", daemon=True)

    def start(self) -> None:
        """Start taking delivery reports."""
        self._thread.start()

    def send(self, request: Request, pending: KafkaPending, at_ms: int) -> None:
        """Hand a request to the producer; blocks only while its queue is full. Raises ``EncodeError``."""
        value = self._codec.encode(request)
        kind = type(request).__name__
        headers = envelope_headers(kind, SOURCE, sender_id_of(request), at_ms, new_traceparent())
        while True:
            try:
                self._producer.produce(
                    self._topology.topic_of(kind),
                    value,
                    request.vehicle_id.encode(),
                    headers=[*headers],
                    on_delivery=lambda error, message: self._report(pending, error, message),
                )
            except BufferError:
                self._stopping.wait(POLL_S)  # the delivery thread makes room
            else:
                return

    def stop(self) -> None:
        """Wait for what is on its way, end the thread."""
        self._producer.flush(FLUSH_S)
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._producer.poll(POLL_S)

    def _report(self, pending: KafkaPending, error: KafkaError | None, message: Message) -> None:
        place = place_of(message)
        if error is not None or place is None:
            self._undelivered(pending, "its place is unknown" if error is None else error.str())
        else:
            self._delivered(pending, Cause.at(place))
