"""What a worker takes at once while its handler is quick: several commands of a lane, handled one after the other."""

import time
from collections import deque
from collections.abc import Iterable

from master_orchestrator_agents.runner.lane_queues import QueuedCommand

MAX_AGE_S = 0.05
"""After this time, what has not begun is queued again: some command is not as quick as those before it."""


class Helping:
    """One worker's commands. What has not begun may be taken back by another thread: each command goes to one of them.

    ``handled``: those whose replies are sent, and whose vehicles are not released yet.
    """

    def __init__(self, entries: Iterable[QueuedCommand]) -> None:
        self._waiting, self.handled = deque(entries), deque[QueuedCommand]()
        self._since = time.monotonic()

    def next(self) -> QueuedCommand | None:
        """The next command to handle."""
        return _pop(self._waiting)

    def age_s(self) -> float:
        """How long ago it was taken."""
        return time.monotonic() - self._since

    def is_late(self) -> bool:
        """Whether commands have waited too long behind others of this helping."""
        return bool(self._waiting) and self.age_s() > MAX_AGE_S

    def take_back(self) -> list[QueuedCommand]:
        """Take what has not begun, in order."""
        return _all_of(self._waiting)

    def take_handled(self) -> list[QueuedCommand]:
        """Take what is handled, to be released."""
        return _all_of(self.handled)


def _pop(entries: deque[QueuedCommand]) -> QueuedCommand | None:
    try:
        return entries.popleft()
    except IndexError:
        return None


def _all_of(entries: deque[QueuedCommand]) -> list[QueuedCommand]:
    return list(iter(lambda: _pop(entries), None))
