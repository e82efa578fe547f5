"""All that a runner holds of its commands, behind one lock: the poll thread puts in, the worker threads take out."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping

from master_orchestrator_agents.known import KnownCommands
from master_orchestrator_agents.offsets import CommitTracker
from master_orchestrator_agents.queues import Entry, LaneQueues
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

Partition = tuple[str, int]
"""Topic and partition number."""

SPAN_LIMIT = 100_000
"""A partition whose oldest open command holds so many offsets back fetches no more: bounds memory and re-handling."""


class Backlog:
    """Queues, known ids, commit trackers and what is out with the workers. Thread-safe."""

    def __init__(
        self, lanes: Mapping[Lane, LaneTerms], lane_of: Mapping[str, Lane], now_ms: Callable[[], int], batch_size: int
    ) -> None:
        """``lane_of``: the lane of each command topic; ``batch_size``: how many ROUTINE commands go out at once."""
        self._lane_of = lane_of
        self._now_ms = now_ms
        self._batch_size = {lane: batch_size if lane is Lane.ROUTINE else 1 for lane in Lane}
        self._queues = LaneQueues(lanes)
        self._known = KnownCommands()
        self._trackers: dict[Partition, CommitTracker] = {}
        self._out: set[Entry] = set()
        self._closed = False
        self._changed = threading.Condition()

    def fetched(self, partition: Partition, offset: int) -> CommitTracker:
        """A record came in; its partition's tracker."""
        with self._changed:
            tracker = self._trackers.setdefault(partition, CommitTracker())
            tracker.fetched(offset)
            return tracker

    def add(self, entry: Entry) -> bool:
        """Queue a fetched command; False when it is a repeat of a known one."""
        with self._changed:
            if not self._known.admit(entry.command.command_id, entry.tracker, entry.offset):
                return False
            self._queues.add(entry)
            self._changed.notify()
            return True

    def done(self, tracker: CommitTracker, offset: int) -> None:
        """A record that is no command of ours needs nothing more."""
        with self._changed:
            tracker.done(offset)

    def take(self) -> list[Entry]:
        """The next commands for one worker; waits for some; empty when closed."""
        with self._changed:
            while not self._closed:
                if taken := self._queues.take(self._now_ms(), self._batch_size.__getitem__):
                    self._out.update(taken)
                    return taken
                self._changed.wait()
            return []

    def handled(self, entries: Collection[Entry]) -> None:
        """Their replies are on the way, in order: their vehicles' next commands may start."""
        with self._changed:
            for entry in entries:
                self._queues.release(entry.command.vehicle_id)
            self._changed.notify(len(entries))

    def finished(self, entry: Entry) -> None:
        """Its reply is delivered, or it needs none."""
        with self._changed:
            self._out.discard(entry)
            self._known.finish(entry.command.command_id)

    def take_commits(self) -> dict[Partition, int]:
        """The offsets that may be committed and have moved since the last call."""
        with self._changed:
            marks = {partition: tracker.take_commit() for partition, tracker in self._trackers.items()}
            return {partition: mark for partition, mark in marks.items() if mark is not None}

    def drop_waiting(self, partitions: Iterable[Partition]) -> None:
        """Forget what waits from these partitions; what is out goes on."""
        with self._changed:
            trackers = self._trackers_of(partitions)
            for entry in self._queues.drop(lambda entry: entry.tracker in trackers):
                self._known.forget(entry.command.command_id)

    def in_hand(self, partitions: Collection[Partition] | None = None) -> int:
        """How many commands, of these partitions or of all, are with a worker or wait for their reply's delivery."""
        with self._changed:
            if partitions is None:
                return len(self._out)
            trackers = self._trackers_of(partitions)
            return sum(entry.tracker in trackers for entry in self._out)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These partitions are no longer ours: nothing of them is committed any more."""
        with self._changed:
            for partition in partitions:
                self._trackers.pop(partition, None)

    def saturated(self) -> frozenset[Partition]:
        """The partitions that should fetch no more for now."""
        with self._changed:
            return frozenset(
                partition
                for partition, tracker in self._trackers.items()
                if self._lane_of[partition[0]] in self._queues.full or tracker.span >= SPAN_LIMIT
            )

    def counts(self) -> tuple[dict[Lane, int], int]:
        """Waiting commands by lane, and how many are out."""
        with self._changed:
            return self._queues.counts(), len(self._out)

    def close(self) -> None:
        """Hand out nothing more; waiting workers return."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _trackers_of(self, partitions: Iterable[Partition]) -> set[CommitTracker]:
        return {self._trackers[partition] for partition in partitions if partition in self._trackers}
