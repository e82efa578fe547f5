"""What people see of workflows, statistics and audit trails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.vocabulary import Priority, State

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.readers.statistics import Statistics
    from master_orchestrator.readers.verify import Verdict
    from master_orchestrator_schemas.messages import AuditRecord, Status

PRIORITY_STYLES = {
    Priority.URGENT: "bold red",
    Priority.HIGH: "yellow",
    Priority.SCHEDULED: "cyan",
    Priority.ROUTINE: "",
}
STATE_STYLES = {State.COMPLETED: "green", State.FAILED: "red", State.RETRY: "magenta"}
DETAILS_SHOWN = 120
VIOLATIONS_SHOWN = 50


def workflow_table(statuses: Sequence[Status]) -> RenderableType:
    """One line per workflow."""
    table = Table(title=f"{len(statuses)} workflows", title_justify="left")
    for heading in ("workflow", "vehicle", "state", "priority", "attempts", "reason", "updated"):
        table.add_column(heading, overflow="fold")
    for status in statuses:
        table.add_row(
            Text(status.workflow_id),
            Text(status.vehicle_id),
            _state(status.state),
            Text(status.priority.name, style=PRIORITY_STYLES[status.priority]),
            str(status.attempts),
            Text(status.reason or ""),
            rfc3339(status.updated_at_ms),
        )
    return table


def statistics_table(figures: Statistics) -> RenderableType:
    """The figures, then the states that any workflow is in."""
    table = Table(show_header=False)
    for name, value in figures.items():
        if name == "average_completion_time":
            table.add_row("average completion time", f"{figures['average_completion_time']:.3f} s")
        elif name != "workflows_by_state":
            table.add_row(name.replace("_", " "), str(value))
    for state, count in figures["workflows_by_state"].items():
        if count:
            table.add_row(Text(f"in {state}", style=STATE_STYLES.get(State(state), "")), str(count))
    return table


def timeline(status: Status, trail: Iterable[AuditRecord]) -> RenderableType:
    """Where a workflow stands, and its audit trail."""
    head = Text.assemble(
        (status.workflow_id, "bold"),
        f" of vehicle {status.vehicle_id}: ",
        _state(status.state),
        f", {status.priority.name}",
        f", {status.reason}" if status.reason else "",
        f"; {status.attempts} executions; findings: {', '.join(status.findings) or 'none'}",
    )
    return Group(head, audit_table(trail))


def audit_table(records: Iterable[AuditRecord]) -> RenderableType:
    """One line per audit record."""
    table = Table()
    for heading in ("seq", "at", "event", "move", "priority", "actor", "reason", "details"):
        table.add_column(heading, overflow="fold")
    for record in records:
        moved = record.from_state != record.to_state
        table.add_row(
            str(record.seq),
            rfc3339(record.at_ms)[11:-1],
            Text(record.event),
            Text(f"{record.from_state or ''} -> {record.to_state}" if moved else ""),
            record.priority.name,
            Text(record.actor),
            Text(record.reason or ""),
            Text(record.details[:DETAILS_SHOWN] if record.details != "{}" else ""),
        )
    return table


def verdict_text(verdict: Verdict) -> RenderableType:
    """One line if all is well, else a line per violation."""
    if not verdict.violations:
        return Text(f"Clean: {verdict.records} audit records of {verdict.workflows} workflows.", style="green")
    shown = verdict.violations[:VIOLATIONS_SHOWN]
    lines = [f"{wrong.workflow_id}/{wrong.seq}: {wrong.kind}: {wrong.text}" for wrong in shown]
    more = len(verdict.violations) - len(shown)
    head = f"{len(verdict.violations)} violations in {verdict.records} records of {verdict.workflows} workflows:"
    return Text("\n".join([head, *lines, *([f"and {more} more"] if more else [])]), style="red")


def _state(state: State) -> Text:
    return Text(state.value, style=STATE_STYLES.get(state, ""))
