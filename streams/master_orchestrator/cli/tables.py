"""What people see of workflows, statistics and audit trails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from master_orchestrator.cli.output import harmless_text
from master_orchestrator.cli.sentences import sentence
from master_orchestrator.cli.shown import age_of, in_units, now_ms, shown, to_the_second
from master_orchestrator.readers.actor_cell import ActorCell
from master_orchestrator_schemas.vocabulary import Priority, State
from master_orchestrator_schemas.wording import amount

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.core.audit_chain import Violation
    from master_orchestrator.readers.audit_verdict import AuditVerdict
    from master_orchestrator.readers.statistics import Statistics
    from master_orchestrator.readers.verify_actors import ActorsVerdict
    from master_orchestrator_schemas.messages import AuditRecord, Status

PRIORITY_STYLES = {
    Priority.URGENT: "bold red",
    Priority.HIGH: "yellow",
    Priority.SCHEDULED: "cyan",
    Priority.ROUTINE: "",
}
STATE_STYLES = {State.COMPLETED: "green", State.FAILED: "red", State.RETRY: "magenta"}
VIOLATIONS_SHOWN = 50
OUTCOME_STYLES = {"whole": "green", "violated": "red", "cannot be told": "yellow", "nothing to verify": "yellow"}


def workflow_table(statuses: Sequence[Status], matching: int, *, wide: bool = False) -> RenderableType:
    """One line per workflow, of the matching ones. ``wide``: with findings, tasks and times in full.

    States are upper case, priorities lower case: both have a SCHEDULED.
    """
    more = ("tasks", "opened", "updated") if wide else ()
    table = plain_table("workflow", "state", "priority", "age", "due", *more, "findings" if wide else "reason")
    for status in statuses:
        extra = (
            (str(status.attempts), *map(to_the_second, (status.created_at_ms, status.updated_at_ms))) if wide else ()
        )
        table.add_row(
            shown(status.workflow_id),
            _state(status.state),
            Text(status.priority.name.lower(), style=PRIORITY_STYLES.get(status.priority, "")),
            age_of(status.created_at_ms),
            _due(status),
            *extra,
            shown(", ".join(status.findings) if wide else status.reason or ""),
        )
    beyond = matching - len(statuses)
    tail = f"; {beyond} more: see --limit and --all" if beyond else ""
    return Group(table, Text(f"{len(statuses)} workflows{tail}"))


def _due(status: Status) -> str:
    """How long until the engine acts by itself; ``overdue`` where it should have."""
    if status.due_ms is None:
        return ""
    left_ms = status.due_ms - now_ms()
    return f"in {in_units(left_ms)}" if left_ms > 0 else "overdue"


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


def timeline(status: Status, trail: Sequence[AuditRecord]) -> RenderableType:
    """Where a workflow stands, in a sentence, and its audit trail."""
    head = Text.assemble(
        (status.workflow_id, "bold"),
        f" of vehicle {status.vehicle_id}: ",
        _state(status.state),
        f", {status.reason}" if status.reason else "",
        f"; {amount(status.attempts, 'agent task')}",
    )
    return Group(head, shown(sentence(status, trail)), Text(), audit_table(trail))


def audit_table(records: Iterable[AuditRecord]) -> RenderableType:
    """One line per audit record; its details are in the JSON answer."""
    table = plain_table("seq", "at", "what", "reason", "who")
    for record in records:
        table.add_row(
            str(record.seq),
            to_the_second(record.at_ms),
            _state(record.to_state) if record.from_state != record.to_state else Text(record.event, style="dim"),
            shown(record.reason or ""),
            ActorCell(harmless_text(record.actor)),
        )
    return table


def verdict_text(verdict: AuditVerdict) -> RenderableType:
    """The outcome and what was looked at, then a line per violation and per thing that cannot be told."""
    wrong = [_violation_line(violation) for violation in verdict.violations]
    untold = [f"{gap.vehicle_id or 'all vehicles'}: cannot be told: {gap.text}" for gap in verdict.untold]
    head = (
        f"{verdict.outcome.capitalize()}: {amount(verdict.records, 'audit record')} of "
        f"{amount(verdict.workflows, 'workflow')}, {verdict.replayed:,} of them given again by "
        f"{amount(verdict.inputs, 'input')} of {amount(verdict.vehicles, 'vehicle')}"
    )
    return _verdict(head, wrong, untold, OUTCOME_STYLES[verdict.outcome])


def actors_verdict_text(verdict: ActorsVerdict) -> RenderableType:
    """The same of the trails of actors."""
    wrong = [_violation_line(violation) for violation in verdict.violations]
    none_yet = () if verdict.records or verdict.violations else ("the trails hold no record",)
    untold = [f"cannot be told: {text}" for text in verdict.untold or none_yet]
    replayed = (
        f", {verdict.replayed:,} of them given again by {amount(verdict.inputs, 'input')}" if verdict.inputs else ""
    )
    head = f"{verdict.outcome.capitalize()}: {amount(verdict.records, 'record')} of {amount(verdict.actors, 'actor')}"
    return _verdict(head + replayed, wrong, untold, OUTCOME_STYLES[verdict.outcome])


def _verdict(head: str, wrong: list[str], untold: list[str], style: str) -> Text:
    found = f"; {amount(len(wrong), 'violation')}, {amount(len(untold), 'gap')}" if wrong or untold else ""
    return Text("\n".join([head + found, *_shortened(wrong), *_shortened(untold)]), style=style)


def _violation_line(violation: Violation) -> str:
    place = f" ({violation.place})" if violation.place else ""
    name = violation.workflow_id if violation.seq < 0 else f"{violation.workflow_id}/{violation.seq}"
    return f"{name}: {violation.kind}: {violation.text}{place}"


def _shortened(lines: list[str]) -> list[str]:
    more = len(lines) - VIOLATIONS_SHOWN
    return [*lines[:VIOLATIONS_SHOWN], *([f"and {more:,} more"] if more > 0 else [])]


def plain_table(*headings: str) -> Table:
    """A table without lines; where the terminal is narrow, the last column gives way."""
    table = Table(box=None, pad_edge=False)
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=True)
    table.add_column(headings[-1], overflow="fold")
    return table


def _state(state: State) -> Text:
    return Text(state.value, style=STATE_STYLES.get(state, ""))
