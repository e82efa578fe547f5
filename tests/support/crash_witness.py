"""What a killed engine has left in Kafka and on disk, seen from outside, before anyone recovers."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import rocksdict

from master_orchestrator.core.table import POSITION_KEY, unpack_vehicle
from master_orchestrator.errors import BrokerUnreachableError
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator.shell.store import PartitionStore
from master_orchestrator_schemas.messages import Command, Timer
from master_orchestrator_schemas.places import Partition
from support.crash_hooks import CrashEvidence, tick_id
from support.crash_points import Crash, Left
from support.engine_system import EngineSystem
from support.topics import CODEC, PATIENCE_S

LOOK_EVERY_S = 0.1
MARKER_S = 5.0
"""A commit is answered before its markers are written: maximum time until readers see it."""


class Witness:
    """Reads audit trail, changelog and commands as far as they are committed; looks into the tables of the dead."""

    def __init__(self, system: EngineSystem) -> None:
        topology, every = system.topology, range(system.topology.partitions)
        self._changelog_topic, self._audit_topic = topology.changelog_topic, topology.topic_of("AuditRecord")
        self._audit = TopicReader(system.kafka, [self._audit_topic], every)
        self._changelog = TopicReader(system.kafka, [self._changelog_topic], every)
        self._commands = TopicReader(system.kafka, topology.command_topics, every)
        self._ticks = TopicReader(system.kafka, [topology.topic_of("Timer")], every)
        self._readers = (self._audit, self._changelog, self._commands, self._ticks)
        self._steps: dict[int, int] = {}
        """Partition -> changelog offset of the newest position record."""
        self.audit: Counter[str] = Counter()
        """Keys of the audit records seen."""
        self.commands: dict[str, list[bytes]] = {}
        """Command id -> the values it was seen with."""
        self.ticks: set[str] = set()
        """Ids of the ticks seen."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers:
            reader.close()

    def look(self) -> None:
        """Read what there is now."""
        self.audit.update((message.key() or b"").decode() for message in self._audit.catch_up())
        for message in self._changelog.catch_up():
            if message.key() == POSITION_KEY:
                self._steps[message.partition() or 0] = message.offset() or 0
        for message in self._commands.catch_up():
            value = message.value() or b""
            self.commands.setdefault(CODEC.decode(value, Command).command_id, []).append(value)
        self.ticks |= {tick_id(CODEC.decode(message.value() or b"", Timer)) for message in self._ticks.catch_up()}

    def until(self, seen: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Look until ``seen``; an assertion error after ``patience_s``."""
        deadline = time.monotonic() + patience_s
        self.look()
        while not seen():
            assert time.monotonic() < deadline, "looked in vain"
            self.look()
            time.sleep(LOOK_EVERY_S)  # the readers wait only where they know of something to come

    def until_made_good(self, evidence: CrashEvidence) -> None:
        """Wait until the step that died is done after all: its audit records, once, and its commands."""
        self.until(lambda: self._sees(evidence) and self.commands.keys() >= set(evidence.commands))
        assert {1} >= {self.audit[key] for key in evidence.audit}

    def changelog_ends(self) -> dict[int, int]:
        """Partition -> end of the changelog, uncommitted records included."""
        return {partition: end for (_, partition), end in self._changelog.end_offsets(under_way=True).items()}

    def assert_left(self, case: Crash, evidence: CrashEvidence, tables: Path) -> None:
        """Kafka and the table are as ``case`` says. To be called before anyone recovers."""
        left = case.point.value.left
        if left in {Left.COMMITTED, Left.WRITTEN}:  # a commit is answered before its markers are everywhere
            self.until(lambda: self._sees(evidence) and not self.is_open(evidence.partition), MARKER_S)
        self.look()
        seen = {key for key in evidence.audit if key in self.audit}
        assert seen in _SEEN[left](set(evidence.audit))
        if left is not Left.EITHER:
            newest, table = self._steps.get(evidence.partition, -1), table_offset(tables, evidence.partition)
            assert (left is Left.COMMITTED) == (table < newest)
        if left is Left.OPEN:
            assert self.is_open(evidence.partition)
        self._assert_sent(case, evidence)

    def _assert_sent(self, case: Crash, evidence: CrashEvidence) -> None:
        delivered = [command_id for command_id in evidence.commands if command_id in self.commands]
        if case.point.value.after:
            assert evidence.commands[: evidence.sent] == delivered
        else:
            assert len(delivered) <= evidence.sent

    def _sees(self, evidence: CrashEvidence) -> bool:
        return self.audit.keys() >= set(evidence.audit)

    def is_open(self, *partitions: int) -> bool:
        """Whether audit trail or changelog have records of a transaction that is not over."""
        both = [
            Partition(topic, number) for topic in (self._audit_topic, self._changelog_topic) for number in partitions
        ]
        return self._audit.end_offsets(both) != self._audit.end_offsets(both, under_way=True)


_SEEN: dict[Left, Callable[[set[str]], list[set[str]]]] = {
    Left.UNSEEN: lambda _every: [set()],
    Left.OPEN: lambda _every: [set()],
    Left.EITHER: lambda every: [set(), every],
    Left.COMMITTED: lambda every: [every],
    Left.WRITTEN: lambda every: [every],
}
"""What a reader of committed records may see of a step's audit records."""


def await_leaders(system: EngineSystem) -> None:
    """Wait until the broker leads all partitions of topics just made: before that, no worker can take them over."""
    plans = system.topology.topic_plans()
    partitions = [Partition(plan.name, number) for plan in plans for number in range(plan.partitions)]
    deadline = time.monotonic() + PATIENCE_S
    with TopicReader(system.kafka, [system.topology.changelog_topic], [0]) as reader:
        led = False
        while not led:
            with suppress(BrokerUnreachableError):
                led = bool(reader.end_offsets(partitions))
            assert time.monotonic() < deadline, "topics without leaders"


def table_offset(tables: Path, partition: int) -> int:
    """The changelog offset that a dead worker's table is at; -1 for none."""
    with _table(tables, partition) as table:
        offset = table.changelog_offset()
    return -1 if offset is None else offset


def waiting_vehicles(tables: Path, partition: int) -> set[str]:
    """The vehicles that wait for a deadline by a dead worker's table."""
    with _table(tables, partition) as table:
        return {key.decode() for key, value in table.vehicles() if unpack_vehicle(value)[0]}


@contextmanager
def _table(tables: Path, partition: int) -> Iterator[PartitionStore]:
    (path,) = tables.glob(f"v*/tables/*-{partition}.db")
    options = rocksdict.Options(raw_mode=True)
    database = rocksdict.Rdict(str(path), options=options, access_type=rocksdict.AccessType.read_only())
    try:
        yield PartitionStore(database)
    finally:
        database.close()
