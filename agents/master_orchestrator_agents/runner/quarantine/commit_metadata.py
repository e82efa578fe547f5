"""What the holders of a partition tell each other through the metadata of its committed offset. Pure.

Kafka keeps a short text beside each committed offset. A runner that takes a partition up notes there that it holds it,
and takes the note back when it leaves in order: so the next one sees that its predecessor died, how often that has
happened in a row, and which command was alone in hand. It costs normal work nothing: the text travels with commits
that are made anyway, but for one when a partition is taken up.
"""

from typing import Self

import msgspec

DOUBT_AFTER = 3
"""So many holders in a row that died without getting any further make the next one careful."""

CONVICTED_AT = 3
"""So many runners that died with a command alone in hand make it one that kills them."""

BLAMED_LIMIT = 32
"""Kafka takes 4,096 bytes of metadata; a death blames one command at most."""


class Custody(msgspec.Struct, omit_defaults=True):
    """One partition in a runner's hands.

    Args:
        held: a runner has it, or had it when it died.
        since: the oldest open offset when it was taken up.
        deaths: how many holders in a row did not leave in order and got no further.
        on_trial: the offset of the command whose handler was started alone.
        blamed: by offset, how many holders died while that command was on trial.
    """

    held: bool = False
    since: int = 0
    deaths: int = 0
    on_trial: int | None = None
    blamed: dict[int, int] = {}

    @classmethod
    def taken_up(cls, metadata: str, offset: int) -> Self:
        """What a new holder begins with, from what the last one left; ``offset``: the first that it fetched.

        A text of someone else's (a tool that reset the offsets) means nothing.
        """
        try:
            was = msgspec.json.decode(metadata, type=cls)
        except msgspec.DecodeError:
            was = cls()
        blamed = was.blamed
        if was.held and was.on_trial is not None:
            blamed[was.on_trial] = blamed.pop(was.on_trial, 0) + 1  # the newest stands last
        now = cls(held=True, since=offset, blamed=dict(list(blamed.items())[-BLAMED_LIMIT:]))
        now.pass_by(offset)
        now.deaths = was.held + (was.deaths if now.blamed or offset <= was.since else 0)
        if any(count >= CONVICTED_AT for count in now.blamed.values()):
            now.deaths = DOUBT_AFTER  # explained; careful still, for the engine sends the command again
        return now

    def left(self) -> None:
        """The holder goes in order: nobody is to blame for its end."""
        self.held = False
        self.on_trial = None

    def pass_by(self, offset: int) -> None:
        """All below ``offset`` is done."""
        for at in [at for at in list(self.blamed) if at < offset]:
            self.blamed.pop(at, None)

    def acquit(self, offset: int) -> None:
        """The command at ``offset`` is answered, or has outlived its trial."""
        self.blamed.pop(offset, None)
        if self.on_trial == offset:
            self.on_trial = None

    def convicted(self, offset: int) -> bool:
        """Whether the command at ``offset`` has killed as many runners as it may."""
        return self.blamed.get(offset, 0) >= CONVICTED_AT

    @property
    def metadata(self) -> str:
        """The text for the commit."""
        return msgspec.json.encode(self).decode()
