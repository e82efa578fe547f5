"""Everything that replaces a piece of Faust 0.15.3 (and aiokafka 0.14), each with its reason.

Subclasses, handed to Faust where it lets one choose the class; two are replaced in place (:func:`read_leniently`).
What stays Faust's: the app, group membership, the co-partitioned assignment, the fetcher, and where the RocksDB folders
are.
``tests/shell/test_faust_replacements.py`` shows for each that keeps data safe what it prevents.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.consumer import fetcher as aiokafka_fetcher  # type: ignore[import-untyped]  # as above
from aiokafka.errors import KafkaError as AiokafkaError  # type: ignore[import-untyped]  # as above
from aiokafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # as above
from faust.stores.rocksdb import Store
from faust.tables.manager import TableManager
from faust.tables.table import Table
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service
from setproctitle import setproctitle

from master_orchestrator.shell.engine import JobEngine
from master_orchestrator.shell.errors import StalledError, TableDamagedError, TableError, TableLockedError
from master_orchestrator.shell.health import STALLED_S, EngineHealth
from master_orchestrator.shell.input_progress import LogPlace
from master_orchestrator.shell.lenient_records import LenientRecords
from master_orchestrator.shell.store import PartitionStore, StoreOptions, wipe
from master_orchestrator_schemas.places import Partition

COMMIT_S = 5.0
WATCH_S = 5.0
PULSE_S = 1.0
POLL_S = 0.2
SMALL_BATCH = 500


class ParsedRecords(aiokafka_fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """The records of a partition in a fetch response, as they were parsed.

    Reason: a ``ConsumerRecord`` for each costs as much as its parsing, and the engine knows where it has them from.
    """

    def _consumer_record(self, _tp: Any, record: Any) -> Any:
        return record


def read_leniently() -> None:
    """Let aiokafka's fetcher read batches by :class:`LenientRecords`, and leave the records as :class:`ParsedRecords`.

    Reason: its own reader raises at a header name that is not UTF-8, and at other things that senders write and brokers
    take; the engine would die at the same record after each restart. The fetcher has no other place for a class of ours
    than its module, and no other consumer of aiokafka runs in this process.
    """
    aiokafka_fetcher.MemoryRecords = LenientRecords
    aiokafka_fetcher.PartitionRecords = ParsedRecords


class EngineConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka's consumer with two settings that Faust does not expose.

    Reason: ``fetch_max_wait_ms=1500`` is hard-coded, so an idle topic delays the others (the job says how long); and a
    worker without Faust's own transactions reads uncommitted, so it would apply records of a gateway's aborted
    transaction.
    """

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        read_leniently()
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = cast("EngineApp", transport.app).engine.job.cadence.fetch_wait_ms
        consumer._isolation_level = "read_committed"
        return consumer

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing.

        Reason: Faust looks for progress in its streams, through which no record of ours goes: from five minutes after
        its start it reported each lag as a stall, at error. ``health.py`` tells how far the engine has come.
        """

    async def keep_alive(self) -> None:
        """Send heartbeats from now on.

        Reason: aiokafka sends none until the assignment callback is through, so a restore that takes longer than the
        session time-out gets this worker expelled, and the next one too.
        """
        self._ensure_consumer()._coordinator._start_heartbeat_task()

    async def check_health(self) -> None:
        """Raise what aiokafka keeps to itself.

        Reason: it shows the coordinator's errors only to callers of ``getmany``, and Faust calls the fetcher below
        that; a fetch task that has died is seen by nobody.
        """
        consumer = self._ensure_consumer()
        if consumer._coordinator is not None:
            consumer._coordinator.check_errors()
        if consumer._fetcher is not None and consumer._fetcher._fetch_task.done():
            raise StalledError("aiokafka's fetch task has ended")

    def silent_s(self, partitions: Iterable[TP]) -> float:
        """Since when the leader of one of these has not answered; those whose records wait here are not asked.

        Infinite where one has never answered. Reads, from another thread, what this thread's loop replaces as a whole.
        """
        consumer = self._ensure_consumer()
        subscription, fetcher = consumer._subscription.subscription, consumer._fetcher
        if subscription is None or subscription.assignment is None or fetcher is None:
            return 0.0
        states = [subscription.assignment.state_value(tp) for tp in partitions if tp not in fetcher._records]
        answered = [state.timestamp for state in states if state is not None and not state.paused]
        if not answered:
            return 0.0
        return math.inf if None in answered else max(0.0, time.time() - min(answered) / 1000)

    def log_places(self) -> dict[Partition, LogPlace]:
        """Where the assigned logs end and what would be fetched next, as far as the brokers have told.

        Reads, from another thread, what this thread's loop replaces as a whole.
        """
        subscription = self._ensure_consumer()._subscription.subscription
        if subscription is None or subscription.assignment is None:
            return {}
        assignment, places = subscription.assignment, dict[Partition, LogPlace]()
        for tp in assignment.tps:
            state = assignment.state_value(tp)
            if state is not None and state.highwater is not None and state.has_valid_position:
                places[Partition(*tp)] = LogPlace(state.highwater, state.position)
        return places

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Copy positions to the group.

        Reason: Faust ends the worker where this fails, and waits for it without end where the broker is gone; only lag
        monitors read these offsets.
        """
        positions = {driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(positions), COMMIT_S)
        except (AiokafkaError, TimeoutError) as error:
            self.log.info("Positions not copied to the group: %r", error)
            return False
        return True


