"""The engine of one worker: the partitions it owns, batches in, transactions out.

Called by ``faust_replacements.py``: :meth:`Engine.assign` after each rebalance, :meth:`Engine.release` before one,
:meth:`Engine.on_records` for each fetched batch. On doubt the process dies and recovers: every error that is not
known to be harmless reaches ``die``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import structlog

from master_orchestrator.shell.clients import PartitionProducer, PlainProducer
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator.shell.ordering import Admitted, admit, in_order
from master_orchestrator.shell.partition import OwnedPartition
from master_orchestrator.shell.processor import Processor, Work
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator.shell.restore import ChangelogReader, is_foreign
from master_orchestrator.shell.store import PartitionStore
from master_orchestrator.shell.timers import TimerThread
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import envelope_headers
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Alert, Timer
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AlertKind

log = structlog.get_logger(__name__)

TopicPartition = tuple[str, int]
Seek = Callable[[Mapping[TopicPartition, int]], Awaitable[None]]
Wipe = Callable[[int], PartitionStore]


class Hole(NamedTuple):
    """A jump in a topic-partition's offsets that was sought back to once."""

    expected: int
    found: int
    log_start: int

    @property
    def lost(self) -> int:
        """How many records retention removed before they were applied."""
        return max(0, min(self.log_start, self.found) - self.expected)


class Step(NamedTuple):
    """One partition's share of a batch, ready to be committed: its work, the positions after it, its record count."""

    partition: OwnedPartition
    work: Work
    positions: dict[str, int]
    records: int


Holes = dict[TopicPartition, tuple[int, int]]
"""Holes met in a batch: the expected offset and the one found."""


