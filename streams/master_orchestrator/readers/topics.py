"""Reading topics by hand: no group, no commits, committed records only, up to where they end or on and on."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from master_orchestrator.errors import kafka_error
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, consumer_config, place_of
from master_orchestrator_schemas.kafka_diagnosis import LEADERLESS, explained
from master_orchestrator_schemas.kafka_trouble import unreachable
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.places import Partition

NO_LEADER_YET = frozenset({*LEADERLESS, KafkaError.UNKNOWN_TOPIC_OR_PART})
"""A topic that has just been made, or a partition that is moving."""

log = structlog.stdlib.get_logger(__name__)

Offsets = dict[Partition, int]

OnProgress = Callable[[int, int], None]
"""Called with how many offsets have been passed and how many there are to pass."""

GROUP = "master-orchestrator-readers"
"""librdkafka wants a name; nothing is ever stored under it."""

ANSWER_S = 10.0
LEADER_S = 60.0
"""How long a partition without a leader is waited for: a broker that was killed may take that long to be back."""
STALLED_S = 20.0
POLL_S = 0.5
RETRY_S = 0.1
FETCH_MAX = 1_000
FETCH = {
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 50,
    "fetch.queue.backoff.ms": 10,
    "queued.min.messages": 10_000,  # per partition; the default, 100,000, is hundreds of megabytes of small records
    "queued.max.messages.kbytes": 16_384,
}


SEPARATOR = "~"
"""Between vehicle id and episode in a workflow id; outside the alphabet of vehicle ids."""


def vehicle_of(workflow_id: str) -> str:
    """The vehicle a workflow id belongs to."""
    return workflow_id.rpartition(SEPARATOR)[0]


def partition_of(vehicle_id: str, partitions: int) -> int:
    """The partition that holds everything about a vehicle."""
    return partition_of_key(vehicle_id.encode(), partitions)


def partition_counts(kafka: KafkaSettings) -> dict[str, int]:
    """The cluster's topics, and how many partitions each has."""
    topics = AdminClient(admin_config(kafka)).list_topics(timeout=ANSWER_S).topics
    return {name: len(topic.partitions) for name, topic in topics.items()}


def listed_offsets(
    admin: AdminClient,
    spec: OffsetSpec,
    partitions: Iterable[Partition],
    level: IsolationLevel = IsolationLevel.READ_COMMITTED,
) -> Offsets:
    """What ``spec`` asks of each partition; waits for leaders that are being chosen. Raises KafkaException."""
    requests = {TopicPartition(*partition): spec for partition in partitions}
    until = time.monotonic() + LEADER_S
    while requests:
        try:
            futures = admin.list_offsets(requests, isolation_level=level, request_timeout=ANSWER_S)
            return {Partition(each.topic, each.partition): future.result().offset for each, future in futures.items()}
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET or time.monotonic() > until:
                raise
            time.sleep(RETRY_S)
    return {}


