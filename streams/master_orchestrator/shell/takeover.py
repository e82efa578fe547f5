"""Taking partitions over after a rebalance: fence, catch up, recover. Blocking; runs in a thread.

The order is the safety: a former owner is fenced first, so that what is read of the changelog after that is final.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import structlog

from master_orchestrator.core.outcome import Deadline
from master_orchestrator.shell.clients import PartitionProducer, PlainProducers
from master_orchestrator.shell.job import Job
from master_orchestrator.shell.partition import OwnedPartition
from master_orchestrator.shell.restore import LogReader, catch_up, is_foreign, topic_id
from master_orchestrator.shell.store import PartitionStore
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology

log = structlog.get_logger(__name__)

Wipe = Callable[[int], PartitionStore]
"""Gives an empty table in place of a partition's table that belongs to another changelog."""


class Lost(NamedTuple):
    """An input whose log ends before the stored position: it was recreated, or cut. Reading starts at its beginning."""

    topic: str
    partition: int
    position: int
    end: int


class TakeOverOutcome(NamedTuple):
    """What a take-over comes to. ``kept``: of each waiting state, for the job's overview."""

    partitions: dict[int, OwnedPartition]
    deadlines: dict[int, dict[str, list[Deadline]]]
    kept: dict[int, list[tuple[bytes, Any]]]
    lost: list[Lost]


class TakeOver:
    """Makes this worker the owner of partitions. One per engine."""

    def __init__(
        self, *, topology: Topology, kafka: KafkaSettings, job: Job[Any, Any, Any], commands: PlainProducers,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self._topology, self._kafka, self._job = topology, kafka, job
        self._commands, self._metrics = commands, metrics

    def run(self, stores: dict[int, PartitionStore], wipe: Wipe) -> TakeOverOutcome:
        """Own the partitions of ``stores``. Raises what Kafka raises; the process must then end."""
        if not stores:
            return TakeOverOutcome({}, {}, {}, [])
        for number in stores:
            self._metrics.restore_done_ratio.labels(str(number)).set(0)
        with self._metrics.restore_seconds.time():
            producers = self._fence(list(stores))
            reader = LogReader(self._kafka, self._job.names.app_id)
            try:
                records = self._restore(reader, stores, wipe)
                owned = {number: self._owned(number, stores[number], producers[number]) for number in stores}
                lost = [cut for partition in owned.values() for cut in self._recover(reader, partition)]
            finally:
                reader.close()
        self._metrics.restore_records.inc(records)
        log.info("tables_restored", records=records, partitions=sorted(stores))
        taken = TakeOverOutcome(owned, {number: {} for number in owned}, {number: [] for number in owned}, lost)
        for number, partition in owned.items():
            for key, value in partition.waiting():
                state = self._job.load(key, value, partition.store.get)
                taken.deadlines[number][key.decode()] = self._job.deadlines(key, state)
                taken.kept[number].append((key, self._job.overview.of(state)))
        return taken

    def _fence(self, partitions: Sequence[int]) -> dict[int, PartitionProducer]:
        """New transactional producers, side by side: each ends what a former owner has open."""
        with ThreadPoolExecutor(len(partitions), "fence") as threads:
            made = threads.map(self._producer, partitions)
            return dict(zip(partitions, made, strict=True))

    def _producer(self, number: int) -> PartitionProducer:
        return PartitionProducer(self._kafka, self._topology, number, self._metrics, app=self._job.names)

    def _restore(self, reader: LogReader, stores: dict[int, PartitionStore], wipe: Wipe) -> int:
        changelog = self._job.names.changelog_topic
        log_id = topic_id(self._kafka, changelog)
        for number in list(stores):
            if is_foreign(stores[number], log_id, reader.bounds(changelog, number)[1]):
                stores[number] = wipe(number)
            stores[number].claim(log_id)
        done = self._metrics.restore_done_ratio
        return catch_up(reader, changelog, stores, lambda number, ratio: done.labels(str(number)).set(ratio))

    def _owned(self, number: int, store: PartitionStore, producer: PartitionProducer) -> OwnedPartition:
        return OwnedPartition(
            number,
            store=store,
            producer=producer,
            commands=self._commands,
            changelog=self._job.names.changelog_topic,
        )

    def _recover(self, reader: LogReader, partition: OwnedPartition) -> list[Lost]:
        """Positions from the table, corrected by the logs there are; and the newest outbox once more."""
        bounds = {topic: reader.bounds(topic, partition.number) for topic in self._job.names.inputs}
        stored = partition.recover()
        partition.positions, lost = _positions(partition.number, stored, bounds)
        for cut in lost:
            log.error(
                "input_cut", note="it ends before its stored position and is read from its start", **cut._asdict()
            )
        return lost


def _positions(
    partition: int, stored: Mapping[str, int], bounds: Mapping[str, tuple[int, int]]
) -> tuple[dict[str, int], list[Lost]]:
    """Where to read on: at the stored position, or the log's start where there is none or it is past the end."""
    positions: dict[str, int] = {}
    lost: list[Lost] = []
    for topic, (start, end) in bounds.items():
        positions[topic] = stored.get(topic, start)
        if positions[topic] > end:
            lost.append(Lost(topic, partition, positions[topic], end))
            positions[topic] = start
    return positions, lost
