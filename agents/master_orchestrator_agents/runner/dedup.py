"""Duplicates: the engine sends a command again when it cannot know whether the first one arrived. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from master_orchestrator_agents.runner.offsets import OffsetTracker

MAX_COMPLETED = 20_000
"""Completed command ids that are kept: some minutes of a busy runner, about 2 MB."""

MAX_REPLY_BYTES = 32 * 1024**2
"""Maximum size of the kept replies, the newest ones."""


class DeliveredReply(NamedTuple):
    """A reply as the broker has it."""

    key: bytes
    value: bytes
    headers: Sequence[tuple[str, str | bytes | None]]


class Addition(NamedTuple):
    """What becomes of a fetched command. ``resend``: the reply to send again; the duplicate is complete after that."""

    is_new: bool
    resend: DeliveredReply | None = None


class CommandDeduplicator:
    """The ids of the open commands, and of the newest completed ones with their replies.

    A duplicate is not handled again. That of a completed command is answered with the same reply: the engine takes the
    first that it can use and rejects the others as stale. That of an open command is complete, and may be committed,
    when the first one is. After a restart nothing is known: the duplicate is handled again. Not thread-safe.
    """

    def __init__(self, max_completed: int = MAX_COMPLETED, max_reply_bytes: int = MAX_REPLY_BYTES) -> None:
        self._max_completed, self._free_bytes = max_completed, max_reply_bytes
        self._replies: dict[str, DeliveredReply] = {}
        self._open: dict[str, list[tuple[OffsetTracker, int]]] = {}
        self._completed: dict[str, None] = {}  # oldest first: dicts keep their order

    def add(self, command_id: str, tracker: OffsetTracker, offset: int) -> Addition:
        """Whether the command, fetched at ``offset``, is new; a new one is open from now on."""
        if command_id in self._completed:
            resend = self._replies.get(command_id)
            if resend is None:
                tracker.complete(offset)
            return Addition(is_new=False, resend=resend)
        places = self._open.setdefault(command_id, [])
        places.append((tracker, offset))
        return Addition(is_new=len(places) == 1)

    def complete(self, command_id: str, reply: DeliveredReply | None = None) -> None:
        """Its reply is delivered, or it needs none: its record and all duplicates so far are complete."""
        for tracker, offset in self._open.pop(command_id, ()):
            tracker.complete(offset)
        self._completed[command_id] = None
        if reply is not None:
            self._replies[command_id] = reply
            self._free_bytes -= len(reply.value)
        if len(self._completed) > self._max_completed:
            oldest = next(iter(self._completed))
            del self._completed[oldest]
            self._drop_reply(oldest)
        while self._free_bytes < 0:
            self._drop_reply(next(iter(self._replies)))

    def forget(self, command_id: str) -> None:
        """It was not handled here and may be fetched again."""
        self._open.pop(command_id, None)

    def _drop_reply(self, command_id: str) -> None:
        if (reply := self._replies.pop(command_id, None)) is not None:
            self._free_bytes += len(reply.value)
