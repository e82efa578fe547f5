"""One gateway: it begins its acts at the load's pace, and sends each shot when it is due."""

import itertools
import threading
import time
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Protocol

from chaos_suite.journal import now_ms
from chaos_suite.sent import OutgoingShot
from chaos_suite.shots import Scene, Shot
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.topology import Topology

TICK_S = 0.05
MAX_BEHIND_S = 2.0
"""A gateway that was held up takes up its pace again, rather than make up for more than this."""
BETWEEN_ACTS_S = 0.1


class Pace:
    """How fast acts begin. ``factor`` is changed while the load runs."""

    def __init__(self, acts_per_s: float) -> None:
        self._interval_s = 1 / acts_per_s
        self.factor = 1.0

    @property
    def interval_s(self) -> float:
        """Seconds between two acts of one gateway, now."""
        return self._interval_s / self.factor


class ShotSender(Protocol):
    """A producer and what a gateway does when it fails."""

    def send(self, batch: list[OutgoingShot]) -> None:
        """Hand over what is due, in this order."""

    def poll(self, seconds: float) -> None:
        """Take delivery reports, waiting for the first."""

    def finish(self, timeout_s: float) -> None:
        """Wait for all delivery reports; what has none by then counts as unknown."""


class LoadGateway:
    """Sends until it is stopped. Runs in a thread of its own."""

    def __init__(self, acts: Iterator[Scene], pace: Pace, sender: ShotSender, topology: Topology) -> None:
        self._acts, self._pace, self._sender = acts, pace, sender
        self._topology, self._codec = topology, Codec(topology.limits)
        self._due: list[tuple[float, int, int, Shot]] = []
        self._order = itertools.count()
        self._free_from: dict[str, float] = {}
        self._clock_ms = now_ms() - int(time.monotonic() * 1000)  # readings' times never go back

    def run(self, stopping: threading.Event, *, finish_s: float) -> None:
        """Until ``stopping``; then send what is held back still, and wait for the answers."""
        next_s = time.monotonic()
        while not stopping.is_set():
            now_s = time.monotonic()
            next_s = max(next_s, now_s - MAX_BEHIND_S)
            while next_s <= now_s:
                self._begin(next(self._acts), now_s)
                next_s += self._pace.interval_s
            self._send(now_s)
            ahead_s = min(next_s, self._due[0][0] if self._due else next_s) - time.monotonic()
            self._sender.poll(min(max(ahead_s, 0.0), TICK_S))
        self._send(float("inf"))
        self._sender.finish(finish_s)

    def _begin(self, act: Scene, now_s: float) -> None:
        """After the vehicle's last act, if that is not over."""
        start_s = max(now_s, self._free_from.get(act.vehicle, 0.0))
        self._free_from[act.vehicle] = start_s + act.lasts_s + BETWEEN_ACTS_S
        act_ms = self._clock_ms + int(start_s * 1000)
        for shot in act.shots:
            heappush(self._due, (start_s + shot.after_s, next(self._order), act_ms, shot))

    def _send(self, until_s: float) -> None:
        batch = []
        while self._due and self._due[0][0] <= until_s:
            _, _, act_ms, shot = heappop(self._due)
            batch.append(self._outgoing(shot, act_ms))
        if batch:
            self._sender.send(batch)

    def _outgoing(self, shot: Shot, act_ms: int) -> OutgoingShot:
        reading = shot.stamped(act_ms)
        written = shot.write(reading, self._codec)
        return OutgoingShot(shot, self._topology.topic_of(written.schema), written.key, written.value, reading.ts_ms)
