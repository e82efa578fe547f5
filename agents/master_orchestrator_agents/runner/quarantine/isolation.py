"""Isolation: after repeated crashes, commands start one at a time, until the one that kills its runner is known.

All runners of a process share this, since they crash together.
"""

import threading
from collections.abc import Callable, Collection

from master_orchestrator_agents.runner.lane_queues import QueuedCommand
from master_orchestrator_agents.runner.quarantine.commit_metadata import ISOLATE_AFTER, CommitMetadata

ISOLATION_S = 60.0
"""How long isolation lasts after a partition was acquired whose holders crashed."""

MAX_ALONE_S = 10.0
"""How long a command runs alone at most: the next one starts when it is complete, or after this time."""

MAX_DOUBLINGS = 4
"""Both times double with each further crash, so that a command that kills slowly is found too."""


class Isolation:
    """Whether this process isolates commands now, and which are in flight. Thread-safe; times in seconds, monotonic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._doublings = 0
        self._with_suspects: list[CommitMetadata] = []
        self._in_flight: dict[QueuedCommand, float] = {}
        self._selected: QueuedCommand | None = None

    def acquired(self, metadata: CommitMetadata, now: float) -> None:
        """A partition was acquired; the crashes of its holders may start or prolong isolation."""
        with self._lock:
            if metadata.suspects:
                self._with_suspects.append(metadata)
            if metadata.deaths >= ISOLATE_AFTER:
                kept = self._doublings if now < self._until else 0
                self._doublings = max(kept, min(metadata.deaths - ISOLATE_AFTER, MAX_DOUBLINGS))
                self._until = max(self._until, now + ISOLATION_S * 2**self._doublings)

    def released(self, metadata: CommitMetadata) -> None:
        """A partition was released."""
        with self._lock:
            self._with_suspects = [each for each in self._with_suspects if each is not metadata]

    def is_active(self, now: float) -> bool:
        """Whether commands start one at a time: for a while, and as long as a suspect has not run."""
        with self._lock:
            return now < self._until or any(metadata.suspects for metadata in self._with_suspects)

    def started(self, entries: Collection[QueuedCommand], now: float) -> None:
        """Handlers start."""
        with self._lock:
            self._in_flight.update(dict.fromkeys(entries, now))
            if self._selected in entries:
                self._selected = None

    def put_back(self, entries: Collection[QueuedCommand]) -> None:
        """They are queued again: their handlers have not started."""
        with self._lock:
            for entry in entries:
                self._in_flight.pop(entry, None)

    def completed(self, entry: QueuedCommand) -> None:
        """A command is answered."""
        with self._lock:
            self._in_flight.pop(entry, None)
            entry.tracker.metadata.clear(entry.offset)

    def select(self, pick: Callable[[], QueuedCommand | None], now: float) -> QueuedCommand | None:
        """The command to start alone next, once its offset is committed; None while another one is selected or alone.

        It is time for the next one when all in flight have survived their time alone.
        """
        alone = MAX_ALONE_S * 2**self._doublings
        with self._lock:
            if self._selected is not None or any(now - since < alone for since in self._in_flight.values()):
                return None
            if (entry := pick()) is not None:
                for other in self._in_flight:
                    other.tracker.metadata.clear(other.offset)
                entry.tracker.metadata.isolated = entry.offset
                self._selected = entry
            return entry

    def deselect(self, entry: QueuedCommand) -> None:
        """The selected command does not run alone: its partition is revoked, or isolation has ended."""
        with self._lock:
            entry.tracker.metadata.isolated = None
            if self._selected is entry:
                self._selected = None
