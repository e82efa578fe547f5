"""The first records of a partition wait until its acquisition is committed, so that a crash leaves a trace."""

import time
from collections.abc import Collection, Sequence

from confluent_kafka import Message

from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.command_reader import fetched_place
from master_orchestrator_agents.runner.consumer import LaneConsumer
from master_orchestrator_schemas.places import Partition

MAX_COMMIT_WAIT_S = 5.0
"""Maximum wait for that commit; after it, handling commands matters more than a trace of how it ended."""


class PartitionAcquisition:
    """Holds back the records of partitions that are being acquired. Belongs to the poll thread."""

    def __init__(self, consumer: LaneConsumer, backlog: Backlog) -> None:
        self._consumer = consumer
        self._backlog = backlog
        self._kept: dict[Partition, list[Message]] = {}
        self._since: dict[Partition, float] = {}

    def admit(self, messages: Sequence[Message]) -> list[Message]:
        """The records, of these and of those kept back, that may be handled; in order for each partition."""
        places = [fetched_place(message) for message in messages]
        self._acquire({place.topic_partition: place.offset for place in reversed(places)})
        admitted = self._acquired()
        for message, place in zip(messages, places, strict=True):
            self._kept.get(place.topic_partition, admitted).append(message)
        return admitted

    @property
    def pending(self) -> frozenset[Partition]:
        """The partitions to pause until their acquisition is committed."""
        return frozenset(self._kept)

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop the records of partitions that are no longer assigned."""
        for partition in partitions:
            self._kept.pop(partition, None)

    def _acquire(self, first: dict[Partition, int]) -> None:
        """Read how the last holders of new partitions ended, and commit that they are held again."""
        new = self._backlog.not_acquired(first)
        if not new:
            return
        metadata = self._consumer.metadata(new)
        for partition in new:
            self._backlog.acquire(partition, first[partition], metadata.get(partition, ""))
            self._kept[partition] = []
            self._since[partition] = time.monotonic()
        self._consumer.commit(self._backlog.take_commits())

    def _acquired(self) -> list[Message]:
        late = time.monotonic() - MAX_COMMIT_WAIT_S
        ready = [each for each in self._kept if self._backlog.is_metadata_committed(each) or self._since[each] < late]
        return [message for partition in ready for message in self._kept.pop(partition)]
