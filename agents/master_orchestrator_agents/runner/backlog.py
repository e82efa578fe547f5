"""All that a runner holds of its commands, behind one lock: the poll thread puts in, the worker threads take out."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from master_orchestrator_agents.runner.dedup import KnownCommands
from master_orchestrator_agents.runner.lane_queues import Entry, LaneQueues
from master_orchestrator_agents.runner.offsets import CommitTracker, Mark, Partition
from master_orchestrator_agents.runner.quarantine.commit_metadata import Custody
from master_orchestrator_agents.runner.quarantine.isolation import Trials
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

SPAN_LIMIT = 100_000
"""A partition whose oldest open command holds so many offsets back fetches no more: bounds memory and re-handling."""


OUT_LIMIT = 1_000
"""So many commands handled whose replies no broker takes: nothing is fetched meanwhile."""


class Backlog:
    """Queues, known ids, commit trackers and what is out with the workers. Thread-safe."""

    def __init__(
        self,
        lanes: Mapping[Lane, LaneTerms],
        lane_of: Mapping[str, Lane],
        now_ms: Callable[[], int],
        batch_size: int,
        *,
        trials: Trials,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``lane_of``: the lane of each command topic; ``batch_size``: how many ROUTINE commands go out at once."""
        self._lane_of = lane_of
        self._now_ms = now_ms
        self._batch_size = {lane: batch_size if lane is Lane.ROUTINE else 1 for lane in Lane}
        self._trials = trials
        self._monotonic = monotonic
        self._queues = LaneQueues(lanes)
        self._known = KnownCommands()
        self._trackers: dict[Partition, CommitTracker] = {}
        self._out: set[Entry] = set()
        self._chosen: Entry | None = None
        self._tried: Entry | None = None
        self._idle = 0
        self._held_back = False
        self._closed = False
        self._changed = threading.Condition()

    def unknown(self, partitions: Iterable[Partition]) -> set[Partition]:
        """Which of these have not been taken up."""
        with self._changed:
            return {partition for partition in partitions if partition not in self._trackers}

    def take_up(self, partition: Partition, offset: int, metadata: str) -> None:
        """A partition's first record came in; ``metadata`` is what its last holder left beside the committed offset."""
        with self._changed:
            custody = Custody.taken_up(metadata, offset)
            self._trackers[partition] = CommitTracker(custody)
            self._trials.taken_up(custody, self._monotonic())

    def fetched(self, partition: Partition, offset: int) -> CommitTracker:
        """A record came in; the tracker of its partition, which has been taken up."""
        with self._changed:
            tracker = self._trackers[partition]
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
                if taken := self._next():
                    self._out.update(taken)
                    self._trials.started(taken, self._monotonic())
                    return taken
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return []

    @property
    def idle(self) -> int:
        """How many workers wait."""
        with self._changed:
            return self._idle

    def careful(self) -> bool:
        """Whether commands start one at a time, by :meth:`choose` and :meth:`try_chosen`."""
        return self._trials.careful(self._monotonic())

    def choose(self) -> bool:
        """Being careful: whether a command is chosen to be started alone, now or before."""
        with self._changed:
            if self._chosen is None and self._tried is None and self._idle:
                self._chosen = self._trials.choose(self._first, self._monotonic())
            return self._chosen is not None

    def try_chosen(self) -> None:
        """Let the chosen one start, if it is committed that it is on trial."""
        with self._changed:
            if self._chosen is not None and self._chosen.tracker.is_noted:
                self._tried, self._chosen = self._chosen, None
                self._changed.notify()

    def let_go(self) -> None:
        """Care is over: workers that looked meanwhile, and were held back, look again."""
        with self._changed:
            if self._held_back:
                self._held_back = False
                self._changed.notify_all()

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
            self._trials.finished(entry)
            self._known.finish(entry.command.command_id)

    def take_commits(self) -> dict[Partition, Mark]:
        """What may be committed and has changed since the last call."""
        with self._changed:
            marks = {partition: tracker.take_commit() for partition, tracker in self._trackers.items()}
            return {partition: mark for partition, mark in marks.items() if mark is not None}

    def committed(self, marks: Mapping[Partition, Mark]) -> None:
        """What was taken for these partitions got through."""
        with self._changed:
            for partition, mark in marks.items():
                if partition in self._trackers:
                    self._trackers[partition].committed(mark)

    def is_noted(self, partition: Partition) -> bool:
        """Whether it is committed that this partition, which has been taken up, is held."""
        with self._changed:
            return self._trackers[partition].is_noted

    def commit_again(self, partitions: Iterable[Partition]) -> None:
        """What was taken for these partitions did not get through."""
        with self._changed:
            for tracker in self._trackers_of(partitions):
                tracker.commit_again()

    def drop_waiting(self, partitions: Iterable[Partition]) -> None:
        """Forget what waits from these partitions; what is out goes on."""
        with self._changed:
            trackers = self._trackers_of(partitions)
            for entry in self._queues.drop(lambda entry: entry.tracker in trackers):
                self._known.forget(entry.command.command_id)
            self._drop_chosen(lambda entry: entry.tracker in trackers)

    def in_hand(self, partitions: Collection[Partition] | None = None) -> int:
        """How many commands, of these partitions or of all, are with a worker or wait for their reply's delivery."""
        with self._changed:
            if partitions is None:
                return len(self._out)
            trackers = self._trackers_of(partitions)
            return sum(entry.tracker in trackers for entry in self._out)

    def leave(self, partitions: Iterable[Partition] | None = None) -> None:
        """These partitions, or all, are handed over in order, which their next commit says."""
        with self._changed:
            for tracker in self._trackers_of(self._trackers if partitions is None else partitions):
                tracker.custody.left()

    def forget(self, partitions: Iterable[Partition] | None = None) -> None:
        """These partitions, or all, are no longer ours: nothing of them is committed any more."""
        with self._changed:
            for partition in list(self._trackers if partitions is None else partitions):
                if (tracker := self._trackers.pop(partition, None)) is not None:
                    self._trials.given_up(tracker.custody)

    def closed(self) -> frozenset[Lane]:
        """The lanes that should take in no more for now."""
        with self._changed:
            return frozenset(Lane) if len(self._out) >= OUT_LIMIT else self._queues.full

    def saturated(self, full: Collection[Lane] = ()) -> frozenset[Partition]:
        """The partitions that should fetch no more for now; ``full``: lanes of which too many wait to be taken in."""
        closed = self.closed().union(full)
        with self._changed:
            return frozenset(
                partition
                for partition, tracker in self._trackers.items()
                if self._lane_of[partition[0]] in closed or tracker.span >= SPAN_LIMIT
            )

    def counts(self) -> tuple[dict[Lane, int], int]:
        """Waiting commands by lane, and how many are out."""
        with self._changed:
            return self._queues.counts(), len(self._out)

    def close(self) -> None:
        """Hand out nothing more; waiting workers return."""
        with self._changed:
            self._closed = True
            self._drop_chosen(lambda _: True)
            self._changed.notify_all()

    def _next(self) -> list[Entry]:
        """What a worker may start now."""
        careful = self.careful()
        if not careful:
            self._try_no_more()
        if self._tried is not None:
            tried, self._tried = self._tried, None
            return [tried]
        if careful:
            self._held_back = True
            return []
        return self._queues.take(self._now_ms(), self._batch_size.__getitem__)

    def _try_no_more(self) -> None:
        """Care is over before the chosen one's note was committed: it starts without one, and beside others."""
        if self._chosen is not None:
            self._trials.drop(self._chosen)
            self._tried, self._chosen = self._chosen, None

    def _first(self) -> Entry | None:
        return next(iter(self._queues.take(self._now_ms(), lambda _: 1)), None)

    def _drop_chosen(self, unwanted: Callable[[Entry], bool]) -> None:
        chosen = self._chosen or self._tried
        if chosen is not None and unwanted(chosen):
            self._trials.drop(chosen)
            self._known.forget(chosen.command.command_id)
            self._queues.release(chosen.command.vehicle_id)
            self._chosen = self._tried = None

    def _trackers_of(self, partitions: Iterable[Partition]) -> set[CommitTracker]:
        return {self._trackers[partition] for partition in partitions if partition in self._trackers}
