"""What the holders of a partition tell each other through the metadata of its committed offset. Pure.

Kafka stores a short text next to each committed offset. A runner that acquires a partition writes there that it holds
it, and removes that when it releases the partition. So the next holder sees that its predecessor crashed, how many
crashed in a row, and which command each of them ran in isolation. The text travels with commits that are made anyway,
except for one at acquisition.
"""

from typing import Self

import msgspec

ISOLATE_AFTER = 3
"""Crashes in a row, without progress, after which the next holder starts commands in isolation."""

QUARANTINE_AFTER = 3
"""Crashes while a command ran in isolation after which it is quarantined: answered without its handler."""

MAX_SUSPECTS = 32
"""Kafka stores 4,096 bytes of metadata by default; a crash adds one suspect at most."""


class CommitMetadata(msgspec.Struct, omit_defaults=True, rename={"isolated": "on_trial", "suspects": "blamed"}):
    """The state of one partition in a runner's hands. The names on the wire are older than those here, and stay.

    Args:
        held: a runner holds the partition, or held it when it crashed.
        since: the oldest incomplete offset when the partition was acquired.
        deaths: holders in a row that crashed without progress.
        isolated: the offset of the command that runs in isolation.
        suspects: by offset, how many holders crashed while that command ran in isolation.
    """

    held: bool = False
    since: int = 0
    deaths: int = 0
    isolated: int | None = None
    suspects: dict[int, int] = {}

    @classmethod
    def acquired(cls, metadata: str, offset: int) -> Self:
        """The state of a new holder, from what the last one committed; ``offset``: the first one fetched.

        A text of another origin, such as a tool that reset the offsets, is ignored.
        """
        try:
            last = msgspec.json.decode(metadata, type=cls)
        except msgspec.DecodeError:
            last = cls()
        suspects = last.suspects
        if last.held and last.isolated is not None:
            suspects[last.isolated] = suspects.pop(last.isolated, 0) + 1  # the newest stands last
        now = cls(held=True, since=offset, suspects=dict(list(suspects.items())[-MAX_SUSPECTS:]))
        now.completed_below(offset)
        now.deaths = last.held + (last.deaths if now.suspects or offset <= last.since else 0)
        if any(count >= QUARANTINE_AFTER for count in now.suspects.values()):
            now.deaths = ISOLATE_AFTER  # explained; isolation goes on, for the engine sends the command again
        return now

    def release(self) -> None:
        """The holder gives the partition up in order: no command is suspected."""
        self.held = False
        self.isolated = None

    def completed_below(self, offset: int) -> None:
        """All commands below ``offset`` are complete."""
        for suspect in [at for at in list(self.suspects) if at < offset]:
            self.suspects.pop(suspect, None)

    def clear(self, offset: int) -> None:
        """The command at ``offset`` is answered, or has survived its isolation."""
        self.suspects.pop(offset, None)
        if self.isolated == offset:
            self.isolated = None

    def is_quarantined(self, offset: int) -> bool:
        """Whether the command at ``offset`` has crashed as many runners as it may."""
        return self.suspects.get(offset, 0) >= QUARANTINE_AFTER

    @property
    def encoded(self) -> str:
        """The text for the commit."""
        return msgspec.json.encode(self).decode()
