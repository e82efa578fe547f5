"""Commands fetched and not yet started: one queue per lane, one command per vehicle at a time. Pure."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from master_orchestrator_agents.lanes import LanePicker
from master_orchestrator_agents.offsets import CommitTracker
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.topology import LaneTerms
from master_orchestrator_schemas.vocabulary import Lane

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


class LaneQueues:
    """Waiting commands by lane. Not thread-safe: its owner holds a lock.

    Two commands of one vehicle are never out at once, whatever their lanes; within a lane a vehicle's commands keep
    their order, and those of other vehicles pass by.
    """

    def __init__(self, lanes: Mapping[Lane, LaneTerms], limit: int = QUEUE_LIMIT) -> None:
        self._waiting: dict[Lane, deque[Entry]] = {lane: deque() for lane in Lane}
        self._busy: set[str] = set()
        self._picker = LanePicker(lanes)
        self._limit = limit
        self._sizes = dict.fromkeys(Lane, 0)
        self._full: set[Lane] = set()

    def add(self, entry: Entry) -> None:
        """A fetched command starts to wait."""
        queue = self._waiting[entry.lane]
        queue.append(entry)
        self._sizes[entry.lane] += entry.size
        if len(queue) >= self._limit or self._sizes[entry.lane] >= SIZE_LIMIT:
            self._full.add(entry.lane)

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
        dropped = [entry for queue in self._waiting.values() for entry in queue if unwanted(entry)]
        for lane, queue in self._waiting.items():
            self._waiting[lane] = deque(entry for entry in queue if not unwanted(entry))
            self._sizes[lane] = sum(entry.size for entry in self._waiting[lane])
            self._reopen(lane)
        return dropped

    @property
    def full(self) -> frozenset[Lane]:
        """The lanes that should fetch no more for now."""
        return frozenset(self._full)

    def counts(self) -> dict[Lane, int]:
        """How many commands wait, by lane."""
        return {lane: len(queue) for lane, queue in self._waiting.items()}

    def _first_free(self, lane: Lane) -> int | None:
        """Where the oldest command of a vehicle that is not busy stands; there are few busy ones to pass by."""
        queue = self._waiting[lane]
        return next((i for i, entry in enumerate(queue) if entry.command.vehicle_id not in self._busy), None)

    def _remove(self, lane: Lane, index: int) -> Entry:
        queue = self._waiting[lane]
        entry = next(islice(queue, index, None))
        del queue[index]
        self._sizes[lane] -= entry.size
        self._busy.add(entry.command.vehicle_id)
        self._reopen(lane)
        return entry

    def _reopen(self, lane: Lane) -> None:
        if len(self._waiting[lane]) <= self._limit // 2 and self._sizes[lane] <= SIZE_LIMIT // 2:
            self._full.discard(lane)
