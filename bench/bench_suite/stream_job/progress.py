"""What a job's log says of how far it had come at each of its offsets, and whether it came out right."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, cast

from bench_suite.stream_job.job import PARTITIONS, unpack_count
from bench_suite.stream_job.stage import JobStage
from confluent_kafka import Message

from master_orchestrator.core.table import POSITION_KEY, unpack_positions
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.topology import Topology


@dataclass
class Marks:
    """Per partition: offsets, and for each the number of records that were done by then."""

    offsets: list[list[int]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    done: list[list[int]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])

    def mark(self, partition: int, offset: int, done: int) -> None:
        """Note that ``done`` records of the partition were done at ``offset``."""
        self.offsets[partition].append(offset)
        self.done[partition].append(done)

    def at(self, ends: tuple[int, ...]) -> int:
        """How many were done, as a reader saw it who could read up to ``ends``."""
        places = [bisect_left(offsets, end) for offsets, end in zip(self.offsets, ends, strict=True)]
        return sum(done[place - 1] for done, place in zip(self.done, places, strict=True) if place)

    @property
    def total(self) -> int:
        """How many were done in the end."""
        return sum(done[-1] for done in self.done if done)


class JobProgress(Protocol):
    """What was read of a job's log."""

    marks: Marks

    def verdict(self) -> dict[str, float]:
        """Figures that say whether it came out right."""


class Outputs:
    """One output per input: each key's counts must be 1, 2, 3 … to the number of its inputs."""

    def __init__(self, stage: JobStage, topic: str, expected: Counter[bytes]) -> None:
        self.marks, self._expected = Marks(), expected
        self._seen: defaultdict[bytes, Counter[int]] = defaultdict(Counter)
        for message in committed(stage, topic):
            partition, offset = cast("int", message.partition()), cast("int", message.offset())
            done = self.marks.done[partition]
            self.marks.mark(partition, offset, (done[-1] if done else 0) + 1)
            self._seen[cast("bytes", message.key())][unpack_count(message.value())] += 1

    def verdict(self) -> dict[str, float]:
        """Keys whose counts are not what they must be; outputs that are missing, and that came again."""
        expected = {key: set(range(1, count + 1)) for key, count in self._expected.items()}
        seen = {key: set(counts) for key, counts in self._seen.items()}
        return {
            "keys_wrong": sum(seen.get(key) != counts for key, counts in expected.items()),
            "outputs_missing": sum(len(counts - seen.get(key, set())) for key, counts in expected.items()),
            "outputs_repeated": sum(counts.total() - len(counts) for counts in self._seen.values()),
        }


class Positions:
    """No output: the position records in the engine's own changelog tell how far it had come."""

    def __init__(self, stage: JobStage, topology: Topology, expected: int) -> None:
        self.marks, self._expected = Marks(), expected
        for message in committed(stage, topology.changelog_topic):
            if message.key() == POSITION_KEY:
                done = unpack_positions(message.value())[topology.topic_of("Telemetry")]
                self.marks.mark(cast("int", message.partition()), cast("int", message.offset()), done)

        self._refused = sum(1 for _ in committed(stage, topology.dead_letter_topic))

    def verdict(self) -> dict[str, float]:
        """Records that no position has passed, and those that were refused."""
        return {"records_missing": self._expected - self.marks.total, "refused_wrong": self._refused}


def committed(stage: JobStage, topic: str) -> Iterator[Message]:
    """All committed records of a topic up to its present end. Raises ``BrokerUnreachableError``."""
    with TopicReader(stage.kafka, [topic], range(PARTITIONS)) as reader:
        yield from reader.catch_up()
