"""The commands that a runner holds, behind one lock: the poll thread adds them, the worker threads take them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from master_orchestrator_agents.runner.dedup import Addition, CommandDeduplicator, DeliveredReply
from master_orchestrator_agents.runner.lane_queues import LaneQueues, QueuedCommand
from master_orchestrator_agents.runner.offsets import OffsetAndMetadata, OffsetTracker
from master_orchestrator_agents.runner.quarantine.commit_metadata import CommitMetadata
from master_orchestrator_agents.runner.quarantine.isolation import Isolation
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

MAX_UNCOMMITTED = 100_000
"""Maximum offsets behind a partition's oldest incomplete command; then it is paused. Bounds memory and re-handling."""


MAX_IN_FLIGHT = 1_000
"""Maximum commands whose replies are not delivered; then all partitions are paused until a broker accepts replies."""

MAX_HELPING = 16
"""Maximum commands of a lane that a worker takes at once while its handler is quick: each wake-up of a thread costs as
much as handling a few of them."""

QUICK_S = 0.002
"""Time per command below which a handler is quick."""


class Backlog:
    """Lane queues, deduplication, offset trackers and commands in flight. Thread-safe."""

    def __init__(
        self,
        lanes: Mapping[Lane, LaneTerms],
        lane_of: Mapping[str, Lane],
        now_ms: Callable[[], int],
        batch_size: int,
        *,
        isolation: Isolation,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``lane_of``: the lane of each command topic; ``batch_size``: maximum ROUTINE commands per call."""
        self._lane_of = lane_of
        self._now_ms = now_ms
        self._batch_size = {lane: batch_size if lane is Lane.ROUTINE else 1 for lane in Lane}
        self._may_be_quick, self._is_quick = batch_size == 1, False
        self._isolation = isolation
        self._monotonic = monotonic
        self._queues = LaneQueues(lanes)
        self._deduplicator = CommandDeduplicator()
        self._trackers: dict[Partition, OffsetTracker] = {}
        self._in_flight: set[QueuedCommand] = set()
        self._completed: deque[tuple[QueuedCommand, DeliveredReply | None]] = deque()
        self._selected: QueuedCommand | None = None
        self._starting: QueuedCommand | None = None
        self._idle = 0
        self._paused_workers = False
        self._closed = False
        self._changed = threading.Condition()

    def not_acquired(self, partitions: Iterable[Partition]) -> set[Partition]:
        """Which of these partitions have not been acquired."""
        with self._changed:
            return {partition for partition in partitions if partition not in self._trackers}

    def acquire(self, partition: Partition, offset: int, metadata: str) -> None:
        """Start to track a partition at its first record; ``metadata``: as its last holder committed it."""
        with self._changed:
            acquired = CommitMetadata.acquired(metadata, offset)
            self._trackers[partition] = OffsetTracker(acquired)
            self._isolation.acquired(acquired, self._monotonic())

    def fetched(self, partition: Partition, offset: int) -> OffsetTracker:
        """Track a fetched record of an acquired partition; returns the partition's tracker."""
        with self._changed:
            tracker = self._trackers[partition]
            tracker.fetched(offset)
            return tracker

    def add(self, entry: QueuedCommand) -> Addition:
        """Queue a fetched command unless it is a duplicate. Workers are told by :meth:`wake`."""
        with self._changed:
            self._settle()
            addition = self._deduplicator.add(entry.command.command_id, entry.tracker, entry.offset)
            if addition.is_new:
                self._queues.add(entry)
            return addition

    def wake(self) -> None:
        """Wake a worker if commands are queued; where it leaves some, it wakes the next one."""
        with self._changed:
            self._wake()

    def complete_record(self, tracker: OffsetTracker, offset: int) -> None:
        """A record that is not handled is complete: its dead letter, or the reply sent again, is delivered."""
        with self._changed:
            tracker.complete(offset)

    def take(self) -> list[QueuedCommand]:
        """The next commands for one worker; blocks until there are some. Empty when closed."""
        with self._changed:
            while True:
                if taken := self._next():
                    self._in_flight.update(taken)
                    self._isolation.started(taken, self._monotonic())
                    self._wake()
                    return taken
                if self._closed:
                    return []
                self._idle += 1
                self._changed.wait()
                self._idle -= 1

    @property
    def idle(self) -> int:
        """Number of workers that wait for commands."""
        with self._changed:
            return self._idle

    def isolating(self) -> bool:
        """Whether commands start one at a time, by :meth:`select_isolated` and :meth:`start_isolated`."""
        with self._changed:
            self._settle()
            return self._isolation.is_active(self._monotonic())

    def select_isolated(self) -> bool:
        """During isolation: select a command to start alone, if it is time; whether one is selected."""
        with self._changed:
            self._settle()
            if self._selected is None and self._starting is None and self._idle:
                self._selected = self._isolation.select(self._first, self._monotonic())
            return self._selected is not None

    def start_isolated(self) -> None:
        """Start the selected command once its offset is committed in the metadata."""
        with self._changed:
            if self._selected is not None and self._selected.tracker.is_metadata_committed:
                self._starting, self._selected = self._selected, None
                self._changed.notify()

    def end_isolation(self) -> None:
        """Isolation is over: wake the workers that were refused commands during it."""
        with self._changed:
            if self._paused_workers:
                self._paused_workers = False
                self._changed.notify_all()

    def handled(self, entries: Collection[QueuedCommand], took_s: float | None = None) -> None:
        """Their replies have been sent: the next commands of their vehicles may start.

        ``took_s``: what all of them took together; None: not known.
        """
        with self._changed:
            for entry in entries:
                self._queues.release(entry.command.vehicle_id)
            if took_s is not None:
                self._is_quick = took_s < QUICK_S * len(entries)
            self._wake()

    def put_back(self, entries: Sequence[QueuedCommand]) -> None:
        """Queue commands that were taken and have not begun, ahead of the others of their lane.

        They stay in flight: a drain handles them too, since others of their partitions, which came later, are handled.
        Those of partitions that were given up meanwhile are dropped.
        """
        with self._changed:
            self._is_quick = False
            self._isolation.put_back(entries)
            self._queues.put_back(entries)
            held = set(self._trackers.values())
            self._drop_queued(lambda entry: entry.tracker not in held)
            self._wake()

    def completed(self, entry: QueuedCommand, reply: DeliveredReply | None = None) -> None:
        """The command's reply is delivered, or it needs none. Takes effect with what is asked of the backlog next."""
        self._completed.append((entry, reply))

    def take_commits(self) -> dict[Partition, OffsetAndMetadata]:
        """Offsets that may be committed and have changed since the last call."""
        with self._changed:
            self._settle()
            marks = {partition: tracker.take_commit() for partition, tracker in self._trackers.items()}
            return {partition: mark for partition, mark in marks.items() if mark is not None}

    def committed(self, marks: Mapping[Partition, OffsetAndMetadata]) -> None:
        """A commit succeeded for these partitions."""
        with self._changed:
            for partition, mark in marks.items():
                if partition in self._trackers:
                    self._trackers[partition].committed(mark)

    def is_metadata_committed(self, partition: Partition) -> bool:
        """Whether the acquisition of this partition is committed."""
        with self._changed:
            return self._trackers[partition].is_metadata_committed

    def commit_failed(self, partitions: Iterable[Partition]) -> None:
        """A commit failed for these partitions: it is made again."""
        with self._changed:
            for tracker in self._trackers_of(partitions):
                tracker.commit_failed()

    def drop_queued(self, partitions: Iterable[Partition]) -> None:
        """Drop the queued commands of these partitions; those in flight go on."""
        with self._changed:
            trackers = self._trackers_of(partitions)
            self._drop_queued(lambda entry: entry.tracker in trackers)
            self._drop_selected(lambda entry: entry.tracker in trackers)

    def in_flight(self, partitions: Collection[Partition] | None = None) -> int:
        """Number of commands, of these partitions or of all, that have started and have no delivered reply."""
        with self._changed:
            self._settle()
            if partitions is None:
                return len(self._in_flight)
            trackers = self._trackers_of(partitions)
            return sum(entry.tracker in trackers for entry in self._in_flight)

    def release(self, partitions: Iterable[Partition] | None = None) -> None:
        """Release these partitions, or all: their next commit says so, and the next holder suspects no command."""
        with self._changed:
            for tracker in self._trackers_of(self._trackers if partitions is None else partitions):
                tracker.metadata.release()

    def forget(self, partitions: Iterable[Partition] | None = None) -> None:
        """Stop tracking these partitions, or all: nothing of them is committed any more."""
        with self._changed:
            for partition in list(self._trackers if partitions is None else partitions):
                if (tracker := self._trackers.pop(partition, None)) is not None:
                    self._isolation.released(tracker.metadata)

    def full_lanes(self) -> frozenset[Lane]:
        """The lanes that accept no more commands for now."""
        with self._changed:
            self._settle()
            return frozenset(Lane) if len(self._in_flight) >= MAX_IN_FLIGHT else self._queues.full

    def partitions_to_pause(self, full: Collection[Lane] = ()) -> frozenset[Partition]:
        """The partitions to pause; ``full``: lanes whose prefetch buffer is full."""
        full = self.full_lanes().union(full)
        with self._changed:
            return frozenset(
                partition
                for partition, tracker in self._trackers.items()
                if self._lane_of[partition[0]] in full or tracker.span >= MAX_UNCOMMITTED
            )

    def counts(self) -> tuple[dict[Lane, int], int]:
        """Number of queued commands by lane, and number in flight."""
        with self._changed:
            self._settle()
            return self._queues.counts(), len(self._in_flight)

    def close(self) -> None:
        """Give out no more commands but those that were put back; waiting workers return."""
        with self._changed:
            self._closed = True
            self._drop_selected(lambda _: True)
            self._changed.notify_all()

    def _next(self) -> list[QueuedCommand]:
        """The commands that a worker may start now."""
        isolating = self.isolating()
        if not isolating:
            self._start_without_isolation()
        if self._starting is not None:
            starting, self._starting = self._starting, None
            return [starting]
        if isolating:
            self._paused_workers = True
            return []
        if self._closed:
            return self._queues.take_one(self._in_flight.__contains__)
        return self._queues.take(self._now_ms(), self._size_of)

    def _size_of(self, lane: Lane) -> int:
        """Maximum commands that a worker takes at once."""
        return MAX_HELPING if self._may_be_quick and self._is_quick else self._batch_size[lane]

    def _wake(self) -> None:
        if self._idle and self._queues:
            self._changed.notify()

    def _settle(self) -> None:
        """Complete the commands whose replies were delivered, under one lock for all."""
        while self._completed:
            entry, reply = self._completed.popleft()
            self._in_flight.discard(entry)
            self._isolation.completed(entry)
            self._deduplicator.complete(entry.command.command_id, reply)

    def _start_without_isolation(self) -> None:
        """Isolation ended before the selected command's metadata was committed: it starts like any other."""
        if self._selected is not None:
            self._isolation.deselect(self._selected)
            self._starting, self._selected = self._selected, None

    def _first(self) -> QueuedCommand | None:
        return next(iter(self._queues.take(self._now_ms(), lambda _: 1)), None)

    def _drop_queued(self, matches: Callable[[QueuedCommand], bool]) -> None:
        for entry in self._queues.drop(matches):
            self._in_flight.discard(entry)
            self._deduplicator.forget(entry.command.command_id)

    def _drop_selected(self, matches: Callable[[QueuedCommand], bool]) -> None:
        selected = self._selected or self._starting
        if selected is not None and matches(selected):
            self._isolation.deselect(selected)
            self._deduplicator.forget(selected.command.command_id)
            self._queues.release(selected.command.vehicle_id)
            self._selected = self._starting = None

    def _trackers_of(self, partitions: Iterable[Partition]) -> set[OffsetTracker]:
        return {self._trackers[partition] for partition in partitions if partition in self._trackers}
