"""The newest statuses from their topic, in bounded reads."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from confluent_kafka import Message

from master_orchestrator.errors import UnreadableRecordError
from master_orchestrator.readers.decoding import decode, decoded, place_text
from master_orchestrator.readers.topics import OnProgress, TopicReader, partition_of, vehicle_of
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.heads import HeadReader
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority, State

StatusKey = tuple[bytes, int | None]
"""A workflow's key, and the partition where it stands: one of them is its vehicle's."""


def read_status(
    kafka: KafkaSettings, topology: Topology, workflow_id: str, progress: OnProgress | None = None
) -> Status | None:
    """The newest status of a workflow, None if there is none; reads the one partition that has it."""
    newest = read_newest(kafka, topology, progress, prefix=workflow_id, vehicle_id=vehicle_of(workflow_id))
    return next(newest.matching(lambda head: head.workflow_id == workflow_id), None)


class StatusHead(msgspec.Struct, frozen=True):
    """The first fields of a status: what workflows are chosen by."""

    workflow_id: str
    vehicle_id: str
    state: State
    priority: Priority


class NewestStatuses:
    """The newest status record of each workflow, as it stands on the topic.

    Records are decoded when they are asked for; of those that are not wanted, only the first fields. Memory: one record
    per workflow.
    """

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self._kafka, self._topic, self._partitions = kafka, topology.topic_of("Status"), topology.partitions
        self._codec = Codec(topology.limits)
        self._reader = HeadReader("status", StatusHead, topology.limits)
        self._newest: dict[StatusKey, Message] = {}
        self._heads: dict[StatusKey, StatusHead | None] = {}
        self._earlier: dict[StatusKey, Status | None] = {}

    def take(self, messages: Iterable[Message], prefix: bytes = b"") -> None:
        """Take in records, in the order of the topic: of workflows whose id begins with ``prefix``."""
        for message in messages:
            key = message.key() or b""
            if key.startswith(prefix) and message.value() is not None:
                place = (key, message.partition())
                self._newest[place] = message
                if self._heads:  # asked for before: what was decoded then may be old
                    self._heads.pop(place, None)
                    self._earlier.pop(place, None)

    def matching(self, matches: Callable[[StatusHead], bool]) -> Iterator[Status]:
        """Those whose head ``matches``. One that cannot be read does not hide the readable one before it."""
        spoilt: set[StatusKey] = set()
        for place, message in self._newest.items():
            if place in self._earlier:
                continue
            try:
                head = self._head(place, message)
                if head is not None and matches(head):
                    yield decode(message, Status, self._codec)
            except UnreadableRecordError:
                spoilt.add(place)
        if spoilt:
            self._read_earlier(spoilt)
        yield from (status for status in self._earlier.values() if status is not None and matches(_head_of(status)))

    def _head(self, place: StatusKey, message: Message) -> StatusHead | None:
        """None of a record that is not in its vehicle's partition."""
        if place not in self._heads:
            at_home = is_at_home(message, self._partitions)
            self._heads[place] = self._decoded_head(message) if at_home else None
        return self._heads[place]

    def _decoded_head(self, message: Message) -> StatusHead:
        try:
            return self._reader.read(message.value() or b"")
        except DecodeError as error:
            raise UnreadableRecordError(place_text(message), str(error)) from error

    def _read_earlier(self, spoilt: set[StatusKey]) -> None:
        """Find the newest readable record of each of these, for which the topic is read again."""
        self._earlier |= dict.fromkeys(spoilt)
        with TopicReader(self._kafka, [self._topic], {partition or 0 for _, partition in spoilt}) as reader:
            for message in reader.catch_up():
                place = (message.key() or b"", message.partition())
                if place in spoilt:
                    self._earlier[place] = next(decoded([message], Status, self._codec), self._earlier[place])


def _head_of(status: Status) -> StatusHead:
    return StatusHead(status.workflow_id, status.vehicle_id, status.state, status.priority)


def read_newest(
    kafka: KafkaSettings,
    topology: Topology,
    progress: OnProgress | None = None,
    *,
    prefix: str = "",
    vehicle_id: str | None = None,
) -> NewestStatuses:
    """The statuses there are now: of all workflows, or those whose id begins with ``prefix``, or of one vehicle."""
    partitions = range(topology.partitions)
    places = partitions if vehicle_id is None else [partition_of(vehicle_id, topology.partitions)]
    newest = NewestStatuses(kafka, topology)
    with TopicReader(kafka, [topology.topic_of("Status")], places) as reader:
        newest.take(reader.catch_up(progress), prefix.encode())
    return newest


def read_statuses(kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None) -> Iterator[Status]:
    """The newest status of every workflow."""
    return read_newest(kafka, topology, progress).matching(lambda _: True)


def statuses_at_home(messages: Iterable[Message], topology: Topology) -> Iterator[Status]:
    """The statuses of records that stand in their vehicle's partition: one id, one workflow. ``audit verify`` names the
    others.
    """
    at_home = (message for message in messages if is_at_home(message, topology.partitions))
    return decoded(at_home, Status, Codec(topology.limits))


def is_at_home(status: Message, partitions: int) -> bool:
    """Whether a status record, keyed by its workflow, stands in its vehicle's partition."""
    workflow_id = (status.key() or b"").decode(errors="replace")
    return partition_of(vehicle_of(workflow_id), partitions) == status.partition()
