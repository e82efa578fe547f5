"""Bringing a partition's table up to its changelog, on every assignment and for every owned partition.

Kept partitions too: this worker may have been expelled from the group and have come back while another one wrote.
Reading is read_committed and in batches; the former owner's transaction was ended before (see ``takeover.py``).
"""

import time
from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from master_orchestrator.shell.clients import RETRY_PAUSE_S, kafka_error
from master_orchestrator.shell.errors import RestoreError
from master_orchestrator.shell.store import LOG_KEY, PartitionStore
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, consumer_config
from master_orchestrator_schemas.kafka_diagnosis import LEADERLESS
from master_orchestrator_schemas.places import Partition

BATCH = 10_000
BATCH_S = 0.05
"""Maximum wait for a partial batch; bounds the latency of a small restore."""
QUIET_S = 30.0
"""No record and no end for this long means that the changelog cannot be read."""
WATERMARK_S = 10.0
ADMIN_TIMEOUT_S = 30.0


class LogReader:
    """Reads logs by hand: their bounds, and committed records of assigned partitions up to the end."""

    def __init__(self, kafka: KafkaSettings, app_id: str) -> None:
        over = {"enable.partition.eof": True, "fetch.wait.max.ms": 10, "auto.offset.reset": "error"}
        self.consumer = Consumer(consumer_config(kafka, f"{app_id}-restore", **over))

    def close(self) -> None:
        """Leave the cluster."""
        self.consumer.close()

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """(first offset still there, end offset) of a topic-partition; waits for a leader that is being chosen."""
        name, patient_until = Partition(topic, partition), time.monotonic() + WATERMARK_S
        while True:
            try:
                bounds = self.consumer.get_watermark_offsets(TopicPartition(*name), timeout=WATERMARK_S)
                break
            except KafkaException as error:
                if kafka_error(error).code() not in LEADERLESS or time.monotonic() > patient_until:
                    raise
                time.sleep(RETRY_PAUSE_S)
        if bounds is None:
            raise RestoreError(f"{name}: the broker did not tell its offsets in {WATERMARK_S:.0f} s")
        return bounds


def catch_up(
    reader: LogReader,
    topic: str,
    stores: Mapping[int, PartitionStore],
    progress: Callable[[int, float], None] = lambda _partition, _ratio: None,
) -> int:
    """Read each partition from its table's offset to the end into its table; the number of records read.

    ``progress`` is told how much of a partition is there, 1 at the end.
    A table's offset must not lie above the changelog's end (see :func:`is_foreign`).
    """
    ends = {partition: reader.bounds(topic, partition) for partition in stores}
    starts = {p: max(_next_offset(store), ends[p][0]) for p, store in stores.items()}
    left = {p for p in stores if starts[p] < ends[p][1]}
    reader.consumer.assign([TopicPartition(topic, p, starts[p]) for p in left])
    count, heard = 0, time.monotonic()
    while left:
        batches: dict[int, list[Message]] = {}
        for message in reader.consumer.consume(BATCH, BATCH_S):
            heard = time.monotonic()
            if message.error() is None:
                batches.setdefault(message.partition() or 0, []).append(message)
            else:
                left -= _ended(message)
        for partition, messages in batches.items():
            _apply(stores[partition], messages)
            count += len(messages)
            start, end = starts[partition], ends[partition][1]
            progress(partition, min(1.0, ((messages[-1].offset() or 0) + 1 - start) / (end - start)))
        if time.monotonic() - heard > QUIET_S:
            raise RestoreError(f"{topic}: nothing from partitions {sorted(left)} for {QUIET_S:.0f} s")
    reader.consumer.unassign()
    for partition, store in stores.items():
        store.settle()
        # The log ends in control markers, which no consumer delivers; Faust's own recovery would wait for them. The end
        # as it was before reading: were it asked again, a newer owner's records would count as read.
        store.write({}, max(_next_offset(store), ends[partition][1]) - 1)
        progress(partition, 1.0)
    return count


def is_foreign(store: PartitionStore, log_id: bytes, end_offset: int) -> bool:
    """True if the table is not a copy of this changelog: it belongs to another cluster, or the log was recreated.

    Its offsets then say nothing, though the log there is may have grown past them. A table that does not say whose copy
    it is (of an earlier version) shows it only by being ahead of the log.
    """
    return store.get(LOG_KEY) not in {None, log_id} or _next_offset(store) > end_offset


def topic_id(kafka: KafkaSettings, topic: str) -> bytes:
    """The id that the cluster gave a topic when it made it; another one has another, of the same name too."""
    admin = AdminClient(admin_config(kafka))  # kept until the answer is there: its end would end the request
    described = admin.describe_topics(TopicCollection([topic]), request_timeout=ADMIN_TIMEOUT_S)
    return str(described[topic].result().topic_id).encode()


def _ended(message: Message) -> set[int]:
    error = message.error()
    if error is not None and error.code() == KafkaError._PARTITION_EOF:
        return {message.partition() or 0}
    if error is not None and error.retriable():
        return set()
    raise RestoreError(f"{message.topic()}[{message.partition()}]: {error.str() if error else 'unreadable'}")


def _next_offset(store: PartitionStore) -> int:
    offset = store.changelog_offset()
    return 0 if offset is None else offset + 1


def _apply(store: PartitionStore, messages: list[Message]) -> None:
    entries = {message.key() or b"": message.value() for message in messages}
    store.restore(entries, messages[-1].offset() or 0)
