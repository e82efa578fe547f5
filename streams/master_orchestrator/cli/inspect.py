"""`status`, `workflows`, `stats`: how things stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from master_orchestrator.cli import completion
from master_orchestrator.cli.context import AnswerIsNoError, NothingSuchError, invocation, member_named
from master_orchestrator.cli.output import JsonOption, answer, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.readers.statistics import Statistics
    from master_orchestrator.readers.statuses import NewestStatuses, StatusHead
    from master_orchestrator_schemas.messages import AuditRecord, Status


PANEL = "Workflows"
HOW_TO_LIST = "list them with 'master-orchestrator workflows'"
WorkflowArgument = Annotated[
    str,
    typer.Argument(metavar="WORKFLOW", help="A workflow id, like truck-7~0.", autocompletion=completion.workflow_ids),
]
WIDE = 160
"""Columns of the wide table, however narrow the terminal is: an id that is cut cannot be copied."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator status truck-7~0")(status)
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator workflows --priority URGENT")(workflows)
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator stats --json")(stats)


def status(ctx: typer.Context, workflow: WorkflowArgument, *, json: JsonOption = False) -> None:
    """Say where a workflow stands and what happens next, with its audit trail; exit code 1 if there is none."""
    from msgspec.structs import replace

    from master_orchestrator.cli.sentences import error_of
    from master_orchestrator.cli.tables import timeline
    from master_orchestrator.readers.reports import audit_report, workflow_report

    newest, trail = standing(ctx, workflow)
    lines = tuple(audit_report(record) for record in trail)
    report = replace(workflow_report(newest), error=error_of(newest, trail), audit=lines)
    answer(plain(report), lambda: timeline(newest, trail), as_json=json)


def workflows(
    ctx: typer.Context,
    prefix: Annotated[
        str | None, typer.Argument(metavar="PREFIX", help="Only those whose id begins so.", show_default=False)
    ] = None,
    *,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state.", show_default=False, autocompletion=completion.states)
    ] = None,
    priority: Annotated[
        str | None,
        typer.Option(help="Only those of this priority.", show_default=False, autocompletion=completion.priorities),
    ] = None,
    vehicle: Annotated[str | None, typer.Option(help="Only those of this vehicle.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Include ended workflows, without a limit.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of rows in a table.")] = 50,
    form: Annotated[
        Literal["table", "wide", "json", "ndjson", "csv", "name"],
        typer.Option("--output", "-o", help="table and wide are for people; the others list all matches."),
    ] = "table",
    watch: Annotated[
        bool, typer.Option("--watch", help="Draw the table again as things change, until Ctrl-C.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List workflows, the most urgent first, then the soonest due: the open ones, unless others are asked for."""
    from master_orchestrator.cli.listing import Wanted, first, select, write
    from master_orchestrator.cli.tables import workflow_table
    from master_orchestrator_schemas.vocabulary import Priority, State

    selection = Wanted(
        prefix=prefix or "",
        state=None if state is None else member_named(State, state, "--state"),
        priority=None if priority is None else member_named(Priority, priority, "--priority"),
        vehicle=vehicle,
    )

    def table(newest: NewestStatuses[StatusHead]) -> RenderableType:
        matching = select(newest, selection, only_open=selection.is_broad and not everything)
        shown, count = first(matching, None if everything else limit)
        return workflow_table(shown, count, wide=form == "wide")

    if watch:
        _watch(ctx, "json" if json else form, table)
        return
    newest = _newest(ctx, selection.prefix, vehicle)
    if json or form not in {"table", "wide"}:
        write(first(select(newest, selection, only_open=False), None)[0], "json" if json else form)
    else:
        answer(None, lambda: table(newest), as_json=False, min_width=WIDE if form == "wide" else 1)


def _watch(ctx: typer.Context, form: str, table: Callable[[NewestStatuses[StatusHead]], RenderableType]) -> None:
    from master_orchestrator.cli import watching

    watching.refuse_to_watch(form)
    call = invocation(ctx)
    with call.on_record("read", "workflow"):
        watching.watch(call, table)


def stats(ctx: typer.Context, *, json: JsonOption = False) -> None:
    """Show statistics over all workflows."""
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.cli.tables import statistics_table
    from master_orchestrator.readers.statistics import statistics_of
    from master_orchestrator.readers.statuses import read_figures

    call = invocation(ctx)
    kafka = call.reachable_kafka("Status")
    with call.on_record("read", "workflow"), reading("statuses") as progress:
        figures: Statistics = statistics_of(read_figures(kafka, call.topology, progress))
    answer(figures, lambda: statistics_table(figures), as_json=json)


def standing(ctx: typer.Context, workflow: str) -> tuple[Status, Sequence[AuditRecord]]:
    """The newest status of a workflow, and its trail; where there is none, the answer is no."""
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.audit import read_trail
    from master_orchestrator.readers.topics import vehicle_of

    call = invocation(ctx)
    kafka = call.reachable_kafka("Status", "AuditRecord")
    with call.on_record("read", "workflow", vehicle_of(workflow)):
        newest = newest_status(ctx, workflow)
        with reading("the audit trail") as progress:
            return newest, read_trail(kafka, call.topology, workflow, newest, progress)


def newest_status(ctx: typer.Context, workflow: str) -> Status:
    """The newest status of a workflow; where there is none, the answer is no."""
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.statuses import read_status

    call = invocation(ctx)
    kafka = call.reachable_kafka("Status")
    with reading("statuses") as progress:
        newest = read_status(kafka, call.topology, workflow, progress)
    if newest is None:
        raise NothingSuchError(f"no workflow {workflow}: {HOW_TO_LIST}")
    return newest


def fail(line: str) -> NoReturn:
    """The answer is no: one line of error on stderr, exit code 1."""
    raise AnswerIsNoError(line)


def _newest(ctx: typer.Context, prefix: str = "", vehicle: str | None = None) -> NewestStatuses[StatusHead]:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.statuses import read_newest
    from master_orchestrator.readers.topics import partition_of

    call = invocation(ctx)
    kafka = call.reachable_kafka("Status")
    partitions = None if vehicle is None else [partition_of(vehicle, call.topology.partitions)]
    with call.on_record("read", "workflow"), reading("statuses") as progress:
        return read_newest(kafka, call.topology, progress, prefix=prefix, partitions=partitions)
