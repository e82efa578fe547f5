"""The newest statuses from their topic, in bounded reads."""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec
from confluent_kafka import Message

from master_orchestrator.errors import UnreadableRecordError
from master_orchestrator.readers.decoding import decode, decoded, place_text
from master_orchestrator.readers.topics import OnProgress, TopicReader, partition_of, vehicle_of
from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.heads import HeadReader
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status, Transition
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority, State

LATELY = 20_000
"""Offsets that are looked at first, a tenth of a second; then four times as many before them, and so on."""

StatusKey = tuple[bytes, int | None]
"""A workflow's key, and the partition where it stands: one of them is its vehicle's."""


class StatusHead(msgspec.Struct, frozen=True):
    """The first fields of a status: what workflows are chosen by."""

    workflow_id: str
    vehicle_id: str
    state: State
    priority: Priority


class FiguresHead(StatusHead, frozen=True):
    """The first fields of a status: what figures are made of."""

    reason: str | None
    step: str | None
    attempt: int
    attempts: int
    findings: tuple[str, ...]
    created_at_ms: int
    updated_at_ms: int
    seq: int
    history: tuple[Transition, ...]


H = TypeVar("H", bound=StatusHead)
T = TypeVar("T")


class NewestStatuses(Generic[H]):
    """The newest status record of each workflow, as it stands on the topic.

    Records are decoded when they are asked for; of those that are not wanted, only the fields of ``head``. Memory: one
    record per workflow.
    """

    def __init__(self, kafka: KafkaSettings, topology: Topology, head: type[H]) -> None:
        self._kafka, self._topic, self._partitions = kafka, topology.topic_of("Status"), topology.partitions
        self._codec = Codec(topology.limits)
        self._reader = HeadReader("status", head, topology.limits)
        self._newest: dict[StatusKey, Message] = {}
        self._heads: dict[StatusKey, H | None] = {}
        self._earlier: dict[StatusKey, Status | None] = {}

    def take(self, messages: Iterable[Message], prefix: bytes = b"") -> None:
        """Take in records, in the order of the topic: of workflows whose id begins with ``prefix``."""
        newest = self._newest
        for message in messages:
            key = message.key() or b""
            if key.startswith(prefix) and message.value() is not None:
                place = (key, message.partition())
                newest[place] = message
                if self._heads or self._earlier:  # asked for before: what was decoded then may be old
                    self._heads.pop(place, None)
                    self._earlier.pop(place, None)

    def matching(self, matches: Callable[[H | Status], bool]) -> Iterator[Status]:
        """Those whose head ``matches``. One that cannot be read does not hide the readable one before it."""
        return self._each(matches, lambda message, _: decode(message, Status, self._codec))

    def heads(self) -> Iterator[H | Status]:
        """The heads of all; where the newest head cannot be read, the readable status before it."""
        for head in self._each(lambda _: True, lambda _, head: head):
            yield head
            self._heads.clear()  # each is wanted once

    def _each(self, matches: Callable[[H | Status], bool], read: Callable[[Message, H], T]) -> Iterator[T | Status]:
        spoilt: set[StatusKey] = set()
        for place, message in self._newest.items():
            if place in self._earlier:
                continue
            try:
                head = self._head(place, message)
                if head is not None and matches(head):
                    yield read(message, head)
            except UnreadableRecordError:
                spoilt.add(place)
        if spoilt:
            self._read_earlier(spoilt)
        yield from (status for status in self._earlier.values() if status is not None and matches(status))

    def _head(self, place: StatusKey, message: Message) -> H | None:
        """None of a record that is not in its vehicle's partition."""
        if place not in self._heads:
            at_home = is_at_home(message, self._partitions)
            self._heads[place] = self._decoded_head(message) if at_home else None
        return self._heads[place]

    def _decoded_head(self, message: Message) -> H:
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


def read_newest(
    kafka: KafkaSettings,
    topology: Topology,
    progress: OnProgress | None = None,
    *,
    prefix: str = "",
    partitions: Iterable[int] | None = None,
) -> NewestStatuses[StatusHead]:
    """The statuses there are now: of all workflows, or those whose id begins with ``prefix``, or in some partitions."""
    places = range(topology.partitions) if partitions is None else partitions
    newest = NewestStatuses(kafka, topology, StatusHead)
    with TopicReader(kafka, [topology.topic_of("Status")], places) as reader:
        newest.take(reader.catch_up(progress), prefix.encode())
    return newest


def read_status(
    kafka: KafkaSettings, topology: Topology, workflow_id: str, progress: OnProgress | None = None
) -> Status | None:
    """The newest status of a workflow, None if there is none.

    Reads the partition that has it, from the end back: what somebody asks about has mostly moved lately.
    """
    partition = Partition(topology.topic_of("Status"), partition_of(vehicle_of(workflow_id), topology.partitions))
    newest = NewestStatuses(kafka, topology, StatusHead)
    with TopicReader(kafka, [partition.topic], [partition.partition]) as reader:
        begin, end, window = reader.start_offsets()[partition], reader.end_offsets()[partition], LATELY
        while begin < end:
            start = max(begin, end - window)
            reader.go_to({partition: start})
            newest.take(reader.catch_up(progress, until={partition: end}), workflow_id.encode())
            if status := next(newest.matching(lambda head: head.workflow_id == workflow_id), None):
                return status
            end, window = start, window * 4
    return None


def read_statuses(kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None) -> Iterator[Status]:
    """The newest status of every workflow."""
    return read_newest(kafka, topology, progress).matching(lambda _: True)


def read_figures(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None
) -> Iterator[FiguresHead | Status]:
    """What figures are made of, of every workflow."""
    newest = NewestStatuses(kafka, topology, FiguresHead)
    with TopicReader(kafka, [topology.topic_of("Status")], range(topology.partitions)) as reader:
        newest.take(reader.catch_up(progress))
    return newest.heads()


def is_at_home(status: Message, partitions: int) -> bool:
    """Whether a status record, keyed by its workflow, stands in its vehicle's partition."""
    workflow_id = (status.key() or b"").decode(errors="replace")
    return partition_of(vehicle_of(workflow_id), partitions) == status.partition()
