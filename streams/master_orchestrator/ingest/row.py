"""What a file gives: rows, and what could not be read as one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One row: the line it begins on (1-based), its columns' names and their cells. JSON's cells have JSON's types."""

    line: int
    columns: tuple[str, ...]
    values: Sequence[object]

    @property
    def cells(self) -> Mapping[str, object]:
        """Column -> cell; of a column that is there twice, the first."""
        return dict(zip(reversed(self.columns), reversed(self.values), strict=True))


class BadRow(NamedTuple):
    """A row that could not be read as one, and why."""

    line: int
    text: str
    reason: str
