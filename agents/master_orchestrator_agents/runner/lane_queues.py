"""Commands fetched and not yet started: one queue per lane, one command per vehicle at a time. Pure."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Generic, TypeVar

from master_orchestrator_agents.runner.lane_picker import LanePicker
from master_orchestrator_agents.runner.offsets import CommitTracker
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

T = TypeVar("T")

QUEUE_LIMIT = 1_000
"""A lane with so many commands waiting fetches no more, until half of them are gone."""

SIZE_LIMIT = 4 * 1024**2
"""So many bytes, as they travelled, likewise: in memory they are several times as large."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A fetched command with its place in Kafka.

    ``since_ms``: the record's timestamp, from when the command waits; ``tracker``: of its partition's assignment;
    ``size``: bytes of the record.
    """

    command: Command
    lane: Lane
    since_ms: int
    offset: int
    tracker: CommitTracker
    size: int
    traceparent: str | None = None


class LaneRooms(Generic[T]):
    """A queue per lane. A lane that has too many or too much is full, until half of either is gone.

    Args:
        limit: so many of a lane are enough.
        size_limit: so many bytes likewise.
        size: bytes of one.
    """

    def __init__(self, limit: int, size_limit: int, size: Callable[[T], int]) -> None:
        self._limit, self._size_limit, self._size = limit, size_limit, size
        self._queues: dict[Lane, deque[T]] = {lane: deque() for lane in Lane}
        self._sizes = dict.fromkeys(Lane, 0)
        self._full: set[Lane] = set()

    def __getitem__(self, lane: Lane) -> Sequence[T]:
        """All of a lane, the oldest first."""
        return self._queues[lane]

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes that have enough."""
        return frozenset(self._full)

    def add(self, lane: Lane, one: T) -> None:
        """It waits, behind all others of its lane."""
        queue = self._queues[lane]
        queue.append(one)
        self._sizes[lane] += self._size(one)
        if len(queue) >= self._limit or self._sizes[lane] >= self._size_limit:
            self._full.add(lane)

    def remove(self, lane: Lane, index: int = 0) -> T:
        """The one that stands there; quick near the front."""
        queue = self._queues[lane]
        one = next(islice(queue, index, None))
        del queue[index]
        self._sizes[lane] -= self._size(one)
        self._reopen(lane)
        return one

    def drop(self, unwanted: Callable[[T], bool]) -> list[T]:
        """Forget some; returns them."""
        dropped = [one for queue in self._queues.values() for one in queue if unwanted(one)]
        for lane, queue in self._queues.items():
            self._queues[lane] = deque(one for one in queue if not unwanted(one))
            self._sizes[lane] = sum(map(self._size, self._queues[lane]))
            self._reopen(lane)
        return dropped

    def _reopen(self, lane: Lane) -> None:
        if len(self._queues[lane]) <= self._limit // 2 and self._sizes[lane] <= self._size_limit // 2:
            self._full.discard(lane)


class LaneQueues:
    """Waiting commands by lane. Not thread-safe: its owner holds a lock.

    Two commands of one vehicle are never out at once, whatever their lanes; within a lane a vehicle's commands keep
    their order, and those of other vehicles pass by.
    """

    def __init__(self, lanes: Mapping[Lane, LaneTerms], limit: int = QUEUE_LIMIT) -> None:
        self._waiting: LaneRooms[Entry] = LaneRooms(limit, SIZE_LIMIT, attrgetter("size"))
        self._busy: set[str] = set()
        self._picker = LanePicker(lanes)

    def add(self, entry: Entry) -> None:
        """A fetched command starts to wait."""
        self._waiting.add(entry.lane, entry)

    def take(self, now_ms: int, batch_size: Callable[[Lane], int]) -> list[Entry]:
        """The next commands to handle, of one lane and of different vehicles; empty when none may start.

        Their vehicles are busy until :meth:`release`. ``batch_size`` tells how many a lane may give at once.
        """
        heads = {lane: index for lane in Lane if (index := self._first_free(lane)) is not None}
        waiting = {lane: self._waiting[lane][index].since_ms for lane, index in heads.items()}
        lane = self._picker.pick(now_ms, waiting)
        if lane is None:
            return []
        taken = [self._remove(lane, heads[lane])]
        while len(taken) < batch_size(lane) and (index := self._first_free(lane)) is not None:
            taken.append(self._remove(lane, index))
        return taken

    def release(self, vehicle_id: str) -> None:
        """The vehicle's command is out no longer."""
        self._busy.discard(vehicle_id)

    def drop(self, unwanted: Callable[[Entry], bool]) -> list[Entry]:
        """Forget waiting commands; returns them."""
        return self._waiting.drop(unwanted)

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes that should fetch no more for now."""
        return self._waiting.full

    def counts(self) -> dict[Lane, int]:
        """How many commands wait, by lane."""
        return {lane: len(self._waiting[lane]) for lane in Lane}

    def _first_free(self, lane: Lane) -> int | None:
        """Where the oldest command of a vehicle that is not busy stands; there are few busy ones to pass by."""
        for index, entry in enumerate(self._waiting[lane]):
            if entry.command.vehicle_id not in self._busy:
                return index
        return None

    def _remove(self, lane: Lane, index: int) -> Entry:
        entry = self._waiting.remove(lane, index)
        self._busy.add(entry.command.vehicle_id)
        return entry
