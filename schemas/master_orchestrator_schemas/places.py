"""Where records stand in Kafka: the one type and the one printed form of a partition, and of a record's place."""

from typing import NamedTuple


class Partition(NamedTuple):
    """One partition of a topic; ``topic[partition]`` in texts."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]"


class Place(NamedTuple):
    """The place of one record; ``topic[partition]@offset`` in texts."""

    topic: str
    partition: int
    offset: int

    @property
    def topic_partition(self) -> Partition:
        """The partition that holds the record."""
        return Partition(self.topic, self.partition)

    def __str__(self) -> str:
        return f"{self.topic_partition}@{self.offset}"
