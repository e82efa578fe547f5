"""What is not understood of a file, by name and count: bounded, said once, and nothing else is lost with it."""

from dataclasses import dataclass, field

from master_orchestrator_schemas.units import shown

MAX_COLUMNS = 200
"""Columns that are counted by name; what comes behind them is counted together."""
SHOWN_NAMES = 10
MAX_SHOWN = 60


@dataclass
class Unread:
    """Cells of one column that say nothing we know: how many, and the first of them."""

    cells: int
    line: int
    example: str
    why: str


@dataclass
class Notes:
    """What a reader of one file noted.

    Args:
        remarks: on the file as a whole, once each.
        unread: column -> cells that were left out.
        kept: columns without a field that are kept as ``extras``.
        dropped: columns that are left out as a whole -> why.
    """

    remarks: list[str] = field(default_factory=list)
    unread: dict[str, Unread] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    others: int = 0

    def say(self, remark: str) -> None:
        """Note a remark, once."""
        if remark not in self.remarks and len(self.remarks) < MAX_COLUMNS:
            self.remarks.append(remark)

    def keep(self, column: str) -> None:
        """Note a column that is kept without being understood."""
        if len(self.kept) < MAX_COLUMNS:
            self.kept[column] = None

    def drop(self, column: str, why: str) -> None:
        """Note a column that is left out."""
        if column not in self.dropped and len(self.dropped) < MAX_COLUMNS:
            self.dropped[column] = why

    def cell(self, column: str, line: int, cell: object, why: str) -> None:
        """Count a cell that was left out."""
        known = self.unread.get(column)
        if known is not None:
            known.cells += 1
        elif len(self.unread) < MAX_COLUMNS:
            self.unread[column] = Unread(1, line, shown(cell), why)
        else:
            self.others += 1

    def lines(self) -> list[str]:
        """The notes as lines for people."""
        lines = [*self.remarks]
        by_reason: dict[str, list[str]] = {}
        for name, why in self.dropped.items():
            by_reason.setdefault(why, []).append(name)
        lines += [f"left out: {_named(names)}: {why}" for why, names in by_reason.items()]
        if self.kept:
            lines.append(f"kept in extras without a meaning: {_named(list(self.kept))}")
        for name, unread in list(self.unread.items())[:SHOWN_NAMES]:
            first = f"first {unread.example} in line {unread.line}"
            lines.append(f"column {name!r}: {unread.cells:,} cells left out, {first}: {unread.why}")
        others = self.others + sum(unread.cells for unread in list(self.unread.values())[SHOWN_NAMES:])
        if others:
            lines.append(f"and {others:,} cells of other columns are left out")
        return lines

    def as_json(self) -> dict[str, object]:
        """The notes for ``--json``."""
        return {
            "said": self.remarks,
            "columns_left_out": self.dropped,
            "columns_kept_in_extras": list(self.kept),
            "cells_left_out": {name: unread.__dict__ for name, unread in self.unread.items()},
            "other_cells_left_out": self.others,
        }


def _named(names: list[str]) -> str:
    listed = ", ".join(name[:MAX_SHOWN] for name in names[:SHOWN_NAMES])
    return listed if len(names) <= SHOWN_NAMES else f"{listed} and {len(names) - SHOWN_NAMES} more"
