"""Fetched commands that have not started: one queue per lane, one command per vehicle at a time. Pure."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Generic, TypeVar

from master_orchestrator_agents.runner.lane_picker import LanePicker
from master_orchestrator_agents.runner.offsets import OffsetTracker
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

T = TypeVar("T")

MAX_QUEUED = 1_000
"""Queued commands of a lane after which it is paused, until half of them are gone."""

MAX_QUEUED_BYTES = 4 * 1024**2
"""The same in bytes of the records; decoded, they are several times as large."""


@dataclass(frozen=True, slots=True, eq=False)
class QueuedCommand:
    """A fetched command and where it came from.

    ``since_ms``: the record's timestamp, the start of its wait; ``tracker``: its partition's;
    ``size``: of the record, in bytes.
    """

    command: Command
    lane: Lane
    since_ms: int
    offset: int
    tracker: OffsetTracker
    size: int
    traceparent: str | None = None


class LaneBuffers(Generic[T]):
    """A bounded queue per lane: a lane at a limit is full, until half of it is gone. Not thread-safe.

    Args:
        limit: items of a lane.
        size_limit: bytes of a lane.
        size: bytes of an item.
    """

    def __init__(self, limit: int, size_limit: int, size: Callable[[T], int]) -> None:
        self._limit, self._size_limit, self._size = limit, size_limit, size
        self._queues: dict[Lane, deque[T]] = {lane: deque() for lane in Lane}
        self._sizes = dict.fromkeys(Lane, 0)
        self._full: set[Lane] = set()

    def __getitem__(self, lane: Lane) -> Sequence[T]:
        """The items of a lane, oldest first."""
        return self._queues[lane]

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes at a limit."""
        return frozenset(self._full)

    def add(self, lane: Lane, item: T) -> None:
        """Append to the lane."""
        queue = self._queues[lane]
        queue.append(item)
        self._sizes[lane] += self._size(item)
        if len(queue) >= self._limit or self._sizes[lane] >= self._size_limit:
            self._full.add(lane)

    def put_back(self, lane: Lane, item: T) -> None:
        """Insert at the head of the lane, which is not full by that."""
        self._queues[lane].appendleft(item)
        self._sizes[lane] += self._size(item)

    def remove(self, lane: Lane, index: int = 0) -> T:
        """Remove the item at ``index``; fast near the front."""
        queue = self._queues[lane]
        item = next(islice(queue, index, None))
        del queue[index]
        self._sizes[lane] -= self._size(item)
        self._reopen(lane)
        return item

    def drop(self, matches: Callable[[T], bool]) -> list[T]:
        """Remove all items that match; returns them."""
        dropped = [item for queue in self._queues.values() for item in queue if matches(item)]
        for lane, queue in self._queues.items():
            self._queues[lane] = deque(item for item in queue if not matches(item))
            self._sizes[lane] = sum(map(self._size, self._queues[lane]))
            self._reopen(lane)
        return dropped

    def _reopen(self, lane: Lane) -> None:
        if len(self._queues[lane]) <= self._limit // 2 and self._sizes[lane] <= self._size_limit // 2:
            self._full.discard(lane)


class LaneQueues:
    """Queued commands by lane. Not thread-safe: its owner holds a lock.

    Two commands of one vehicle are never in flight at once, whatever their lanes. Within a lane a vehicle's commands
    keep their order, and those of other vehicles overtake.
    """

    def __init__(self, lanes: Mapping[Lane, LaneTerms], limit: int = MAX_QUEUED) -> None:
        self._queued: LaneBuffers[QueuedCommand] = LaneBuffers(limit, MAX_QUEUED_BYTES, attrgetter("size"))
        self._busy: set[str] = set()
        self._picker = LanePicker(lanes)

    def add(self, entry: QueuedCommand) -> None:
        """Queue a fetched command."""
        self._queued.add(entry.lane, entry)

    def take(self, now_ms: int, batch_size: Callable[[Lane], int]) -> list[QueuedCommand]:
        """The next commands to handle, of one lane and of different vehicles. Empty when none may start.

        Their vehicles are busy until :meth:`release`. ``batch_size``: maximum for a lane.
        """
        heads = {lane: index for lane in Lane if (index := self._first_free(lane)) is not None}
        waiting = {lane: self._queued[lane][index].since_ms for lane, index in heads.items()}
        lane = self._picker.pick(now_ms, waiting)
        if lane is None:
            return []
        taken = [self._remove(lane, heads[lane])]
        while len(taken) < batch_size(lane) and (index := self._first_free(lane)) is not None:
            taken.append(self._remove(lane, index))
        return taken

    def take_one(self, matches: Callable[[QueuedCommand], bool]) -> list[QueuedCommand]:
        """The first command that matches and may start, of the most urgent lane; empty when there is none."""
        for lane in Lane:
            for index, entry in enumerate(self._queued[lane]):
                if matches(entry) and entry.command.vehicle_id not in self._busy:
                    return [self._remove(lane, index)]
        return []

    def put_back(self, entries: Sequence[QueuedCommand]) -> None:
        """Queue commands that were taken and have not begun ahead of all others of their lane, in this order."""
        for entry in reversed(entries):
            self._queued.put_back(entry.lane, entry)
            self.release(entry.command.vehicle_id)

    def release(self, vehicle_id: str) -> None:
        """The vehicle's command is no longer in flight."""
        self._busy.discard(vehicle_id)

    def drop(self, matches: Callable[[QueuedCommand], bool]) -> list[QueuedCommand]:
        """Drop queued commands; returns them."""
        return self._queued.drop(matches)

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes to pause."""
        return self._queued.full

    def __len__(self) -> int:
        """Number of queued commands."""
        return sum(self.counts().values())

    def counts(self) -> dict[Lane, int]:
        """Number of queued commands by lane."""
        return {lane: len(self._queued[lane]) for lane in Lane}

    def _first_free(self, lane: Lane) -> int | None:
        """The index of the oldest command whose vehicle is not busy; few are busy."""
        for index, entry in enumerate(self._queued[lane]):
            if entry.command.vehicle_id not in self._busy:
                return index
        return None

    def _remove(self, lane: Lane, index: int) -> QueuedCommand:
        entry = self._queued.remove(lane, index)
        self._busy.add(entry.command.vehicle_id)
        return entry
