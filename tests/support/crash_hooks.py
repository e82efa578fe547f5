"""Knows the one point at which this process is to die, and how far its threads are; ``crash_engine.py`` asks it."""

import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import msgspec

from master_orchestrator.core.table import POSITION_KEY, is_vehicle
from master_orchestrator.shell.layout import unpack_outbox
from master_orchestrator.shell.records import Record
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Command, Timer
from master_orchestrator_schemas.topology import Topology
from support.crash_points import Crash, CrashPoint, RecordKind

ENOUGH = 3
"""Commands in a step, or ticks at once: enough for first, middle and last to differ."""


@dataclass(frozen=True, kw_only=True)
class CrashPlan:
    """Where this process is to die.

    Args:
        vehicles: ids beginning so; a step without such a vehicle goes by.
        evidence: the file that is written just before.
    """

    case: Crash
    vehicles: str
    evidence: Path


class CrashEvidence(msgspec.Struct, kw_only=True):
    """What the process knew when it died.

    Args:
        audit: keys of the step's audit records.
        commands: ids of the step's commands, or of the outbox sent again; of the runner, the one in hand.
        ticks: ids of the ticks (see :func:`tick_id`).
        sent: how many of the commands or ticks the producer had taken.
        offset: the changelog offset just written to the table, in a restore.
    """

    case: str
    partition: int = -1
    audit: list[str] = []
    commands: list[str] = []
    ticks: list[str] = []
    sent: int = 0
    offset: int | None = None


def tick_id(tick: Timer) -> str:
    """The deadline that a tick tells of; the same in a tick that is sent again."""
    return f"{tick.workflow_id}/{tick.deadline_id}"


@dataclass
class Writing:
    """What one thread writes: a transaction, then its commands; or ticks. ``fatal``: the record to die at."""

    evidence: CrashEvidence
    concerned: bool
    fatal: int | None = None
    handed: int = 0


class Killer:
    """The plan of this process, and what its threads are writing."""

    def __init__(self, plan: CrashPlan, topology: Topology) -> None:
        self.case, self._plan = plan.case, plan
        self._changelog, self._commands = topology.changelog_topic, frozenset(topology.command_topics)
        self._prefix, self._codec = plan.vehicles.encode(), Codec()
        self._lock = threading.Lock()
        self._threads = threading.local()
        self._timers = topology.topic_of("Timer")
        self._kinds = {topology.topic_of("AuditRecord"): RecordKind.AUDIT, self._timers: RecordKind.TICK}

    def die(self, evidence: CrashEvidence) -> Never:
        """Leave the evidence and end, as kill -9 does."""
        self._lock.acquire()  # the first thread that comes here dies for all
        self._plan.evidence.write_bytes(msgspec.json.encode(evidence))
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("SIGKILL returned")

    def at(self, point: CrashPoint) -> None:
        """Die here, between two records or calls of a step, if the plan says so."""
        if self.is_at(point):
            self.die(self.writing.evidence)

    def whatever(self, point: CrashPoint, partition: int = -1, offset: int | None = None) -> None:
        """Die here, whatever is under way, if the plan says so."""
        if self.case.point is point:
            self.die(CrashEvidence(case=str(self.case), partition=partition, offset=offset))

    def is_at(self, point: CrashPoint) -> bool:
        """Whether the thread's step is the one to die in, at ``point``."""
        return self.case.point is point and self._writes and self.writing.concerned

    @property
    def writing(self) -> Writing:
        """What this thread writes."""
        current: Writing = self._threads.writing
        return current

    @property
    def _writes(self) -> bool:
        return hasattr(self._threads, "writing")

    def step(self, partition: int, records: Sequence[Record]) -> None:
        """This thread begins a step: a transaction of these records, and then the commands of its outbox."""
        kept = {record.key: record.value for record in records if record.topic == self._changelog}
        sent = self._as_sent(unpack_outbox(kept.get))
        commands = sum(record.topic in self._commands for record in sent)
        concerned = commands >= ENOUGH and self._about(sent)
        self._begin(partition, [*records, *sent], sent, concerned=concerned)
        self.writing.evidence.audit = [r.key.decode() for r in records if self._kind(r) is RecordKind.AUDIT]

    def resent(self, partition: int, commands: Sequence[Record]) -> None:
        """This thread sends an outbox again."""
        sent = self._as_sent(commands)
        self._begin(partition, sent, sent, concerned=self._about(sent), command=RecordKind.RESENT)

    def ticks(self, partition: int, ticks: Sequence[Timer]) -> None:
        """This thread sends ticks."""
        records = [Record(self._timers, tick.vehicle_id.encode(), b"") for tick in ticks]
        self._begin(partition, records, [], concerned=self._about(records))
        self.writing.evidence.ticks = [tick_id(tick) for tick in ticks]

    def _begin(
        self, partition: int, records: Sequence[Record], commands: Sequence[Record], *, concerned: bool,
        command: RecordKind = RecordKind.COMMAND,
    ) -> None:  # fmt: skip
        ids = [
            self._codec.decode(record.value, Command).command_id
            for record in commands
            if record.topic in self._commands
        ]
        evidence = CrashEvidence(case=str(self.case), partition=partition, commands=ids)
        kind, place = self.case.point.value.kind, self.case.place
        of_kind = [index for index, record in enumerate(records) if self._kind(record, command) is kind]
        there = concerned and place is not None and len(of_kind) >= ENOUGH
        fatal = of_kind[place.of(len(of_kind))] if there and place is not None else None
        self._threads.writing = Writing(evidence, concerned, fatal)

    def is_fatal(self) -> bool:
        """Whether the record that comes now is the one."""
        return self._writes and self.writing.handed == self.writing.fatal

    def handed(self, topic: str) -> None:
        """A record was taken by the producer."""
        self.writing.handed += 1
        self.writing.evidence.sent += topic == self._timers or topic in self._commands

    def _as_sent(self, outbox: Sequence[Record]) -> list[Record]:
        """Commands first, sessions on record behind them."""
        return sorted(outbox, key=lambda record: record.topic not in self._commands)

    def _about(self, records: Sequence[Record]) -> bool:
        return any(record.key.startswith(self._prefix) for record in records)

    def _kind(self, record: Record, command: RecordKind = RecordKind.COMMAND) -> RecordKind | None:
        if record.topic in self._commands:
            return command
        if record.topic != self._changelog:
            return self._kinds.get(record.topic)
        if record.key == POSITION_KEY:
            return None
        return RecordKind.CHANGELOG if is_vehicle(record.key) else RecordKind.OUTBOX