class TopicReader:
    """A consumer over given partitions: from their beginning, for the topics in ``from_end`` from their present end,
    from the first record that the broker took at ``since_ms`` or later, or from the offsets in ``start``.

    One thread at a time reads; ``end_offsets`` may be called by any.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: Iterable[str],
        partitions: Iterable[int],
        *,
        from_end: Iterable[str] = (),
        start: Mapping[Partition, int] | None = None,
        since_ms: int | None = None,
    ) -> None:
        self._servers = kafka.bootstrap_servers
        self._partitions = [Partition(topic, partition) for topic in topics for partition in partitions]
        self._config = admin_config(kafka)
        self._admin = AdminClient(self._config)
        self._next: dict[Partition, int] = dict.fromkeys(self._partitions, 0)
        late = set(from_end)
        starts = dict.fromkeys(self._partitions, OFFSET_BEGINNING)
        if since_ms is not None:
            starts |= self._offsets_at(since_ms)
        starts |= self.end_offsets(partition for partition in self._partitions if partition.topic in late)
        starts |= start or {}
        self._next |= {partition: start for partition, start in starts.items() if start >= 0}
        self._consumer = Consumer(consumer_config(kafka, GROUP, **FETCH))
        self._consumer.assign([TopicPartition(*partition, start) for partition, start in starts.items()])

    @property
    def positions(self) -> Mapping[Partition, int]:
        """The next offset of each partition; what is before it has been returned."""
        return dict(self._next)

    def end_offsets(self, partitions: Iterable[Partition] | None = None, *, under_way: bool = False) -> Offsets:
        """Where the partitions end now, for readers of committed records. Raises :class:`BrokerUnreachableError`.

        ``under_way``: count in what stands behind the beginning of a transaction that is not over yet.
        """
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent-kafka leaves this one out
        level = IsolationLevel.READ_UNCOMMITTED if under_way else IsolationLevel.READ_COMMITTED
        return self._offsets(latest, self._partitions if partitions is None else partitions, level)

    def start_offsets(self) -> Offsets:
        """Where the partitions begin now: what was before is gone. Raises :class:`BrokerUnreachableError`."""
        earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # as above
        return self._offsets(earliest, self._partitions, IsolationLevel.READ_COMMITTED)

    def _offsets_at(self, since_ms: int) -> Offsets:
        """Where the records of that time and later begin; the end where there is none."""
        spec = OffsetSpec.for_timestamp(since_ms)
        starts = self._offsets(spec, self._partitions, IsolationLevel.READ_COMMITTED)
        ends = self.end_offsets()
        return {partition: offset if offset >= 0 else ends[partition] for partition, offset in starts.items()}

    def _offsets(self, spec: OffsetSpec, partitions: Iterable[Partition], level: IsolationLevel) -> Offsets:
        try:
            return listed_offsets(self._admin, spec, partitions, level)
        except KafkaException as error:
            inner = error.args[0]
            known = explained(self._config, inner) or unreachable(self._servers, inner.str())
            raise kafka_error(known) from error

    def catch_up(
        self,
        progress: OnProgress | None = None,
        *,
        under_way: bool = False,
        until: Mapping[Partition, int] | None = None,
    ) -> Iterator[Message]:
        """The records up to where the partitions end at the time of the call; can be called again for what came since.

        ``under_way``: wait for transactions that are not over: what is committed behind their beginning comes too.
        ``until``: stop at the first poll that has passed these offsets instead; it may bring some records beyond them.
        Raises :class:`BrokerUnreachableError` when the broker goes away meanwhile.
        """
        ends = self.end_offsets(under_way=under_way) if until is None else until
        left = total = self._left(ends)
        moved_at = time.monotonic()
        while left:
            yield from self.poll(POLL_S)
            before, left = left, self._left(ends)
            if left < before:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > STALLED_S:
                raise kafka_error(unreachable(self._servers, f"{left} records do not come"))
            if progress is not None:
                progress(total - left, total)

    def _left(self, ends: Mapping[Partition, int]) -> int:
        return sum(max(0, end - self._next[partition]) for partition, end in ends.items())

    def poll(self, timeout: float) -> list[Message]:
        """The next records, at most ``FETCH_MAX``; empty if none come within ``timeout`` seconds."""
        first = self._consumer.poll(timeout)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(FETCH_MAX - 1, timeout=0)]
        records = [message for message in messages if message.error() is None]
        for message in {(message.topic(), message.partition()): message for message in records}.values():
            if (place := place_of(message)) is not None:
                self._next[place.topic_partition] = place.offset + 1
        if len(records) < len(messages):
            for message in messages:
                self._note_error(message)
        return records

    def go_to(self, offsets: Mapping[Partition, int]) -> None:
        """Read on from these offsets, and from no other partition."""
        self._next |= offsets
        self._consumer.assign([TopicPartition(*partition, offset) for partition, offset in offsets.items()])

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _note_error(self, message: Message) -> None:
        """An end of partition moves the position past what only transactions left there. Others are tried again."""
        error = message.error()
        if error is None:
            return
        if error.code() != KafkaError._PARTITION_EOF:
            log.warning("reader_error", topic=message.topic(), error=error.str())
        elif (place := place_of(message)) is not None:
            self._next[place.topic_partition] = max(place.offset, self._next[place.topic_partition])
