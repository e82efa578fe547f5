"""Fetched records on their way into the runner's queues: no lane waits until those of another are all taken in.

The client hands records over in the order in which brokers sent them: behind a large answer of one lane, an urgent
record would wait until all of that is read and queued, and with quick handlers handled (seen: thousands of commands).
So records are set down here as they are, which costs little, and are read and queued in small helpings of every lane.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping

from confluent_kafka import Message

from master_orchestrator_agents.backlog import Partition
from master_orchestrator_agents.intake import place_of
from master_orchestrator_schemas.vocabulary import Lane

HELPING = 64
"""So many records are taken in at a time, of all lanes that have some."""

LANDED_LIMIT = 1_000
"""A lane with so many here fetches no more, until half of them are gone."""

LANDED_SIZE_LIMIT = 2 * 1024**2
"""So many bytes likewise."""


class Landing:
    """Belongs to the poll thread."""

    def __init__(self, lane_of: Mapping[str, Lane]) -> None:
        """``lane_of``: the lane of each command topic."""
        self._lane_of = lane_of
        self._landed: dict[Lane, deque[Message]] = {lane: deque() for lane in Lane}
        self._sizes = dict.fromkeys(Lane, 0)
        self._full: set[Lane] = set()

    def land(self, messages: Iterable[Message]) -> None:
        """Set down what was fetched."""
        for message in messages:
            lane = self._lane_of[place_of(message)[0]]
            self._landed[lane].append(message)
            self._sizes[lane] += len(message)
            if len(self._landed[lane]) >= LANDED_LIMIT or self._sizes[lane] >= LANDED_SIZE_LIMIT:
                self._full.add(lane)

    def helping(self, closed: Collection[Lane]) -> list[Message]:
        """What to take in next, the most urgent first; nothing of the lanes that are ``closed``."""
        lanes = self._open(closed)
        return [self._lift(lane) for lane in lanes for _ in range(min(HELPING // len(lanes), len(self._landed[lane])))]

    def waits(self, closed: Collection[Lane]) -> bool:
        """Whether there is something to take in now."""
        return bool(self._open(closed))

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes that should fetch no more for now."""
        return frozenset(self._full)

    def forget(self, partitions: Collection[Partition]) -> None:
        """These have gone."""
        for lane, landed in self._landed.items():
            self._landed[lane] = deque(message for message in landed if place_of(message)[:2] not in partitions)
            self._sizes[lane] = sum(len(message) for message in self._landed[lane])
            self._reopen(lane)

    def _open(self, closed: Collection[Lane]) -> list[Lane]:
        return [lane for lane in Lane if self._landed[lane] and lane not in closed]

    def _lift(self, lane: Lane) -> Message:
        message = self._landed[lane].popleft()
        self._sizes[lane] -= len(message)
        self._reopen(lane)
        return message

    def _reopen(self, lane: Lane) -> None:
        if len(self._landed[lane]) <= LANDED_LIMIT // 2 and self._sizes[lane] <= LANDED_SIZE_LIMIT // 2:
            self._full.discard(lane)