class EngineConsumer(driver.Consumer):
    """Batches go straight from the fetcher to the engine; positions are those stored with the state.

    Reasons: the per-record path (channel, stream, event, ack) costs some 300 µs a record; records fetched during a
    rebalance are dropped after the position has moved past them and then committed as a "gap" (``_add_gap``); an
    exception in an agent acks its event; commits run ahead of the changelog.
    """

    def _new_consumer_thread(self) -> EngineConsumerThread:
        return EngineConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def _engine(self) -> JobEngine:
        return cast("EngineApp", self.app).engine

    async def _drain_messages(self, fetcher: Any) -> None:
        """Fetch and apply until stopped. Backpressure is not fetching."""
        app = cast("EngineApp", self.app)
        while not (self._stopped.is_set() or fetcher._stopped.is_set()):
            if not self.flow_active:
                await self.wait(self.can_resume_flow.wait())
                continue
            active = self._get_active_partitions()
            app.health.fetched(cast("EngineConsumerThread", self._thread).silent_s(active))
            if not active:
                await self.sleep(POLL_S)
                continue
            fetched = await self._getmany(active_partitions=set(active), timeout=POLL_S)
            if fetched and self.flow_active:
                await self._apply(fetched)

    async def _apply(self, fetched: Mapping[Any, Any]) -> None:
        batch = {Partition(*tp): records for tp, records in fetched.items()}
        try:
            applied = await self._engine.on_records(batch, self._seek_to)
        except Exception as error:  # on doubt the process dies and recovers
            cast("EngineApp", self.app).die(error)
            raise
        if applied < SMALL_BATCH:
            await asyncio.sleep(self._engine.job.cadence.gathering_s(self._engine.transaction_s))

    def _assigned(self, offsets: Mapping[Partition, int]) -> dict[TP, int]:
        """Those of the partitions that are assigned now."""
        named = {TP(*partition): offset for partition, offset in offsets.items()}
        return {tp: named[tp] for tp in self.assignment() & named.keys()}

    async def _seek_to(self, positions: Mapping[Partition, int]) -> None:
        sought = self._assigned(positions)
        if sought:
            await self._thread.seek_wait(sought)

    async def perform_seek(self) -> None:
        """After a rebalance: to the positions in the table, not to the group's committed offsets."""
        await self._seek_to(self._engine.positions())

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002, ARG002  Faust's signature
        """Copy the positions to the group, for lag monitors."""
        offsets = self._assigned(self._engine.positions())
        self._engine.behind(self.log_places())  # notes which are caught up, though nobody asks
        return bool(offsets) and await self._commit(offsets)

    def log_places(self) -> dict[Partition, LogPlace]:
        """Where the assigned logs end and what would be fetched next; from any thread."""
        return cast("EngineConsumerThread", self._thread).log_places()

    async def keep_alive(self) -> None:
        """Send heartbeats from now on, though the assignment is not through."""
        await self._thread.call_thread(cast("EngineConsumerThread", self._thread).keep_alive)

    @Service.task
    async def _pulse(self) -> None:
        async for _ in self.itertimer(PULSE_S, name="pulse"):
            cast("EngineApp", self.app).health.turned()

    @Service.task
    async def _watch(self) -> None:
        """End the process when Faust or aiokafka has stopped without saying so.

        Reason: Faust's recovery gives up for good when a broker does not answer in ``broker_request_timeout``, and the
        worker then keeps its partitions and never reads again; see also ``check_health``.
        """
        app, still_since = cast("EngineApp", self.app), None
        async for _ in self.itertimer(WATCH_S, name="watch"):
            try:
                await self._thread.call_thread(cast("EngineConsumerThread", self._thread).check_health)
            except Exception as error:
                app.die(error)
                raise
            still = not self.flow_active or app.rebalancing
            still_since = (still_since or self.loop.time()) if still else None
            if still_since is not None and self.loop.time() - still_since > STALLED_S:
                app.die(StalledError(f"no assignment could be completed for {STALLED_S:.0f} s"))


