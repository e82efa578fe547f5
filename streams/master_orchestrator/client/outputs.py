"""The thread that reads what the engines put out: statuses into the view, answers to their requests."""

import threading
import time
from collections.abc import Mapping

import structlog
from confluent_kafka import Message

from master_orchestrator.client.pending import Correlator, KafkaPending
from master_orchestrator.core.request_session import REJECTED
from master_orchestrator.errors import UnreadableRecordError, kafka_error
from master_orchestrator.ports import CHECKED, EngineAnswer
from master_orchestrator.readers.decoding import decode
from master_orchestrator.readers.statuses import is_at_home
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.dead_letters import read_origin
from master_orchestrator_schemas.kafka import KafkaSettings, headers_of
from master_orchestrator_schemas.kafka_trouble import unreachable
from master_orchestrator_schemas.messages import AuditRecord, Cause, Status
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology

log = structlog.stdlib.get_logger(__name__)

POLL_S = 0.2
CATCH_UP_S = 120.0


class OutputsReader:
    """Reads statuses, with ``history`` from the beginning; audit records and dead letters from now on, for answers."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topology: Topology,
        workflows: WorkflowsView,
        correlator: Correlator,
        *,
        history: bool,
    ) -> None:
        self._servers = kafka.bootstrap_servers
        self._codec, self._partitions = Codec(topology.limits), topology.partitions
        self._workflows = workflows
        self._correlator = correlator
        self._status = topology.topic_of("Status")
        self._audit = topology.topic_of("AuditRecord")
        self._dead = topology.dead_letter_topic
        self._telemetry = topology.topic_of("Telemetry")
        topics = (self._status, self._audit, self._dead)
        from_now = (self._audit, self._dead) if history else topics
        self._reader = TopicReader(kafka, topics, range(topology.partitions), from_end=from_now)
        self._positions: Mapping[Partition, int] = self._reader.positions
        self._moved = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="client-outputs", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()
        self._reader.close()

    def refresh(self, timeout: float = CATCH_UP_S) -> None:
        """Return when every status that stands on the topic now is in the view."""
        partitions = [partition for partition in self._positions if partition.topic == self._status]
        ends = self._reader.end_offsets(partitions)
        until = time.monotonic() + timeout
        with self._moved:
            while any(self._positions[partition] < end for partition, end in ends.items()):
                if not self._moved.wait(until - time.monotonic()):
                    raise kafka_error(unreachable(self._servers, f"statuses were not read within {timeout:g} s"))

    def settle(self, pending: KafkaPending, answer: EngineAnswer) -> None:
        """Give a request its answer, once the workflow's status shows it where it changed anything."""
        if not answer.audit or answer.audit[0].event == REJECTED:
            pending.answer.set_result(answer)
            return
        record = answer.audit[0]
        seen = self._workflows.watch(record.workflow_id, lambda status: status.seq >= record.seq)
        seen.add_done_callback(lambda _: pending.answer.set_result(answer))

    def _run(self) -> None:
        while not self._stopping.is_set():
            for message in self._reader.poll(POLL_S):
                self._take(message)
            with self._moved:
                self._positions = self._reader.positions
                self._moved.notify_all()

    def _take(self, message: Message) -> None:
        try:
            if message.topic() == self._status:
                if is_at_home(message, self._partitions):
                    self._workflows.apply(decode(message, Status, self._codec))
            elif message.topic() == self._audit:
                record = decode(message, AuditRecord, self._codec)
                if is_answer(record, self._telemetry):
                    self._match(record.vehicle_id, EngineAnswer(cause=record.cause, audit=(record,)))
            elif (rejected := _rejected(message)) is not None:
                self._match((message.key() or b"").decode(errors="replace"), rejected)
        except UnreadableRecordError as error:  # someone else's record must not stop the ones behind it
            log.warning("unreadable_record", record=error.place)

    def _match(self, vehicle_id: str, answer: EngineAnswer) -> None:
        if (pending := self._correlator.answered(vehicle_id, answer)) is not None:
            self.settle(pending, answer)


def is_answer(record: AuditRecord, telemetry: str) -> bool:
    """Whether an audit record may answer what caused it: of a reading (on the topic ``telemetry``) one of them does."""
    return record.cause.topic != telemetry or record.event in CHECKED


def _rejected(message: Message) -> EngineAnswer | None:
    """What a dead letter says of its record; None if the record was not an input."""
    origin = read_origin(_texts(message))
    if not origin.topic or origin.offset < 0:
        return None
    cause = Cause(topic=origin.topic, partition=origin.partition, offset=origin.offset)
    return EngineAnswer(cause=cause, rejection=f"{origin.reason}: {origin.message}")


def _texts(message: Message) -> dict[str, str]:
    """The record's headers as text."""
    return {name: (value or b"").decode(errors="replace") for name, value in headers_of(message)}
