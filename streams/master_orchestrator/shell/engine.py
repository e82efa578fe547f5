"""The engine of one worker: the partitions it owns, batches in, transactions out.

Called by ``faust_replacements.py``: :meth:`JobEngine.assign` after each rebalance, :meth:`JobEngine.release` before
one, :meth:`JobEngine.on_records` for each fetched batch. On doubt the process dies and recovers: every error that is
not known to be harmless reaches ``die``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, NamedTuple

import structlog

from master_orchestrator.shell.clients import PlainProducers
from master_orchestrator.shell.contiguity import Contiguity, data_lost
from master_orchestrator.shell.counting import InputCounts
from master_orchestrator.shell.errors import FencedError, ShellError
from master_orchestrator.shell.health import EnginePhase
from master_orchestrator.shell.input_progress import Behind, InputProgress, LogPlace
from master_orchestrator.shell.job import Job
from master_orchestrator.shell.ordering import in_order
from master_orchestrator.shell.partition import OwnedPartition
from master_orchestrator.shell.processor import Processor, Work
from master_orchestrator.shell.records import Fetched, Record
from master_orchestrator.shell.restore import LogReader
from master_orchestrator.shell.store import PartitionStore
from master_orchestrator.shell.takeover import TakeOver, Wipe
from master_orchestrator.shell.timers import TimerThread
from master_orchestrator.shell.topic_watch import TopicWatch
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Alert, Timer
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AlertKind

log = structlog.get_logger(__name__)

Seek = Callable[[Mapping[Partition, int]], Awaitable[None]]
STOP_S = 20.0
"""How long a stop waits for transactions and ticks under way."""


class Step(NamedTuple):
    """One partition's share of a batch, ready to be committed: its work, the positions after it, its record count.

    ``newest``: by topic, the timestamp of the last record.
    """

    partition: OwnedPartition
    work: Work[Any, Any]
    positions: dict[str, int]
    newest: dict[str, int]
    records: int


class JobEngine:
    """All partitions this worker owns. Lives on one event loop; transactions run in threads, side by side."""

    def __init__(
        self, *, topology: Topology, kafka: KafkaSettings, job: Job[Any, Any, Any], processor: Processor[Any, Any],
        counts: InputCounts, die: Callable[[BaseException], None],
    ) -> None:  # fmt: skip
        self._kafka, self.job, self._processor = kafka, job, processor
        metrics = counts.metrics
        self._metrics, self._counts, self._die = metrics, counts, die
        self._ranks = {topic: rank for rank, topic in enumerate(job.names.inputs)}
        self._plain = PlainProducers(kafka, topology)
        self._take_over = TakeOver(topology=topology, kafka=kafka, job=job, commands=self._plain, metrics=metrics)
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="partition")
        self._timers = TimerThread(self._send_ticks, metrics.timer_delay_seconds.observe, die)
        self._contiguity = Contiguity(metrics)
        self._partitions: dict[int, OwnedPartition] = {}
        self._notices: dict[int, list[Record]] = {}
        self._under_way: dict[int, Future[None]] = {}
        self._begun: dict[int, float] = {}
        self.phase = EnginePhase(None, time.monotonic())
        """Whether it has its partitions, and since when."""
        self._busy = asyncio.Lock()
        self.transaction_s = 0.0
        """How long the newest transaction took."""
        self._topics = TopicWatch(kafka, topology, self._topics_changed)
        self.inputs = InputProgress()
        self.committed_s: dict[int, float] = {}
        """When each owned partition's newest transaction was committed, in seconds since 1970."""
        self._timers.start()
        self._topics.start()

    # -- membership ---------------------------------------------------------------------------------------------

    async def release(self) -> None:
        """Before a rebalance: finish the transactions under way and apply nothing more until :meth:`assign`."""
        async with self._busy:
            await self._settled(*self._partitions)
            self._partitions = {}
            self._contiguity.forget()
            self._timers.reset({})
            self.job.overview.reset({})
            self.inputs.reset({}, time.time())
            self.committed_s.clear()
            self._metrics.owned_partitions.set(0)
            self._metrics.restore_done_ratio.clear()
            if self.phase.partitions is not None:
                self.phase = EnginePhase(None, time.monotonic())

    async def assign(self, stores: dict[int, PartitionStore], wipe: Wipe) -> None:
        """Own just these partitions; see ``takeover.py``."""
        async with self._busy:
            loop = asyncio.get_running_loop()
            taken = await loop.run_in_executor(None, self._take_over.run, stores, wipe)
            self._partitions = taken.partitions
            self._notices = {number: [] for number in taken.partitions}
            for lost in taken.lost:
                where, now_ms = Partition(lost.topic, lost.partition), time.time_ns() // 1_000_000
                gone = data_lost(where, lost.end, "any records", now_ms)
                self._notices[lost.partition].append(self._processor.alert_record(gone))
            self._timers.reset(taken.deadlines)
            self.job.overview.reset(taken.kept)
            self.inputs.reset(self.positions(), time.time())
            self._metrics.owned_partitions.set(len(self._partitions))
            self._metrics.rebalances.inc()
            self.phase = EnginePhase(len(self._partitions), time.monotonic())
            log.info("partitions_owned", partitions=sorted(self._partitions))

    def positions(self) -> dict[Partition, int]:
        """The next offset to apply of every owned input topic-partition; empty during a rebalance."""
        return {
            Partition(topic, number): offset
            for number, owned in self._partitions.items()
            for topic, offset in owned.positions.items()
        }

    def behind(self, log: Mapping[Partition, LogPlace]) -> dict[Partition, Behind]:
        """How far the positions are behind the ends of their logs."""
        return self.inputs.behind(time.time(), self.positions(), log)

    def table_sizes(self) -> dict[int, int]:
        """Roughly how many bytes each owned partition's table has."""
        sizes = {number: owned.store.size_bytes() for number, owned in self._partitions.items()}
        return {number: size for number, size in sizes.items() if size is not None}

    @property
    def timers_pending(self) -> int:
        """Deadlines that are waited for."""
        return self._timers.pending

    def oldest_transaction(self) -> float | None:
        """When the oldest transaction under way began, in monotonic seconds; None if there is none."""
        return min(list(self._begun.values()), default=None)

    @property
    def topic_problems(self) -> tuple[str, ...]:
        """What is wrong with the topics, as far as the brokers have said."""
        return self._topics.problems

    @property
    def timers_alive(self) -> bool:
        """Whether the timers' thread runs."""
        return self._timers.alive

    @property
    def sending_ticks_since(self) -> float | None:
        """Since when due ticks are being sent, in monotonic seconds; None while none are."""
        return self._timers.sending_since

    def stop(self) -> bool:
        """End timers and transactions; False if something is still under way after ``STOP_S`` (a broker is gone)."""
        self._topics.stop()
        stopped = self._timers.stop(STOP_S)
        self._threads.shutdown(wait=False)
        return stopped and not wait(self._under_way.values(), STOP_S).not_done

    # -- batches ------------------------------------------------------------------------------------------------

    async def on_records(self, fetched: Mapping[Partition, Sequence[Fetched]], seek: Seek) -> int:
        """Process one fetched batch and hand it to its partitions' threads; the number of records applied.

        A partition has one transaction under way: its next batch waits for it, and meanwhile the others go on.
        """
        applied = 0
        for partition, records in fetched.items():
            if records:
                self.inputs.handed(partition, records[-1].offset + 1)
        async with self._busy:
            partitions = _by_partition(fetched)
            for number in sorted(partitions, key=self._is_under_way):  # those that need not wait go first
                await self._settled(number)
                if (step := self._step(number, partitions[number])) is not None:
                    self._under_way[number] = self._in_thread(step)
                    applied += step.records
            holes = self._contiguity.met()
        if holes:
            loop = asyncio.get_running_loop()
            self._contiguity.sought(await loop.run_in_executor(None, self._log_starts, list(holes)))
            await seek(holes)
        return applied

    def _step(self, number: int, by_topic: Mapping[str, Sequence[Fetched]]) -> Step | None:
        """Admit, order and process one partition's records."""
        owned = self._partitions.get(number)
        if owned is None:
            return None  # fetched before the partition was given away
        ranked: dict[int, Sequence[Fetched]] = {}
        positions: dict[str, int] = {}
        notices, record_of = self._notices.get(number, []), self._processor.alert_record
        for topic, records in by_topic.items():
            if topic not in self._ranks:
                raise FencedError(f"the changelog of partition {number} has grown: another worker owns it")
            partition, expected = Partition(topic, number), owned.positions[topic]
            admitted = self._contiguity.admit(partition, expected, records, lambda a: notices.append(record_of(a)))
            if admitted.first < len(records):
                ranked[self._ranks[topic]] = records[admitted.first :]
                positions[topic] = admitted.next_offset
        if not ranked:
            return None
        self._notices[number] = []
        work = self._processor.process(number, in_order(ranked), owned.store.get)
        work.records.extend(notices)
        work.commands.extend(self.job.summaries(number, ranked, work.faults))
        self._counts.batch({topic: by_topic[topic] for topic in positions})
        newest = {topic: by_topic[topic][-1].timestamp for topic in positions}
        return Step(owned, work, positions, newest, sum(map(len, ranked.values())))

    def _is_under_way(self, number: int) -> bool:
        future = self._under_way.get(number)
        return future is not None and not future.done()

    async def _settled(self, *partitions: int) -> None:
        """Wait for the transactions under way of these partitions."""
        for number in partitions:
            if (future := self._under_way.get(number)) is not None:
                # Shielded: a transaction that has begun ends, even if the fetcher is cancelled.
                await asyncio.shield(asyncio.wrap_future(future))
                del self._under_way[number]

    def _in_thread(self, step: Step) -> Future[None]:
        self._begun[step.partition.number] = time.monotonic()
        future = self._threads.submit(self._commit, step)
        future.add_done_callback(partial(self._check, step.partition.number))
        return future

    def _check(self, number: int, future: Future[None]) -> None:
        del self._begun[number]
        if (error := future.exception()) is not None:
            self._die(error)

    def _commit(self, step: Step) -> None:
        started = time.perf_counter()
        step.partition.commit(step.work, step.positions)
        number = step.partition.number
        self._timers.update(number, step.work.deadlines)
        self.job.committed(step.work.outcomes)
        self.job.overview.update(number, step.work.states)
        for topic, timestamp in step.newest.items():
            self.inputs.applied(Partition(topic, number), timestamp)
        self.committed_s[number] = time.time()
        self.transaction_s = time.perf_counter() - started
        self._counts.transaction(self.transaction_s)

    def _log_starts(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        reader = LogReader(self._kafka, self.job.names.app_id)
        try:
            return {partition: reader.bounds(*partition)[0] for partition in partitions}
        finally:
            reader.close()

    def _topics_changed(self, problems: tuple[str, ...]) -> None:
        """In the watch's thread: tell the person on call. Every worker does; the alerts have the same id."""
        self._metrics.changed_topics.set(len(problems))
        now_ms = time.time_ns() // 1_000_000
        alerts = [
            Alert(alert_id=f"{text}/TOPIC_CHANGED"[:200], kind=AlertKind.TOPIC_CHANGED, at_ms=now_ms, message=text)
            for text in problems
        ]
        try:
            self._plain.send([self._processor.alert_record(alert) for alert in alerts], 0)
        except ShellError as error:
            log.warning("alert_not_sent", error=str(error))

    # -- timers -------------------------------------------------------------------------------------------------

    def _send_ticks(self, partition: int, ticks: list[Timer]) -> None:
        ready = ready_ticks(ticks, partition, self.job, self.inputs)
        if ready:
            self._plain.send([self.job.tick(tick) for tick in ready], partition)


def ready_ticks(ticks: Sequence[Timer], number: int, job: Job[Any, Any, Any], inputs: InputProgress) -> list[Timer]:
    """Those that need not wait for what is not yet applied; the others come again (``timer_heap.py``)."""

    def ready(tick: Timer) -> bool:
        topic = job.waits_for(tick)
        return topic is None or inputs.applied_until_s(Partition(topic, number)) * 1000 >= tick.due_ms

    return [tick for tick in ticks if ready(tick)]


def _by_partition(
    fetched: Mapping[Partition, Sequence[Fetched]],
) -> dict[int, dict[str, Sequence[Fetched]]]:
    partitions: dict[int, dict[str, Sequence[Fetched]]] = {}
    for (topic, partition), records in fetched.items():
        if records:
            partitions.setdefault(partition, {})[topic] = records
    return partitions