class EngineTransport(driver.Transport):
    """The Kafka transport with :class:`EngineConsumer`."""

    Consumer = EngineConsumer


class EngineStore(Store):
    """RocksDB partitions that are restored by the engine.

    Reasons: Faust's recovery accepts a changelog record only above the highest offset seen, so a fetch in flight from a
    newer position loses all older ones; it reads 12,000 to 16,000 records a second; it trusts the table of a partition
    that was kept over a rebalance. When it looks, after us, it finds nothing left to do. Its options take a 2 GiB block
    cache per partition.
    """

    _store_options: StoreOptions | None = None

    def _open_for_partition(self, partition: int) -> Any:
        if self._store_options is None:
            self._store_options = StoreOptions()
        path = self.partition_path(partition)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return self._store_options.open(path)
        except TableDamagedError as error:
            self.log.warning("table of partition %s is damaged and will be restored from Kafka: %s", partition, error)
            return self._open_empty(partition)
        except TableLockedError:  # another process has it open: Faust waits and tries again
            raise
        except (OSError, TableError) as error:  # Faust would take it for a lock
            cast("EngineApp", self.app).die(error)
            raise

    def _open_empty(self, partition: int) -> Any:
        path = self.partition_path(partition)
        wipe(path)
        options = self._store_options or StoreOptions()
        return options.open(path)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Open the tables of the owned partitions and let the engine take over, before Faust resumes fetching."""
        engine = cast("EngineApp", self.app).engine
        try:
            await engine.release()
            await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
            await cast("EngineConsumer", self.app.consumer).keep_alive()
            changelog = self.table.changelog_topic.get_topic_name()
            owned = sorted(tp.partition for tp in self.app.assignor.assigned_actives() if tp.topic == changelog)
            await engine.assign({n: PartitionStore(self._db_for_partition(n)) for n in owned}, self._wipe)
        except Exception as error:
            cast("EngineApp", self.app).die(error)
            raise

    def _wipe(self, partition: int) -> PartitionStore:
        """Wipe a partition's table: it belongs to another log than the current changelog."""
        self.log.warning(
            "table of partition %s is a copy of another changelog and is restored from the current one", partition
        )
        self._dbs.pop(partition).close()
        self._dbs[partition] = self._open_empty(partition)
        return PartitionStore(self._dbs[partition])


class EngineTable(Table[bytes, bytes]):
    """A table whose store is :class:`EngineStore`."""

    def _new_store_by_url(self, url: Any) -> EngineStore:
        return EngineStore(
            url, self.app, self, table_name=self.name, key_type=self.key_type, value_type=self.value_type,
            key_serializer=self.key_serializer, value_serializer=self.value_serializer, loop=self.loop,
            options=self.options,
        )  # fmt: skip


class EngineTables(TableManager):
    """The manager of tables, without its pause.

    Reason: it sleeps for a second at each start, for tables that might still be registered; ours is, before the app
    starts. A take-over waits for it.
    """

    async def on_start(self) -> None:
        """Announce the tables, and start Faust's recovery, which will find nothing to do."""
        await self._update_channels()
        await self.recovery.start()


class EngineWorker(faust.Worker):
    """The worker without what it shows a person.

    Reason: it writes cursor codes to stdout even where that is a file, and names the process ``[Faust:Worker]`` with
    the port of a web server that is off.
    """

    def __init__(self, app: "EngineApp", worker: str, **options: Any) -> None:
        super().__init__(app, quiet=True, override_logging=False, redirect_stdouts=False, **options)
        self.spinner = None
        self._name = f"{app.conf.id} engine {worker}"

    def _setproctitle(self, info: str, *, ident: str = "master-orchestrator") -> None:
        setproctitle(f"{ident}: {self._name} {info}")


class EngineApp(faust.App):
    """The Faust app with the replaced transport and the engine."""

    engine: JobEngine
    health: EngineHealth
    die: Callable[[BaseException], None]
    """Log, and end the process at once. Set, like ``engine`` and ``health``, by ``worker.py``."""

    def _new_transport(self) -> EngineTransport:
        return EngineTransport(self.conf.broker_consumer, self)
