"""Which offset of one partition may be committed: the contiguous low-water mark of what is done. Pure."""

from collections import OrderedDict
from typing import NamedTuple

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner.quarantine.commit_metadata import Custody

Partition = tuple[str, int]
"""Topic and partition number."""


class Mark(NamedTuple):
    """What is committed of a partition: the next offset to handle, and the text beside it."""

    offset: int
    metadata: str


class CommitTracker:
    """The records of one partition that were fetched and are not done; they get done in any order.

    Holds the open ones only, however many are done behind the oldest. Offsets may have gaps (control markers); their
    order is that of fetching. Not thread-safe.
    """

    def __init__(self, custody: Custody) -> None:
        self.custody = custody
        self._open: OrderedDict[int, None] = OrderedDict()  # a dict's first key is slow to find once many are gone
        self._next = custody.since
        self._committed: Mark | None = None
        self._noted: str | None = None

    def fetched(self, offset: int) -> None:
        """A record came in. Raises :class:`RunnerError` when offsets go backwards: a commit could skip records."""
        if offset < self._next:
            raise RunnerError(f"fetched offset {offset} where {self._next} or later was expected; restart the runner")
        self._open[offset] = None
        self._next = offset + 1

    def done(self, offset: int) -> None:
        """A fetched record needs nothing more: its reply is delivered, or it never needs one."""
        self._open.pop(offset, None)

    @property
    def span(self) -> int:
        """How many offsets a restart would fetch again."""
        return self._next - self.committable

    @property
    def committable(self) -> int:
        """The offset of the first record that is not done; the next offset when all are."""
        return next(iter(self._open), self._next)

    def take_commit(self) -> Mark | None:
        """What may be committed when it has changed since it was last taken, else None."""
        self.custody.pass_by(self.committable)
        mark = Mark(self.committable, self.custody.metadata)
        if mark == self._committed:
            return None
        self._committed = mark
        return mark

    def committed(self, mark: Mark) -> None:
        """What was taken got through."""
        self._noted = mark.metadata

    @property
    def is_noted(self) -> bool:
        """Whether the text beside the committed offset is what it should be now."""
        return self._noted == self.custody.metadata

    def commit_again(self) -> None:
        """What was taken did not get through."""
        self._committed = None
