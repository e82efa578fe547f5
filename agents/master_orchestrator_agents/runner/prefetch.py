"""Fetched records that are not decoded yet, by lane, so that no lane waits until another one's are all decoded.

The client returns records in the order in which brokers sent them: behind a large fetch of one lane, an urgent record
would wait until all of that is decoded and queued, and with quick handlers handled (seen: thousands of commands). So
fetched records are kept here undecoded, which costs little, and are taken in small batches of every lane.
"""

from collections.abc import Collection, Iterable, Mapping

from confluent_kafka import Message

from master_orchestrator_agents.runner.command_reader import fetched_place
from master_orchestrator_agents.runner.lane_queues import LaneBuffers
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.vocabulary import Lane

BATCH_SIZE = 64
"""Records per batch, divided among the lanes that have some."""

MAX_PREFETCHED = 1_000
"""Records of a lane after which it is paused, until half of them are taken."""

MAX_PREFETCHED_BYTES = 2 * 1024**2
"""The same in bytes."""


class PrefetchBuffer:
    """Belongs to the poll thread."""

    def __init__(self, lane_of: Mapping[str, Lane]) -> None:
        """``lane_of``: the lane of each command topic."""
        self._lane_of = lane_of
        self._records: LaneBuffers[Message] = LaneBuffers(MAX_PREFETCHED, MAX_PREFETCHED_BYTES, len)

    def add(self, messages: Iterable[Message]) -> None:
        """Add fetched records."""
        for message in messages:
            self._records.add(self._lane_of[fetched_place(message).topic], message)

    def next_batch(self, full: Collection[Lane]) -> list[Message]:
        """The next records to decode, the most urgent lane first; none of the ``full`` lanes."""
        lanes = self._ready(full)
        return [
            self._records.remove(lane)
            for lane in lanes
            for _ in range(min(BATCH_SIZE // len(lanes), len(self._records[lane])))
        ]

    def has_records(self, full: Collection[Lane]) -> bool:
        """Whether a lane that is not ``full`` has records."""
        return bool(self._ready(full))

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes to pause."""
        return self._records.full

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop the records of partitions that are no longer assigned."""
        self._records.drop(lambda message: fetched_place(message).topic_partition in partitions)

    def _ready(self, full: Collection[Lane]) -> list[Lane]:
        return [lane for lane in Lane if self._records[lane] and lane not in full]
