"""Fetched records on their way into the runner's queues: no lane waits until those of another are all taken in.

The client hands records over in the order in which brokers sent them: behind a large answer of one lane, an urgent
record would wait until all of that is read and queued, and with quick handlers handled (seen: thousands of commands).
So records are set down here as they are, which costs little, and are read and queued in small helpings of every lane.
"""

from collections.abc import Collection, Iterable, Mapping

from confluent_kafka import Message

from master_orchestrator_agents.runner.command_reader import place_of
from master_orchestrator_agents.runner.lane_queues import LaneRooms
from master_orchestrator_agents.runner.offsets import Partition
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
        self._landed: LaneRooms[Message] = LaneRooms(LANDED_LIMIT, LANDED_SIZE_LIMIT, len)

    def land(self, messages: Iterable[Message]) -> None:
        """Set down what was fetched."""
        for message in messages:
            self._landed.add(self._lane_of[place_of(message)[0]], message)

    def helping(self, closed: Collection[Lane]) -> list[Message]:
        """What to take in next, the most urgent first; nothing of the lanes that are ``closed``."""
        lanes = self._open(closed)
        return [
            self._landed.remove(lane)
            for lane in lanes
            for _ in range(min(HELPING // len(lanes), len(self._landed[lane])))
        ]

    def waits(self, closed: Collection[Lane]) -> bool:
        """Whether there is something to take in now."""
        return bool(self._open(closed))

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes that should fetch no more for now."""
        return self._landed.full

    def forget(self, partitions: Collection[Partition]) -> None:
        """These have gone."""
        self._landed.drop(lambda message: place_of(message)[:2] in partitions)

    def _open(self, closed: Collection[Lane]) -> list[Lane]:
        return [lane for lane in Lane if self._landed[lane] and lane not in closed]
