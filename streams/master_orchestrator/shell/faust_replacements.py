"""Everything that replaces a piece of Faust 0.15.3 (and aiokafka 0.14), each with its reason.

Subclasses, handed to Faust where it lets one choose the class; nothing is patched in place. What stays Faust's: the
app, group membership, the co-partitioned assignment, the fetcher, and where the RocksDB folders are.
``tests/shell/test_faust_replacements.py`` shows for each what it prevents.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.errors import KafkaError as AiokafkaError  # type: ignore[import-untyped]  # as above
from faust.stores.rocksdb import Store
from faust.tables.table import Table
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from master_orchestrator.shell.engine import Engine
from master_orchestrator.shell.store import PartitionStore, StoreOptions

FETCH_WAIT_MS = 50
POLL_S = 0.2
SMALL_BATCH = 500
GATHER_S = 0.04
"""After a small batch, gather for as long as a transaction takes, at most this long; its size hardly changes its cost.
An idle system, whose transactions are quick, answers quickly."""


class EngineConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka's consumer with two settings that Faust does not expose.

    Reason: ``fetch_max_wait_ms=1500`` is hard-coded, so an idle topic delays the others; and a worker without Faust's
    own transactions reads uncommitted, so it would apply records of a gateway's aborted transaction.
    """

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer


class EngineConsumer(driver.Consumer):
    """Batches go straight from the fetcher to the engine; positions are those stored with the state.

    Reasons: the per-record path (channel, stream, event, ack) costs some 300 µs a record; records fetched during a
    rebalance are dropped after the position has moved past them and then committed as a "gap" (``_add_gap``); an
    exception in an agent acks its event; commits run ahead of the changelog.
    """

    def _new_consumer_thread(self) -> EngineConsumerThread:
        return EngineConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def _engine(self) -> Engine:
        return cast("EngineApp", self.app).engine

    async def _drain_messages(self, fetcher: Any) -> None:
        """Fetch and apply until stopped. Backpressure is not fetching."""
        while not (self._stopped.is_set() or fetcher._stopped.is_set()):
            if not self.flow_active:
                await self.wait(self.can_resume_flow.wait())
                continue
            active = self._get_active_partitions()
            if not active:
                await self.sleep(POLL_S)
                continue
            fetched = await self._getmany(active_partitions=set(active), timeout=POLL_S)
            if fetched and self.flow_active:
                await self._apply(fetched)

    async def _apply(self, fetched: Mapping[Any, Any]) -> None:
        batch = {(tp.topic, tp.partition): records for tp, records in fetched.items()}
        try:
            applied = await self._engine.on_records(batch, self._seek_to)
        except Exception as error:  # on doubt the process dies and recovers
            cast("EngineApp", self.app).die(error)
            raise
        if applied < SMALL_BATCH:
            await asyncio.sleep(min(GATHER_S, self._engine.transaction_s))

    async def _seek_to(self, positions: Mapping[tuple[str, int], int]) -> None:
        assigned = self.assignment()
        wanted = {TP(*key): offset for key, offset in positions.items() if TP(*key) in assigned}
        if wanted:
            await self._thread.seek_wait(wanted)

    async def perform_seek(self) -> None:
        """After a rebalance: to the positions in the table, not to the group's committed offsets."""
        await self._seek_to(self._engine.positions())

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002, ARG002  Faust's signature
        """Copy the positions to the group. Only lag monitors read them, so a failure is not an error."""
        assigned = self.assignment()
        offsets = {TP(*key): offset for key, offset in self._engine.positions().items() if TP(*key) in assigned}
        self._engine.count_lag({(tp.topic, tp.partition): self.highwater(tp) or 0 for tp in offsets})
        try:
            return bool(offsets) and await self._commit(offsets)
        except AiokafkaError as error:
            self.log.info("Positions not copied to the group: %r", error)
            return False


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
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._store_options.open(path)
        except Exception as error:
            if "lock" in str(error).lower():  # another process has it open: Faust waits and tries again
                raise
            self.log.warning("table of partition %s is damaged and will be restored from Kafka: %s", partition, error)
            return self._open_empty(partition)

    def _open_empty(self, partition: int) -> Any:
        path = self.partition_path(partition)
        shutil.rmtree(path, ignore_errors=True)
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
            changelog = self.table.changelog_topic.get_topic_name()
            owned = sorted(tp.partition for tp in self.app.assignor.assigned_actives() if tp.topic == changelog)
            await engine.assign({n: PartitionStore(self._db_for_partition(n)) for n in owned}, self._wipe)
        except Exception as error:
            cast("EngineApp", self.app).die(error)
            raise

    def _wipe(self, partition: int) -> PartitionStore:
        """Start a partition's table anew: it belongs to another log than the changelog there is."""
        self.log.warning("table of partition %s is ahead of its changelog and is restored anew", partition)
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


class EngineApp(faust.App):
    """The Faust app with the replaced transport and the engine."""

    engine: Engine
    die: Callable[[BaseException], None]
    """Log, and end the process at once. Set, like ``engine``, by ``worker.py``."""

    def _new_transport(self) -> EngineTransport:
        return EngineTransport(self.conf.broker_consumer, self)
