"""The first records of a partition: they wait until it is noted beside its committed offset that we hold it."""

import time
from collections.abc import Collection, Sequence

from confluent_kafka import Message

from master_orchestrator_agents.runner.backlog import Backlog
from master_orchestrator_agents.runner.command_reader import place_of
from master_orchestrator_agents.runner.consumer import LaneConsumer
from master_orchestrator_agents.runner.offsets import Partition

NOTE_SECONDS = 5.0
"""So long it is waited for; then handling matters more than knowing how it ended."""


class TakingUp:
    """Belongs to the poll thread."""

    def __init__(self, consumer: LaneConsumer, backlog: Backlog) -> None:
        self._consumer = consumer
        self._backlog = backlog
        self._kept: dict[Partition, list[Message]] = {}
        self._since: dict[Partition, float] = {}

    def admit(self, messages: Sequence[Message]) -> list[Message]:
        """Of these and of those kept before, the ones that may be taken in; in order for each partition."""
        places = [place_of(message) for message in messages]
        self._learn({(topic, partition): offset for topic, partition, offset in reversed(places)})
        admitted = self._noted()
        for message, (topic, partition, _) in zip(messages, places, strict=True):
            self._kept.get((topic, partition), admitted).append(message)
        return admitted

    @property
    def waiting(self) -> frozenset[Partition]:
        """The partitions that should fetch no more meanwhile."""
        return frozenset(self._kept)

    def forget(self, partitions: Collection[Partition]) -> None:
        """These have gone."""
        for partition in partitions:
            self._kept.pop(partition, None)

    def _learn(self, first: dict[Partition, int]) -> None:
        """Learn how the last holders of new partitions ended, and have it noted that they are held again."""
        unknown = self._backlog.unknown(first)
        if not unknown:
            return
        metadata = self._consumer.metadata(unknown)
        for partition in unknown:
            self._backlog.take_up(partition, first[partition], metadata.get(partition, ""))
            self._kept[partition] = []
            self._since[partition] = time.monotonic()
        self._consumer.commit(self._backlog.take_commits())

    def _noted(self) -> list[Message]:
        late = time.monotonic() - NOTE_SECONDS
        ready = [each for each in self._kept if self._backlog.is_noted(each) or self._since[each] < late]
        return [message for partition in ready for message in self._kept.pop(partition)]
