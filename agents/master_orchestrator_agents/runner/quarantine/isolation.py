"""Finding the command that kills its runner, when one does: for a while, commands are started one at a time.

All runners of a process share this, since they die together.
"""

import threading
from collections.abc import Callable, Collection

from master_orchestrator_agents.runner.lane_queues import Entry
from master_orchestrator_agents.runner.quarantine.commit_metadata import DOUBT_AFTER, Custody

CAREFUL_SECONDS = 60.0
"""How long a runner is careful after it took up a partition whose holders died."""

ALONE_SECONDS = 10.0
"""How long a command is on trial at most: the next one starts when it is done, or has outlived this."""

MOST_DOUBLINGS = 4
"""Both double with each further death, so that a killer that takes its time is found too."""


class Trials:
    """Whether this process is careful now, and what it has in hand. Thread-safe; times in seconds, of one clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._doublings = 0
        self._blaming: list[Custody] = []
        self._in_hand: dict[Entry, float] = {}
        self._next: Entry | None = None

    def taken_up(self, custody: Custody, now: float) -> None:
        """A partition has come; from the deaths of its holders follows how careful to be."""
        with self._lock:
            if custody.blamed:
                self._blaming.append(custody)
            if custody.deaths >= DOUBT_AFTER:
                kept = self._doublings if now < self._until else 0
                self._doublings = max(kept, min(custody.deaths - DOUBT_AFTER, MOST_DOUBLINGS))
                self._until = max(self._until, now + CAREFUL_SECONDS * 2**self._doublings)

    def given_up(self, custody: Custody) -> None:
        """A partition has gone."""
        with self._lock:
            self._blaming = [each for each in self._blaming if each is not custody]

    def careful(self, now: float) -> bool:
        """Whether commands start one at a time: for some time, and while a blamed one is still to be tried."""
        with self._lock:
            return now < self._until or any(custody.blamed for custody in self._blaming)

    def started(self, entries: Collection[Entry], now: float) -> None:
        """Handlers start."""
        with self._lock:
            self._in_hand.update(dict.fromkeys(entries, now))
            if self._next in entries:
                self._next = None

    def finished(self, entry: Entry) -> None:
        """A command is answered."""
        with self._lock:
            self._in_hand.pop(entry, None)
            entry.tracker.custody.acquit(entry.offset)

    def choose(self, pick: Callable[[], Entry | None], now: float) -> Entry | None:
        """The next one to be started alone, once that is committed; None while it is nobody's turn.

        It is someone's turn when all in hand have outlived their trial and no other one is chosen.
        """
        alone = ALONE_SECONDS * 2**self._doublings
        with self._lock:
            if self._next is not None or any(now - since < alone for since in self._in_hand.values()):
                return None
            if (entry := pick()) is not None:
                for other in self._in_hand:
                    other.tracker.custody.acquit(other.offset)
                entry.tracker.custody.on_trial = entry.offset
                self._next = entry
            return entry

    def drop(self, entry: Entry) -> None:
        """The chosen one is not to be tried: it goes elsewhere, or care is over and it starts like any other."""
        with self._lock:
            entry.tracker.custody.on_trial = None
            if self._next is entry:
                self._next = None
