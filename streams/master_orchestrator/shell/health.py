"""Whether the engine is ready, and whether it is alive: computed from how far its loops have come, when it is asked.

Ready: the owned partitions are restored and fetched, or the group has given this worker none and it stands by.

Not ready either: a topic is no longer what the topology says (partitions added, another time type).

Not alive, which means that a restart may help: the event loop does not turn; a transaction does not end; nothing was
fetched, though nothing holds the fetcher up; the timers' thread is gone or stands still; an assignment does not get
through. An engine whose brokers are gone is not alive either after a while: from inside it looks the same.
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from master_orchestrator_schemas.health import HealthVerdict

QUIET_S = 10.0
"""Not ready if nothing was fetched for this long. An idle engine fetches five times a second."""

STUCK_S = 90.0
"""Not alive if what should go on has stood still for this long: more than a transaction and a delivery may take."""

STALLED_S = 600.0
"""Longer than any restore should take."""


class EnginePhase(NamedTuple):
    """Where the engine stands with its group. ``since``: monotonic seconds.

    ``partitions`` None: a rebalance or restore is under way, or the group has not answered yet.
    """

    partitions: int | None
    since: float


class Progress(Protocol):
    """What is asked of the engine. Times are monotonic seconds."""

    @property
    def phase(self) -> EnginePhase:
        """Whether it has its partitions."""

    def oldest_transaction(self) -> float | None:
        """When the oldest transaction under way began; None if there is none."""

    @property
    def timers_alive(self) -> bool:
        """Whether the timers' thread runs."""

    @property
    def sending_ticks_since(self) -> float | None:
        """Since when the timers' thread is sending; None while it waits."""

    @property
    def topic_problems(self) -> tuple[str, ...]:
        """What is wrong with the topics."""


class EngineHealth:
    """The marks that the loops leave, and the verdicts. The event loop sets the marks, any thread asks for verdicts."""

    def __init__(self, engine: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._clock = engine, clock
        self._turned_at = self._fetched_at = clock()
        self._silent_s = 0.0

    def turned(self) -> None:
        """The event loop turns."""
        self._turned_at = self._clock()

    def fetched(self, silent_s: float) -> None:
        """The fetcher was asked for records. ``silent_s``: since when a partition's leader has not answered it."""
        self._fetched_at, self._silent_s = self._clock(), silent_s

    def ready(self) -> HealthVerdict:
        """Whether it does its work, or stands by for it."""
        now, phase = self._clock(), self._engine.phase
        if phase.partitions is None:
            return HealthVerdict(
                ok=False, why=f"waits for its partitions or restores them, for {now - phase.since:.0f} s"
            )
        if self._fetched_at < phase.since or now - self._fetched_at > QUIET_S:
            return HealthVerdict(
                ok=False, why=f"has its partitions, but has fetched nothing for {self._unfetched(now):.0f} s"
            )
        if (silent := self._silent(now)) > QUIET_S:
            return HealthVerdict(ok=False, why=f"the leader of a partition has not answered for {silent:.0f} s")
        if problems := self._engine.topic_problems:
            return HealthVerdict(ok=False, why=problems[0])
        if phase.partitions == 0:
            return HealthVerdict(ok=True, why="stands by: the partitions are other workers'")
        return HealthVerdict(ok=True, why=f"partitions owned and fetched: {phase.partitions}")

    def live(self) -> HealthVerdict:
        """Whether it makes progress, or has good reason not to."""
        for what, seconds, bound in self._waits(self._clock()):
            if seconds > bound:
                return HealthVerdict(ok=False, why=f"{what} for {seconds:.0f} s")
        if not self._engine.timers_alive:
            return HealthVerdict(ok=False, why="the timers' thread has ended")
        return HealthVerdict(ok=True, why="makes progress")

    def _waits(self, now: float) -> Iterator[tuple[str, float, float]]:
        """What is waited for: in words, how long already, how long at most."""
        phase = self._engine.phase
        yield "the event loop has not turned", now - self._turned_at, STUCK_S
        begun, sending = self._engine.oldest_transaction(), self._engine.sending_ticks_since
        if begun is not None:
            yield "a transaction has been under way", now - begun, STUCK_S
        if sending is not None:
            yield "due ticks could not be sent", now - sending, STUCK_S
        if phase.partitions is None:
            yield "no assignment could be completed", now - phase.since, STALLED_S
        else:
            yield "nothing was fetched", self._unfetched(now), STUCK_S
            yield "the leader of a partition has not answered", self._silent(now), STUCK_S

    def _unfetched(self, now: float) -> float:
        return now - max(self._fetched_at, self._engine.phase.since)

    def _silent(self, now: float) -> float:
        """Nobody was asked before the assignment."""
        return min(self._silent_s, now - self._engine.phase.since)