class Engine:
    """All partitions this worker owns. Lives on one event loop; transactions run in threads, side by side."""

    def __init__(
        self, *, topology: Topology, kafka: KafkaSettings, codec: Codec, processor: Processor, metrics: Metrics,
        die: Callable[[BaseException], None],
    ) -> None:  # fmt: skip
        self._topology, self._kafka, self._codec, self._processor = topology, kafka, codec, processor
        self._metrics, self._die = metrics, die
        self._counts, self._inputs = EngineCounts(metrics), topology.input_topics
        self._ranks = {topic: rank for rank, topic in enumerate(topology.input_topics)}
        self._timer_topic = topology.topic_of("Timer")
        self._plain = PlainProducer(kafka)
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="partition")
        self._timers = TimerThread(self._send_ticks, metrics.timer_delay_seconds.observe, die)
        self._partitions: dict[int, OwnedPartition] = {}
        self._holes: dict[TopicPartition, Hole] = {}
        self._under_way: dict[int, asyncio.Future[None]] = {}
        self._busy = asyncio.Lock()
        self.transaction_s = 0.0
        """How long the newest transaction took."""
        self._timers.start()

    # -- membership ---------------------------------------------------------------------------------------------

    async def release(self) -> None:
        """Before a rebalance: finish the transactions under way and apply nothing more until :meth:`assign`."""
        async with self._busy:
            await self._settled(*self._partitions)
            self._partitions = {}
            self._holes = {}
            self._timers.reset({})

    async def assign(self, stores: dict[int, PartitionStore], wipe: Wipe) -> None:
        """Own just these partitions: fence former owners, catch up the tables, send the outboxes again.

        ``wipe(partition)`` gives an empty table in place of one that belongs to another changelog.
        """
        async with self._busy:
            self._holes = {}
            loop = asyncio.get_running_loop()
            self._partitions = await loop.run_in_executor(None, self._take_over, stores, wipe)
            waiting = {number: owned.deadlines() for number, owned in self._partitions.items()}
            self._timers.reset(waiting)
            self._metrics.owned_partitions.set(len(self._partitions))
            self._metrics.rebalances.inc()
            log.info("partitions owned", partitions=sorted(self._partitions))

    def _take_over(self, stores: dict[int, PartitionStore], wipe: Wipe) -> dict[int, OwnedPartition]:
        if not stores:
            return {}
        app_id, changelog = self._topology.app_id, self._topology.changelog_topic
        with self._metrics.restore_seconds.time():
            producers = list(self._threads.map(lambda n: PartitionProducer(self._kafka, app_id, n), stores))
            reader = ChangelogReader(self._kafka, app_id, changelog)
            try:
                for number in [n for n, store in stores.items() if is_foreign(store, reader.bounds(n)[1])]:
                    stores[number] = wipe(number)
                restored = reader.catch_up(stores)
                self._metrics.restore_records.inc(restored)
                owned = {
                    number: OwnedPartition(
                        number, store=store, producer=producer, commands=self._plain, changelog=changelog,
                        metrics=self._metrics,
                    )
                    for (number, store), producer in zip(stores.items(), producers, strict=True)
                }  # fmt: skip
                for partition in owned.values():
                    partition.recover(self._topology.input_topics, reader.earliest)
            finally:
                reader.close()
        log.info("tables restored", records=restored, partitions=sorted(stores))
        return owned

    def positions(self) -> dict[TopicPartition, int]:
        """The next offset to apply of every owned input topic-partition."""
        return {
            (topic, number): offset
            for number, owned in self._partitions.items()
            for topic, offset in owned.positions.items()
        }

    def count_lag(self, ends: Mapping[TopicPartition, int]) -> None:
        """Count how far the positions are behind the ends of their logs."""
        for (topic, partition), offset in self.positions().items():
            self._counts.lag(topic, partition, max(0, ends.get((topic, partition), offset) - offset))

    def stop(self) -> None:
        """End the timers; batches end with the event loop."""
        self._timers.stop()
        self._threads.shutdown()

    # -- batches ------------------------------------------------------------------------------------------------

    async def on_records(self, fetched: Mapping[TopicPartition, Sequence[Fetched]], seek: Seek) -> int:
        """Process one fetched batch and hand it to its partitions' threads; the number of records applied.

        A partition has one transaction under way: its next batch waits for it, and meanwhile the others go on.
        """
        holes: Holes = {}
        applied = 0
        async with self._busy:
            for number, by_topic in _by_partition(fetched).items():
                await self._settled(number)
                if (step := self._step(number, by_topic, holes)) is not None:
                    self._under_way[number] = self._in_thread(step)
                    applied += step.records
        if holes:
            await self._seek_back(holes, seek)
        return applied

    async def _settled(self, *partitions: int) -> None:
        """Wait for the transactions under way of these partitions."""
        under_way = [self._under_way.pop(number) for number in partitions if number in self._under_way]
        # Shielded: a transaction that has begun ends, whoever cancels the fetcher.
        await asyncio.shield(asyncio.gather(*under_way))

    def _in_thread(self, step: Step) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._commit, step)
        future.add_done_callback(self._check)
        return future

    def _check(self, future: asyncio.Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._die(error)

    def _step(self, number: int, by_topic: Mapping[str, Sequence[Fetched]], holes: Holes) -> Step | None:
        """Admit, order and process one partition's records; holes found are noted in ``holes``."""
        owned = self._partitions.get(number)
        if owned is None:
            return None  # fetched before the partition was given away
        ranked: dict[int, Sequence[Fetched]] = {}
        positions: dict[str, int] = {}
        alerts: list[Record] = []
        for topic, records in by_topic.items():
            admitted = self._admit(topic, number, owned.positions[topic], records, alerts)
            if admitted.hole_at is not None:
                holes[topic, number] = (admitted.next_offset, admitted.hole_at)
            if admitted.last > admitted.first:
                ranked[self._ranks[topic]] = records[admitted.first : admitted.last]
                positions[topic] = admitted.next_offset
        if not ranked:
            return None
        work = self._processor.process(number, in_order(ranked), owned.store.get)
        work.records.extend(alerts)
        self._counts.batch(number, {self._inputs[rank]: records for rank, records in ranked.items()}, _now_s())
        return Step(owned, work, positions, sum(map(len, ranked.values())))

    def _admit(
        self, topic: str, partition: int, expected: int, records: Sequence[Fetched], alerts: list[Record]
    ) -> Admitted:
        hole = self._holes.get((topic, partition))
        real = hole is not None and hole.expected == expected and any(r.offset == hole.found for r in records)
        admitted = admit(expected, records, expected if real else None)
        if admitted.duplicates:
            self._metrics.duplicate_records.labels(topic).inc(admitted.duplicates)
        if hole is not None and real:
            del self._holes[topic, partition]
            self._metrics.offset_holes.labels(topic).inc()
            if hole.lost:
                at_ms = next(r.timestamp for r in records if r.offset == hole.found)
                alerts.append(self._processor.alert_record(_data_lost(topic, partition, hole, at_ms)))
        return admitted

    def _commit(self, step: Step) -> None:
        started = time.perf_counter()
        step.partition.commit(step.work, step.positions)
        self._timers.update(step.partition.number, step.work.deadlines)
        self.transaction_s = time.perf_counter() - started

    async def _seek_back(self, holes: Holes, seek: Seek) -> None:
        """Seek to the expected offsets once; if the same hole comes back it is real, and is accepted."""
        starts = await asyncio.get_running_loop().run_in_executor(None, self._log_starts, list(holes))
        for key, (expected, found) in holes.items():
            self._holes[key] = Hole(expected, found, starts[key])
            self._metrics.reseeks.labels(key[0]).inc()
            log.warning(
                "hole in the input, seeking back", topic=key[0], partition=key[1], expected=expected, found=found
            )
        await seek({key: expected for key, (expected, _) in holes.items()})

    def _log_starts(self, keys: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        reader = ChangelogReader(self._kafka, self._topology.app_id, self._topology.changelog_topic)
        try:
            return {(topic, partition): reader.earliest(topic, partition) for topic, partition in keys}
        finally:
            reader.close()

    # -- timers -------------------------------------------------------------------------------------------------

    def _send_ticks(self, partition: int, ticks: list[Timer]) -> None:
        records = [
            Record(
                self._timer_topic,
                tick.vehicle_id.encode(),
                self._codec.encode(tick),
                envelope_headers("Timer", "master-orchestrator/engine", tick.deadline_id, tick.due_ms, None),
            )
            for tick in ticks
        ]
        self._plain.send(records, partition)


def _now_s() -> float:
    return time.time()


def _by_partition(
    fetched: Mapping[TopicPartition, Sequence[Fetched]],
) -> dict[int, dict[str, Sequence[Fetched]]]:
    partitions: dict[int, dict[str, Sequence[Fetched]]] = {}
    for (topic, partition), records in fetched.items():
        partitions.setdefault(partition, {})[topic] = records
    return partitions


def _data_lost(topic: str, partition: int, hole: Hole, at_ms: int) -> Alert:
    return Alert(
        alert_id=f"{topic}/{partition}/{hole.expected}/DATA_LOST",
        kind=AlertKind.DATA_LOST,
        at_ms=at_ms,
        message=(
            f"retention removed {hole.lost} records of {topic}/{partition} from offset {hole.expected} on "
            "before the engine had read them; raise the topic's retention, and ask the senders to send again"
        ),
    )
