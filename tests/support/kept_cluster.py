"""The topics of one small cluster in memory, as the real engine writes them: kept, lost and forged as a test likes."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from master_orchestrator.core.audit_chain import hash_of
from master_orchestrator.core.fold import fold_audit
from master_orchestrator.core.state import GENESIS
from master_orchestrator.readers import replay_topics, verify_topics
from master_orchestrator.readers.audit_verdict import AuditVerdict
from master_orchestrator.readers.topics import vehicle_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology, load_topology
from support.engine_partition import CODEC, PartitionContent
from support.judged_history import Story


class KeptRecord(NamedTuple):
    """A record, asked as a consumed message is."""

    at: Partition
    number: int
    at_ms: int
    name: bytes
    content: bytes | None

    def topic(self) -> str:
        """As of a message."""
        return self.at.topic

    def partition(self) -> int:
        """As of a message."""
        return self.at.partition

    def offset(self) -> int:
        """As of a message."""
        return self.number

    def key(self) -> bytes:
        """As of a message."""
        return self.name

    def value(self) -> bytes | None:
        """As of a message."""
        return self.content

    def timestamp(self) -> tuple[int, int]:
        """As of a message."""
        return 2, self.at_ms


class KeptCluster:
    """What there is, by topic and partition; ``starts``: where logs begin that retention has shortened."""

    def __init__(self, partitions: int = 1) -> None:
        self.topology: Topology = load_topology().model_copy(update={"partitions": partitions})
        self.records: dict[Partition, list[KeptRecord]] = {}
        self.starts: dict[Partition, int] = {}
        self.audit, self.status = self.topology.topic_of("AuditRecord"), self.topology.topic_of("Status")
        self.readings, self.table = self.topology.topic_of("Telemetry"), self.topology.changelog_topic
        self.senders_times = False

    def append(self, topic: str, key: bytes, value: bytes | None, at_ms: int = 0, partition: int = 0) -> None:
        """One more record."""
        at = Partition(topic, partition)
        log = self.records.setdefault(at, [])
        log.append(KeptRecord(at, log[-1].number + 1 if log else 0, at_ms, key, value))

    def trail(self) -> list[AuditRecord]:
        """The audit records of partition 0."""
        return [CODEC.decode(kept.content or b"", AuditRecord) for kept in self.records[Partition(self.audit, 0)]]

    def write_trail(self, records: Iterable[AuditRecord]) -> None:
        """In place of the one there is."""
        self.records[Partition(self.audit, 0)] = []
        for record in records:
            self.append(self.audit, f"{record.workflow_id}/{record.seq}".encode(), CODEC.encode(record))

    def write_statuses(self) -> None:
        """As they follow from the trail, in place of those there are."""
        self.records[Partition(self.status, 0)] = []
        for status in fold_audit(self.trail()).values():
            self.append(self.status, status.workflow_id.encode(), CODEC.encode(status))

    def expire(self, topic: str) -> None:
        """Retention takes all there is."""
        log = self.records[Partition(topic, 0)]
        self.starts[Partition(topic, 0)] = log[-1].number + 1
        log.clear()

    def mirror(self, *, markers: int, late_ms: int = 0) -> None:
        """As a mirror copies the inputs: without the transaction markers that stood behind each topic's second record.

        ``late_ms``: the copy's topics take the broker's time, at which the mirror wrote.
        """
        for topic in self.topology.input_topics:
            log = self.records.get(Partition(topic, 0), [])
            self.records[Partition(topic, 0)] = [
                kept._replace(number=index if index < 2 else kept.number - markers, at_ms=kept.at_ms + late_ms)
                for index, kept in enumerate(log)
            ]

    def verified(self, monkeypatch: pytest.MonkeyPatch, workflow_id: str | None = None) -> AuditVerdict:
        """What ``audit verify`` says."""
        reader = _reader_of(self)
        counts = dict.fromkeys((*self.topology.input_topics, self.audit, self.status), self.topology.partitions)
        counts |= {topic: self.topology.partitions for topic, _ in self.records}
        with monkeypatch.context() as patched:
            patched.setattr(verify_topics, "TopicReader", reader)
            patched.setattr(replay_topics, "TopicReader", reader)
            patched.setattr(verify_topics, "partition_counts", lambda _: counts)
            patched.setattr(verify_topics, "keeps_senders_times", lambda *_: self.senders_times)
            return verify_topics.verify_topics(KafkaSettings(), self.topology, workflow_id=workflow_id)


def _reader_of(cluster: KeptCluster) -> Any:
    class KeptReader:
        """A ``TopicReader`` of it."""

        def __init__(self, _kafka: object, topics: Iterable[str], partitions: Iterable[int]) -> None:
            self._partitions = [Partition(topic, partition) for topic in topics for partition in partitions]
            self._seen = dict.fromkeys(self._partitions, -1)

        def __enter__(self) -> "KeptReader":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def catch_up(self, _progress: object = None) -> Iterator[KeptRecord]:
            for at in self._partitions:
                for kept in list(cluster.records.get(at, ())):
                    if kept.number > self._seen[at]:
                        self._seen[at] = kept.number
                        yield kept

        def start_offsets(self) -> dict[Partition, int]:
            return {at: cluster.starts.get(at, 0) for at in self._partitions}

    return KeptReader


@cache
def _story() -> PartitionContent:
    story = Story()
    story.tell()
    return story.partition


def kept_cluster(partitions: int = 1) -> KeptCluster:
    """A cluster on which all kinds of things have happened to some vehicles, all of them in partition 0."""
    cluster, story = KeptCluster(partitions), _story()
    for given in story.inputs:
        cluster.append(given.topic, given.key, given.value, given.at_ms)
    for output in story.outputs:
        cluster.append(output.topic, output.key, output.value)
    for key, value in story.table.items():
        cluster.append(cluster.table, key, value)
    return cluster


def chained(records: Iterable[AuditRecord]) -> list[AuditRecord]:
    """With numbers and hashes that fit again, as a forger with the algorithm leaves them."""
    made: list[AuditRecord] = []
    newest: dict[str, AuditRecord] = {}
    for record in records:
        before = newest.get(record.workflow_id)
        seq, prev = (0, GENESIS) if before is None else (before.seq + 1, before.hash)
        linked = replace(record, seq=seq, prev_hash=prev)
        newest[record.workflow_id] = linked = replace(linked, hash=hash_of(linked))
        made.append(linked)
    return made


def renamed(records: Iterable[AuditRecord], workflow_id: str) -> list[AuditRecord]:
    """A trail told of another workflow."""
    vehicle = vehicle_of(workflow_id)
    return chained(replace(record, workflow_id=workflow_id, vehicle_id=vehicle) for record in records)
