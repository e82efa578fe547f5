"""A gateway's producer: telemetry as Avro, keyed by vehicle, with envelope and trace, every record accounted for.

Used by ``ingest`` and by the simulated fleet; a real gateway does the same.
"""

from collections.abc import Callable

from confluent_kafka import KafkaError, Message, Producer

from master_orchestrator.errors import kafka_error
from master_orchestrator.ingest.errors import DeliveryError
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, producer_config
from master_orchestrator_schemas.kafka_reach import reach
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import new_traceparent

Delivered = Callable[[str | None], None]
"""Called once per reading: with None when the broker has acknowledged it, else with the reason why not."""

WireHeaders = list[tuple[str, str | bytes | None]]
"""What confluent-kafka takes."""

QUEUE_FULL_POLL_S = 0.1
POLL_EVERY = 256
"""Readings between two looks at the delivery reports."""


class TelemetryProducer:
    """Sends readings to the telemetry topic; librdkafka retries, in order, without duplicates of its own."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, source: str) -> None:
        self._kafka = kafka
        self._topic = topology.topic_of("Telemetry")
        self._codec = Codec(topology.limits)
        self._source = source
        self._producer = Producer(producer_config(kafka, topology.limits, topology.compression))
        self._since_poll = 0

    def check(self, timeout_s: float = 10.0) -> None:
        """Raise what keeps the readings from being taken, at once, rather than wait for a delivery that cannot come."""
        if (trouble := reach(admin_config(self._kafka), [self._topic], timeout_s)) is not None:
            raise kafka_error(trouble)

    def send(self, reading: Telemetry, delivered: Delivered) -> None:
        """Hand a reading on; waits when the queue is full. ``delivered`` is called from here or from :meth:`close`."""

        def report(error: KafkaError | None, _message: Message) -> None:
            delivered(None if error is None else error.str())

        key, value = reading.vehicle_id.encode(), self._codec.encode(reading)
        reading_id = f"{reading.vehicle_id}/{reading.ts_ms}"
        headers: WireHeaders = [
            *envelope_headers("Telemetry", self._source, reading_id, reading.ts_ms, new_traceparent())
        ]
        while True:
            try:
                self._producer.produce(self._topic, value, key, headers=headers, on_delivery=report)
                break
            except BufferError:
                self._producer.poll(QUEUE_FULL_POLL_S)
        self._since_poll += 1
        if self._since_poll >= POLL_EVERY:
            self.poll()

    def poll(self) -> None:
        """Take the delivery reports that are there."""
        self._since_poll = 0
        self._producer.poll(0)

    def close(self, timeout_s: float = 150.0) -> None:
        """Wait until every reading is acknowledged or refused. Raises :class:`DeliveryError` if some stay open."""
        open_still = self._producer.flush(timeout_s)
        if open_still:
            raise DeliveryError(f"{open_still} readings were neither acknowledged nor refused within {timeout_s:g} s")
