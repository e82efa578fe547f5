"""A runner in virtual time: the real queues and picker; workers, handlers and Kafka are pretended. No threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import NamedTuple

from master_orchestrator_agents.runner.lane_queues import LaneQueues, QueuedCommand
from master_orchestrator_agents.runner.offsets import OffsetTracker
from master_orchestrator_agents.runner.quarantine.commit_metadata import CommitMetadata
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import AgentType, Lane
from support.commands import command_for


class Burst(NamedTuple):
    """``size`` commands of one lane, the first appended at ``at_ms``, the others ``every_ms`` apart."""

    lane: Lane
    at_ms: int
    size: int
    every_ms: int


@dataclass(frozen=True)
class RunnerLoad:
    """A runner's terms and what comes its way.

    Args:
        lanes: the topology's terms.
        workers: how many.
        batch_size: of ROUTINE.
        handling_ms: what the turns take, in order, over and over.
        fetch_ms: the time from one fetch to the next.
        bursts: what is appended.
        helping: how many commands of any lane go out at once, if more; they take the time of one turn together.
        vehicles: how many there are, in turn; None: two commands each, one after the other, and full lanes are paused.
    """

    lanes: Mapping[Lane, LaneTerms]
    workers: int
    batch_size: int
    handling_ms: tuple[int, ...]
    fetch_ms: int
    bursts: tuple[Burst, ...]
    vehicles: int | None
    helping: int = 1

    @property
    def longest_ms(self) -> int:
        return max(self.handling_ms)

    @property
    def per_fetch(self) -> int:
        """More commands of a lane than are taken, or blocked by those in hand, from one fetch to the next."""
        turns = self.workers * (self.fetch_ms // min(self.handling_ms) + 1)
        return (turns + self.workers) * max(self.batch_size, self.helping)

    def records(self) -> list[SimulatedCommand]:
        """All commands in the order of their appends."""
        appended = sorted((b.at_ms + b.every_ms * n, b.lane) for b in self.bursts for n in range(b.size))
        return [SimulatedCommand(n, self._vehicle(n), lane, at_ms) for n, (at_ms, lane) in enumerate(appended)]

    def _vehicle(self, number: int) -> str:
        return f"v{number // 2 if self.vehicles is None else number % self.vehicles}"


@dataclass(eq=False)
class SimulatedCommand:
    """A command and what became of it; times in ms."""

    number: int
    vehicle_id: str
    lane: Lane
    appended_ms: int
    fetched_ms: int = -1
    waits_from_ms: int = -1
    """Appended, and its vehicle's others are done."""
    taken_ms: int = -1
    turn: int = -1
    done_ms: int = -1

    @property
    def waited_ms(self) -> int:
        return self.taken_ms - self.waits_from_ms


@dataclass
class SimulatedRunner:
    """Plays one load to its end."""

    load: RunnerLoad
    now_ms: int = 0
    taken: list[SimulatedCommand] = field(default_factory=list)
    """In order."""

    def __post_init__(self) -> None:
        self.records = self.load.records()
        self._in_kafka: dict[Lane, list[SimulatedCommand]] = {
            lane: [r for r in self.records if r.lane is lane] for lane in Lane
        }
        limit = 2 * self.load.per_fetch if self.load.vehicles is None else 10**9
        self._queues = LaneQueues(self.load.lanes, limit=limit)
        self._in_hand: list[list[SimulatedCommand] | None] = [None] * self.load.workers
        self._handling = cycle(self.load.handling_ms)
        self._turns = count()
        self._released: dict[str, int] = {}
        self._tracker = OffsetTracker(CommitMetadata())

    def play(self) -> list[SimulatedCommand]:
        """All records, with their times."""
        while len(self.taken) < len(self.records) or any(self._in_hand):
            self._finish()
            if self.now_ms % self.load.fetch_ms == 0:
                self._fetch()
            self._start()
            self.now_ms = min(self._next_times())
        return self.records

    def _next_times(self) -> Iterator[int]:
        """When a handler ends, and when the next fetch is that brings something."""
        yield from (entries[0].done_ms for entries in self._in_hand if entries)
        heads = [waiting[0].appended_ms for waiting in self._in_kafka.values() if waiting]
        if heads:
            fetches = max(self.now_ms // self.load.fetch_ms + 1, -(-min(heads) // self.load.fetch_ms))
            yield fetches * self.load.fetch_ms
        elif not any(self._in_hand):
            yield self.now_ms

    def _finish(self) -> None:
        for worker, records in enumerate(self._in_hand):
            if records and records[0].done_ms <= self.now_ms:
                for record in records:
                    self._queues.release(record.vehicle_id)
                    self._released[record.vehicle_id] = self.now_ms
                self._in_hand[worker] = None

    def _fetch(self) -> None:
        for lane, waiting in self._in_kafka.items():
            if lane in self._queues.full:
                continue
            here = [r for r in waiting[: self.load.per_fetch] if r.appended_ms <= self.now_ms]
            del waiting[: len(here)]
            for record in here:
                record.fetched_ms = self.now_ms
                self._queues.add(
                    QueuedCommand(_command(record), lane, record.appended_ms, record.number, self._tracker, 100)
                )

    def _start(self) -> None:
        for worker, records in enumerate(self._in_hand):
            if records is None and (entries := self._queues.take(self.now_ms, self._batch_size)):
                self._in_hand[worker] = self._take([self.records[entry.offset] for entry in entries])

    def _take(self, records: list[SimulatedCommand]) -> list[SimulatedCommand]:
        turn, done_ms = next(self._turns), self.now_ms + next(self._handling)
        for record in records:
            record.taken_ms, record.turn, record.done_ms = self.now_ms, turn, done_ms
            record.waits_from_ms = max(record.appended_ms, self._released.get(record.vehicle_id, 0))
            self.taken.append(record)
        return records

    def _batch_size(self, lane: Lane) -> int:
        return max(self.load.helping, self.load.batch_size if lane is Lane.ROUTINE else 1)


def _command(record: SimulatedCommand) -> Command:
    return command_for(AgentType.DIAGNOSIS, f"{record.vehicle_id}~{record.number}", priority=record.lane.priority)
