"""The board as rich tables on a terminal, and as plain lines elsewhere."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from master_orchestrator.demo.board import Board, BoardRow
from master_orchestrator.readers.actor_cell import ActorCell
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.vocabulary import Priority, State

PRIORITY_STYLE = {
    Priority.URGENT: "bold red",
    Priority.HIGH: "yellow",
    Priority.SCHEDULED: "cyan",
    Priority.ROUTINE: "",
}
STATE_STYLE = {State.COMPLETED: "green", State.FAILED: "bold red", State.RETRY: "magenta"}
FINDINGS_SHOWN = 3
COLUMNS: Mapping[str, int | None] = {
    "vehicle": None,
    "broken": 4,
    "found": 5,
    "state": None,
    "priority": None,
    "tries": None,
    "age": None,
}
"""Columns of the live table; those with a number share the rest of the width. Tries in colour: with retries."""


class Pulse(NamedTuple):
    """What goes on besides the workflows.

    ``elapsed_s`` since the demo's start; ``readings`` acknowledged so far, ``readings_per_s`` now;
    ``changes_per_s``: status records per second now.
    """

    elapsed_s: float
    readings: int
    readings_per_s: float
    changes_per_s: float


def live_view(board: Board, pulse: Pulse, now_ms: int, most_rows: int, faults: Mapping[str, str]) -> RenderableType:
    """The live table: at most ``most_rows`` workflows, and a line of figures under them."""
    rows = board.rows(now_ms)
    table = Table(box=None, pad_edge=False, expand=True)
    for name, share in COLUMNS.items():
        table.add_column(name, ratio=share, no_wrap=True, justify="right" if name == "age" else "left")
    for row in rows[:most_rows]:
        table.add_row(*_cells(row, faults.get(row.vehicle_id, "")))
    hidden = len(rows) - most_rows
    more = [Text(f"and {hidden} more", style="dim")] if hidden > 0 else []
    return Group(table, *more, Text(progress_line(board, pulse), style="bold"))


def _cells(row: BoardRow, fault: str) -> tuple[str | Text, ...]:
    state = row.state.value if row.state is not State.RETRY else f"RETRY {row.step or ''}".rstrip()
    ended = f" ({row.reason})" if row.reason else ""
    return (
        row.vehicle_id,
        fault,
        ", ".join(row.findings[:FINDINGS_SHOWN]),
        Text(state + ended, style=STATE_STYLE.get(row.state, "")),
        Text(row.priority.name, style=PRIORITY_STYLE[row.priority]),
        Text(str(row.attempts), style=STATE_STYLE[State.RETRY] if row.retried else ""),
        f"{row.age_s:.1f} s",
    )


def progress_line(board: Board, pulse: Pulse) -> str:
    """The figures in one line: counts per state, readings and changes per second."""
    counts = ", ".join(f"{state.value} {count}" for state, count in board.counts().items()) or "no workflow yet"
    return (
        f"{pulse.elapsed_s:5.1f} s  {pulse.readings:,} readings "
        f"({pulse.readings_per_s:,.0f}/s)  {pulse.changes_per_s:,.0f} changes/s  {board.retries} retries  {counts}"
    )


def timeline(records: Sequence[AuditRecord]) -> RenderableType:
    """One workflow's audit trail, in order: where it went, when (seconds from its opening), by whom, and why."""
    title = f"timeline of {records[0].workflow_id}, {records[-1].priority.name}"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for name in ("seq", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("by")
    table.add_column("why", no_wrap=True)
    for record in records:
        table.add_row(
            str(record.seq),
            f"{(record.at_ms - records[0].at_ms) / 1000:.3f}",
            _what(record),
            ActorCell(record.actor),
            record.reason or "",
        )
    return table


def _what(record: AuditRecord) -> Text:
    """The state that it went to, or the event that left it where it was."""
    if record.from_state is record.to_state:
        return Text(record.event, style="dim")
    return Text(record.to_state.value, style=STATE_STYLE.get(record.to_state, ""))
