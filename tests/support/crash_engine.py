"""One life of an engine worker that may end at a crash point. Runs in a process of its own, see ``crash_process.py``.

The program knows nothing of it: what each point lies between is wrapped here, in this process only. Every record goes
through :class:`DyingProducer`, which takes the place of confluent's.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from confluent_kafka import Message, Producer
from faust.tables.manager import TableManager

from master_orchestrator.shell import clients, layout, restore
from master_orchestrator.shell.clients import PartitionProducer
from master_orchestrator.shell.engine import JobEngine
from master_orchestrator.shell.layout import unpack_outbox
from master_orchestrator.shell.partition import OwnedPartition
from master_orchestrator.shell.records import Record
from master_orchestrator.shell.store import PartitionStore
from master_orchestrator.shell.takeover import TakeOver, Wipe
from master_orchestrator.shell.worker import run_engine
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Timer
from master_orchestrator_schemas.topology import Topology
from support.crash_hooks import CrashPlan, Killer
from support.crash_points import BatchPlace, CrashPoint

PartitionStores = dict[int, PartitionStore]

SMALL_CHUNK = 400
"""Bytes per outbox record, so that some commands fill several."""
SMALL_BATCH = 25
"""Changelog records per batch of a restore, so that it takes several."""
FLUSH_S = 10.0
BATCHES = {BatchPlace.FIRST: 1, BatchPlace.MIDDLE: 3}
"""A restore dies after this number of batches."""


def engine_life(kafka: KafkaSettings, topology: Topology, folder: Path, worker: str, plan: CrashPlan | None) -> None:
    """Run the worker ``worker`` on ``folder`` until it dies as planned, or is ended."""
    log = os.open(folder / f"{worker}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    logging.basicConfig(level=logging.INFO)
    layout.OUTBOX_CHUNK = SMALL_CHUNK
    restore.BATCH = SMALL_BATCH
    TableManager.sleep = _at_once  # type: ignore[assignment, method-assign]  # it waits a second at each start, for nothing
    if plan is not None:
        _install(Killer(plan, topology))
    sys.exit(run_engine(kafka=kafka, topology=topology, data_dir=folder / worker, worker=worker, metrics_port=None))


async def _at_once(_self: TableManager, _seconds: float, **_: Any) -> None:
    pass


class DyingProducer(Producer):
    """A producer that looks at each step whether the process is to die there."""

    killer: ClassVar[Killer]

    def begin_transaction(self) -> None:
        self.killer.at(CrashPoint.BEFORE_BEGIN)
        super().begin_transaction()

    def produce(self, topic: str, *given: Any, **named: Any) -> None:
        """Where the point is after a record, it and all before it are delivered first."""
        killer = self.killer
        fatal, after = killer.is_fatal(), killer.case.point.value.after
        if fatal and not after:
            killer.die(killer.writing.evidence)
        super().produce(topic, *given, **named)
        killer.handed(topic)
        if fatal:
            self.flush(FLUSH_S)
            killer.die(killer.writing.evidence)

    def commit_transaction(self, *given: Any) -> None:
        killer = self.killer
        if killer.is_at(CrashPoint.BEFORE_COMMIT):
            self.flush(FLUSH_S)
            killer.at(CrashPoint.BEFORE_COMMIT)
        if killer.is_at(CrashPoint.WITHIN_COMMIT):
            self.flush(FLUSH_S)
            threading.Thread(target=super().commit_transaction, daemon=True).start()
            time.sleep(0.001)  # the request is on its way; whether it was acted on is left open
            killer.at(CrashPoint.WITHIN_COMMIT)
        super().commit_transaction(*given)
        killer.at(CrashPoint.AFTER_COMMIT)


def _install(killer: Killer) -> None:
    DyingProducer.killer = killer
    vars(clients)["Producer"] = DyingProducer  # this process is the test's own, here and below
    _watch_step(killer)
    _watch_ticks(killer)
    _watch_take_over(killer)
    _watch_restore(killer)
    _watch_membership(killer)


def _watch_step(killer: Killer) -> None:
    commit, write = PartitionProducer.commit, PartitionStore.write

    def watched_commit(self: PartitionProducer, records: Iterable[Record], last: Record) -> int:
        batch = list(records)
        killer.step(self.partition, [*batch, last])
        return commit(self, batch, last)

    def watched_write(self: PartitionStore, entries: Mapping[bytes, bytes | None], changelog_offset: int) -> None:
        write(self, entries, changelog_offset)
        killer.at(CrashPoint.AFTER_LOCAL_WRITE)

    PartitionProducer.commit = watched_commit  # type: ignore[method-assign]
    PartitionStore.write = watched_write  # type: ignore[method-assign]


def _watch_ticks(killer: Killer) -> None:
    send = JobEngine._send_ticks

    def watched_send(self: JobEngine, partition: int, ticks: list[Timer]) -> None:
        killer.ticks(partition, ticks)
        send(self, partition, ticks)

    JobEngine._send_ticks = watched_send  # type: ignore[method-assign]


def _watch_take_over(killer: Killer) -> None:
    fence, recover = TakeOver._fence, OwnedPartition.recover

    def watched_fence(self: TakeOver, partitions: Sequence[int]) -> dict[int, PartitionProducer]:
        killer.whatever(CrashPoint.BEFORE_FENCE)
        made = fence(self, partitions)
        killer.whatever(CrashPoint.AFTER_FENCE)
        return made

    def watched_recover(self: OwnedPartition) -> dict[str, int]:
        killer.resent(self.number, unpack_outbox(self.store.get))
        killer.at(CrashPoint.BEFORE_RESEND)
        return recover(self)

    TakeOver._fence = watched_fence  # type: ignore[method-assign]
    OwnedPartition.recover = watched_recover  # type: ignore[method-assign]


def _watch_restore(killer: Killer) -> None:
    apply, restore_all = restore._apply, TakeOver._restore
    batches = iter(range(1, sys.maxsize))

    def watched_apply(store: PartitionStore, messages: list[Message]) -> None:
        apply(store, messages)
        if next(batches) == BATCHES.get(killer.case.place or BatchPlace.LAST):
            last = messages[-1]
            killer.whatever(CrashPoint.IN_RESTORE, last.partition() or 0, last.offset())

    def watched_restore(self: TakeOver, reader: restore.LogReader, stores: PartitionStores, wipe: Wipe) -> int:
        records = restore_all(self, reader, stores, wipe)
        killer.whatever(CrashPoint.AFTER_RESTORE)
        return records

    restore._apply = watched_apply
    TakeOver._restore = watched_restore  # type: ignore[method-assign]


def _watch_membership(killer: Killer) -> None:
    release, assign = JobEngine.release, JobEngine.assign

    async def watched_release(self: JobEngine) -> None:
        owner = bool(self.positions())
        if owner:
            killer.whatever(CrashPoint.BEFORE_RELEASE)
        await release(self)
        if owner:
            killer.whatever(CrashPoint.AFTER_RELEASE)

    async def watched_assign(self: JobEngine, stores: PartitionStores, wipe: Wipe) -> None:
        await assign(self, stores, wipe)
        killer.whatever(CrashPoint.AFTER_ASSIGN)

    JobEngine.release = watched_release  # type: ignore[method-assign]
    JobEngine.assign = watched_assign  # type: ignore[method-assign]
