"""The commands that a runner holds, behind one lock: the poll thread adds them, the worker threads take them."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

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
        self._isolation = isolation
        self._monotonic = monotonic
        self._queues = LaneQueues(lanes)
        self._deduplicator = CommandDeduplicator()
        self._trackers: dict[Partition, OffsetTracker] = {}
        self._in_flight: set[QueuedCommand] = set()
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
        """Queue a fetched command unless it is a duplicate."""
        with self._changed:
            addition = self._deduplicator.add(entry.command.command_id, entry.tracker, entry.offset)
            if addition.is_new:
                self._queues.add(entry)
                self._changed.notify()
            return addition

    def complete_record(self, tracker: OffsetTracker, offset: int) -> None:
        """A record that is not handled is complete: its dead letter, or the reply sent again, is delivered."""
        with self._changed:
            tracker.complete(offset)

    def take(self) -> list[QueuedCommand]:
        """The next commands for one worker; blocks until there are some. Empty when closed."""
        with self._changed:
            while not self._closed:
                if taken := self._next():
                    self._in_flight.update(taken)
                    self._isolation.started(taken, self._monotonic())
                    return taken
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return []

    @property
    def idle(self) -> int:
        """Number of workers that wait for commands."""
        with self._changed:
            return self._idle

    def isolating(self) -> bool:
        """Whether commands start one at a time, by :meth:`select_isolated` and :meth:`start_isolated`."""
        return self._isolation.is_active(self._monotonic())

    def select_isolated(self) -> bool:
        """During isolation: select a command to start alone, if it is time; whether one is selected."""
        with self._changed:
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

    def handled(self, entries: Collection[QueuedCommand]) -> None:
        """Their replies have been sent: the next commands of their vehicles may start."""
        with self._changed:
            for entry in entries:
                self._queues.release(entry.command.vehicle_id)
            self._changed.notify(len(entries))

    def completed(self, entry: QueuedCommand, reply: DeliveredReply | None = None) -> None:
        """The command's reply is delivered, or it needs none."""
        with self._changed:
            self._in_flight.discard(entry)
            self._isolation.completed(entry)
            self._deduplicator.complete(entry.command.command_id, reply)

    def take_commits(self) -> dict[Partition, OffsetAndMetadata]:
        """Offsets that may be committed and have changed since the last call."""
        with self._changed:
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
            for entry in self._queues.drop(lambda entry: entry.tracker in trackers):
                self._deduplicator.forget(entry.command.command_id)
            self._drop_selected(lambda entry: entry.tracker in trackers)

    def in_flight(self, partitions: Collection[Partition] | None = None) -> int:
        """Number of commands, of these partitions or of all, that have started and have no delivered reply."""
        with self._changed:
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
            return self._queues.counts(), len(self._in_flight)

    def close(self) -> None:
        """Give out no more commands; waiting workers return."""
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
        return self._queues.take(self._now_ms(), self._batch_size.__getitem__)

    def _start_without_isolation(self) -> None:
        """Isolation ended before the selected command's metadata was committed: it starts like any other."""
        if self._selected is not None:
            self._isolation.deselect(self._selected)
            self._starting, self._selected = self._selected, None

    def _first(self) -> QueuedCommand | None:
        return next(iter(self._queues.take(self._now_ms(), lambda _: 1)), None)

    def _drop_selected(self, matches: Callable[[QueuedCommand], bool]) -> None:
        selected = self._selected or self._starting
        if selected is not None and matches(selected):
            self._isolation.deselect(selected)
            self._deduplicator.forget(selected.command.command_id)
            self._queues.release(selected.command.vehicle_id)
            self._selected = self._starting = None

    def _trackers_of(self, partitions: Iterable[Partition]) -> set[OffsetTracker]:
        return {self._trackers[partition] for partition in partitions if partition in self._trackers}
