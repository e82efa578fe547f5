"""Repeats: the engine sends a command again when it cannot know whether the first one arrived. Pure."""

from master_orchestrator_agents.runner.offsets import CommitTracker

REMEMBERED = 20_000
"""Finished commands whose ids are kept: some minutes of a busy runner, about 2 MB."""


class KnownCommands:
    """The ids of commands that are open here, and of the newest that are finished.

    A known command is dropped, not answered again: a finished one's reply is delivered and durable; a repeat of an open
    one is done, so that it can be committed, only when the first is. After a restart nothing is known; then a repeat is
    handled again, and the engine refuses the second reply as stale. Not thread-safe.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._open: dict[str, list[tuple[CommitTracker, int]]] = {}
        self._finished: dict[str, None] = {}  # oldest first: dicts keep their order

    def admit(self, command_id: str, tracker: CommitTracker, offset: int) -> bool:
        """Whether the command, fetched at ``offset``, is new here; if so it is open from now on."""
        if command_id in self._finished:
            tracker.done(offset)
            return False
        places = self._open.setdefault(command_id, [])
        places.append((tracker, offset))
        return len(places) == 1

    def finish(self, command_id: str) -> None:
        """Its reply is delivered, or it needs none: its record and all repeats so far are done."""
        for tracker, offset in self._open.pop(command_id, ()):
            tracker.done(offset)
        self._finished[command_id] = None
        if len(self._finished) > self._remembered:
            del self._finished[next(iter(self._finished))]

    def forget(self, command_id: str) -> None:
        """It was not handled here and may come again."""
        self._open.pop(command_id, None)
