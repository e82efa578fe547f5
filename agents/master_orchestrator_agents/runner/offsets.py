"""Which offset of a partition may be committed: below it, every record is complete. Pure."""

from collections import OrderedDict
from typing import NamedTuple

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner.quarantine.commit_metadata import CommitMetadata


class OffsetAndMetadata(NamedTuple):
    """What is committed of a partition: the next offset to handle, and the text next to it."""

    offset: int
    metadata: str


class OffsetTracker:
    """The incomplete records of one partition; they complete in any order.

    Holds incomplete records only, whatever the number of complete ones behind the oldest. Offsets may have gaps
    (control markers); their order is that of fetching. Not thread-safe.
    """

    def __init__(self, metadata: CommitMetadata) -> None:
        self.metadata = metadata
        self._incomplete: OrderedDict[int, None] = OrderedDict()  # a dict finds its first key slowly after many deletes
        self._next = metadata.since
        self._taken: OffsetAndMetadata | None = None
        self._committed_metadata: str | None = None

    def fetched(self, offset: int) -> None:
        """A record was fetched. Raises :class:`RunnerError` when offsets go backwards: a commit could skip records."""
        if offset < self._next:
            raise RunnerError(f"fetched offset {offset} where {self._next} or later was expected; restart the runner")
        self._incomplete[offset] = None
        self._next = offset + 1

    def complete(self, offset: int) -> None:
        """The record's reply or dead letter is delivered, or it needs none."""
        self._incomplete.pop(offset, None)

    @property
    def span(self) -> int:
        """How many offsets a restart would fetch again."""
        return self._next - self.committable

    @property
    def committable(self) -> int:
        """The offset of the oldest incomplete record; the next offset if there is none."""
        return next(iter(self._incomplete), self._next)

    def take_commit(self) -> OffsetAndMetadata | None:
        """What to commit if it has changed since it was last taken, else None."""
        self.metadata.completed_below(self.committable)
        mark = OffsetAndMetadata(self.committable, self.metadata.encoded)
        if mark == self._taken:
            return None
        self._taken = mark
        return mark

    def committed(self, mark: OffsetAndMetadata) -> None:
        """A commit succeeded."""
        self._committed_metadata = mark.metadata

    @property
    def is_metadata_committed(self) -> bool:
        """Whether the committed metadata is what it should be now."""
        return self._committed_metadata == self.metadata.encoded

    def commit_failed(self) -> None:
        """A commit failed: what was taken is taken again."""
        self._taken = None
