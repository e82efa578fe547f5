"""The simulated workshops on Kafka: read the workflows' statuses, report what happens to their appointments.

It keeps no offsets: at each start all statuses are read again (the topic is compacted), and whatever is still open is
planned again with the same event ids, which the engine knows as repeats. So it may be killed at any time, and two of
them do no harm.
"""

import threading
import time
from collections.abc import Iterable
from typing import Any

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from msgspec.structs import replace

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.reference.diagnosis.knowledge import load_knowledge
from master_orchestrator_agents.simulated.agenda import Agenda
from master_orchestrator_agents.simulated.workshop import SimulatedWorkshops, WorkshopBehaviour
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.errors import DecodeError
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings, consumer_config, producer_config
from master_orchestrator_schemas.messages import ServiceEvent, Status
from master_orchestrator_schemas.topology import Topology

log = structlog.stdlib.get_logger(__name__)

SOURCE = "simulated-workshops"
POLL_S = 0.1
METADATA_S = 10.0
FLUSH_S = 30.0
MAX_BATCH = 500


class WorkshopFeed:
    """Runs the simulated workshops against a cluster.

    Args:
        kafka: how the cluster is reached.
        topology: names of the topics, and the triage rules that say which subsystem a finding belongs to.
        seed: the same seed gives each appointment the same fate.
        behaviour: how often things go wrong.
        speed: simulated seconds per second; the default makes a day pass in 2.4 s.
        max_wait_s: no event waits longer than this, however far ahead the appointment is.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topology: Topology,
        *,
        seed: int = 0,
        behaviour: WorkshopBehaviour | None = None,
        speed: float = 36_000.0,
        max_wait_s: float = 5.0,
    ) -> None:
        self._kafka = kafka
        self._statuses = topology.topic_of("Status")
        self._limits = topology.limits
        self._events = topology.topic_of("ServiceEvent")
        self._codec = Codec(topology.limits)
        workshops = SimulatedWorkshops(load_knowledge(), topology.triage, seed=seed, behaviour=behaviour)
        self._agenda = Agenda(workshops, speed=speed, max_wait_s=max_wait_s)
        self._stopping = threading.Event()
        self._failed: KafkaError | None = None

    def stop(self) -> None:
        """Make :meth:`run` return; from any thread or a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Read and report until :meth:`stop`. Raises :class:`RunnerError` if the cluster cannot be worked with."""
        consumer, producer = self._clients()
        try:
            consumer.assign(self._all_partitions(consumer))
            while not self._stopping.is_set():
                self._take(consumer.consume(MAX_BATCH, POLL_S))
                self._report(producer, self._agenda.due(time.monotonic()))
                self._raise_failure()
        except KafkaException as error:
            raise RunnerError(f"the simulated workshops cannot go on: {error}") from error
        finally:
            consumer.close()
            producer.flush(FLUSH_S)

    def _clients(self) -> tuple[Consumer, Producer]:
        # A group is named because librdkafka wants one; partitions are assigned by hand and nothing is committed.
        producer = Producer(producer_config(self._kafka, self._limits))
        return Consumer(consumer_config(self._kafka, SOURCE)), producer

    def _all_partitions(self, consumer: Consumer) -> list[TopicPartition]:
        topic = consumer.list_topics(self._statuses, timeout=METADATA_S).topics[self._statuses]
        if topic.error is not None:
            raise RunnerError(f"topic {self._statuses}: {topic.error}; provision the topics first")
        return [TopicPartition(self._statuses, number, OFFSET_BEGINNING) for number in topic.partitions]

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is not None:
                if not error.retriable():
                    raise KafkaException(error)
                log.warning("statuses_not_read", error=str(error))
            elif message.value() is not None:
                self._take_status(message)

    def _take_status(self, message: Message) -> None:
        try:
            status = self._codec.decode(message.value(), Status)
        except DecodeError as error:  # the engine writes this topic: nothing of a simulation's to put right
            log.warning("status_unreadable", partition=message.partition(), offset=message.offset(), error=error)
            return
        self._agenda.take(status, time.monotonic())

    def _report(self, producer: Producer, events: Iterable[ServiceEvent]) -> None:
        for planned in events:
            # A plan may be for days ahead, a report is of now at the latest: the engine refuses one from the future.
            event = replace(planned, ts_ms=min(planned.ts_ms, time.time_ns() // 1_000_000))
            # A copy, since a list of pairs of narrower types is not what the client's stubs accept.
            headers: list[tuple[str, str | bytes | None]] = [
                *envelope_headers("ServiceEvent", SOURCE, event.event_id, event.ts_ms, None)
            ]
            producer.produce(
                self._events,
                key=event.vehicle_id.encode(),
                value=self._codec.encode(event),
                headers=headers,
                on_delivery=self._delivered,
            )
        producer.poll(0)

    def _delivered(self, error: KafkaError | None, _message: Any) -> None:
        if error is not None:
            self._failed = error

    def _raise_failure(self) -> None:
        """An event that could not be delivered is lost to this feed: it must start again."""
        if self._failed is not None:
            raise KafkaException(self._failed)
