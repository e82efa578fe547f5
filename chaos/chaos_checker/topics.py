"""Reading topics with plain consumers, from the beginning to the end they have now."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from chaos_checker.records import Headers, RecordPlace, StoredRecord

BATCH = 5_000
POLL_S = 1.0
PATIENCE_S = 90.0
"""Seconds without a record after which the judge gives up."""
SETTLE_S = 60.0
"""How long a transaction may still be open after the run: longer than the brokers let one be."""


class UnreadableTopicError(Exception):
    """The judge cannot read what it has to judge."""


class PartitionReader:
    """Reads whole partitions. ``committed`` False: the records of aborted transactions too."""

    def __init__(self, bootstrap_servers: str, *, committed: bool = True) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": "chaos-checker",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed" if committed else "read_uncommitted",
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 16_384,
            }
        )

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """First offset and end, as far as this reader's isolation lets it see. Raises :class:`UnreadableTopicError`."""
        try:
            offsets = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        except KafkaException as error:
            raise UnreadableTopicError(f"{topic}[{partition}]: {error}") from error
        if offsets is None:
            raise UnreadableTopicError(f"{topic}[{partition}]: the brokers did not tell its offsets in 30 s")
        return offsets

    def read(self, topics: Sequence[str], partition: int) -> Iterator[StoredRecord]:
        """All records of this partition of the topics, in order per topic. Raises :class:`UnreadableTopicError`."""
        left = {topic for topic in topics if self.bounds(topic, partition)[1] > 0}
        self._consumer.assign([TopicPartition(topic, partition, 0) for topic in left])
        heard = time.monotonic()
        while left:
            for message in self._consumer.consume(BATCH, POLL_S):
                heard = time.monotonic()
                if message.error() is None:
                    yield _stored(message)
                else:
                    left -= _ended(message)
            if time.monotonic() - heard > PATIENCE_S:
                raise UnreadableTopicError(f"partition {partition} of {sorted(left)}: nothing for {PATIENCE_S:.0f} s")
        self._consumer.unassign()


@contextmanager
def reader(bootstrap_servers: str, *, committed: bool = True) -> Iterator[PartitionReader]:
    """A :class:`PartitionReader` that is closed at the end."""
    made = PartitionReader(bootstrap_servers, committed=committed)
    try:
        yield made
    finally:
        made.close()


def hanging(bootstrap_servers: str, topics: Iterable[str], partitions: int) -> list[str]:
    """The topic-partitions in which a transaction is open for longer than the brokers let it: nobody reads past it."""
    places = [(topic, number) for topic in topics for number in range(partitions)]
    with reader(bootstrap_servers) as stable, reader(bootstrap_servers, committed=False) as all_of_it:
        deadline = time.monotonic() + SETTLE_S
        while places := [place for place in places if stable.bounds(*place)[1] < all_of_it.bounds(*place)[1]]:
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_S)
    return [f"{topic}[{number}]" for topic, number in places]


def _stored(message: Message) -> StoredRecord:
    place = RecordPlace(message.topic() or "", message.partition() or 0, message.offset() or 0)
    headers = cast("Headers", tuple(message.headers() or ()))
    return StoredRecord(place, message.timestamp()[1], message.key() or b"", message.value(), headers)


def _ended(message: Message) -> set[str]:
    error = message.error()
    if error is not None and error.code() == KafkaError._PARTITION_EOF:
        return {message.topic() or ""}
    if error is not None and error.retriable():
        return set()
    text = error.str() if error is not None else "unreadable"
    raise UnreadableTopicError(f"{message.topic()}[{message.partition()}]: {text}")
