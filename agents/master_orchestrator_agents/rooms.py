"""What waits, lane by lane, and when a lane has enough. Pure; not thread-safe: its owner sees to that."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from master_orchestrator_schemas.vocabulary import Lane

T = TypeVar("T")


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
