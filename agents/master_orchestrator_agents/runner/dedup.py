"""Duplicates: the engine sends a command again when it cannot know whether the first one arrived. Pure."""

from master_orchestrator_agents.runner.offsets import OffsetTracker

MAX_COMPLETED = 20_000
"""Completed command ids that are kept: some minutes of a busy runner, about 2 MB."""


class CommandDeduplicator:
    """The ids of the open commands, and of the newest completed ones.

    A duplicate is dropped, not answered again. That of a completed command is complete at once, since the reply is
    durable; that of an open command is complete, and may be committed, when the first one is. After a restart nothing
    is known: the duplicate is handled again, and the engine rejects the second reply as stale. Not thread-safe.
    """

    def __init__(self, max_completed: int = MAX_COMPLETED) -> None:
        self._max_completed = max_completed
        self._open: dict[str, list[tuple[OffsetTracker, int]]] = {}
        self._completed: dict[str, None] = {}  # oldest first: dicts keep their order

    def add(self, command_id: str, tracker: OffsetTracker, offset: int) -> bool:
        """Whether the command, fetched at ``offset``, is new; a new one is open from now on."""
        if command_id in self._completed:
            tracker.complete(offset)
            return False
        places = self._open.setdefault(command_id, [])
        places.append((tracker, offset))
        return len(places) == 1

    def complete(self, command_id: str) -> None:
        """Its reply is delivered, or it needs none: its record and all duplicates so far are complete."""
        for tracker, offset in self._open.pop(command_id, ()):
            tracker.complete(offset)
        self._completed[command_id] = None
        if len(self._completed) > self._max_completed:
            del self._completed[next(iter(self._completed))]

    def forget(self, command_id: str) -> None:
        """It was not handled here and may be fetched again."""
        self._open.pop(command_id, None)
