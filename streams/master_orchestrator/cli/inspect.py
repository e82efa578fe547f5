"""`status`, `workflows`, `stats`: how things stand. `redrive`, `cancel`: an operator's requests."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn, TypeVar

import typer

from master_orchestrator.cli.context import AnswerIsNoError, UsageError, invocation
from master_orchestrator.cli.output import JsonOption, answer, plain
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator.readers.statistics import Statistics
    from master_orchestrator_schemas.messages import Status
    from master_orchestrator_schemas.vocabulary import OperatorAction

E = TypeVar("E", bound=Enum)

PANEL = "Workflows"
HOW_TO_LIST = "list them with 'master-orchestrator workflows'"
WorkflowArgument = Annotated[str, typer.Argument(metavar="WORKFLOW", help="A workflow id, like truck-7~0.")]
OperatorOption = Annotated[str | None, typer.Option(help="Who asks. [default: the user you are]", show_default=False)]
TimeoutOption = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the engine's answer.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator status truck-7~0")(status)
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator workflows --priority URGENT")(workflows)
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator stats --json")(stats)
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator redrive truck-7~0")(redrive)
    app.command(rich_help_panel=PANEL, epilog='Example: master-orchestrator cancel truck-7~0 --reason "sold"')(cancel)


def status(ctx: typer.Context, workflow: WorkflowArgument, *, json: JsonOption = False) -> None:
    """Say where a workflow stands and what happens next, with its audit trail; exit code 1 if there is none."""
    from msgspec.structs import replace

    from master_orchestrator.cli.sentences import error_of
    from master_orchestrator.cli.tables import timeline
    from master_orchestrator.readers.audit import read_trail
    from master_orchestrator.readers.reports import audit_report, workflow_report
    from master_orchestrator.readers.statuses import read_status

    asked = invocation(ctx)
    kafka = asked.reachable_kafka("Status", "AuditRecord")
    found = read_status(kafka, asked.topology, workflow)
    if found is None:
        fail(f"no workflow {workflow}: {HOW_TO_LIST}")
    trail = read_trail(kafka, asked.topology, workflow)
    lines = tuple(audit_report(record) for record in trail)
    report = replace(workflow_report(found), error=error_of(found, trail), audit=lines)
    answer(plain(report), lambda: timeline(found, trail), as_json=json)


def workflows(
    ctx: typer.Context,
    prefix: Annotated[
        str | None, typer.Argument(metavar="PREFIX", help="Only those whose id begins so.", show_default=False)
    ] = None,
    *,
    state: Annotated[str | None, typer.Option(help="Only those in this state.", show_default=False)] = None,
    priority: Annotated[str | None, typer.Option(help="Only those of this priority.", show_default=False)] = None,
    vehicle: Annotated[str | None, typer.Option(help="Only those of this vehicle.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="The ended ones too, and as many as there are.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="In a table: at most this many.")] = 50,
    form: Annotated[
        Literal["table", "wide", "json", "ndjson", "csv", "name"],
        typer.Option("--output", "-o", help="table and wide are for people; the others have all that match."),
    ] = "table",
    json: JsonOption = False,
) -> None:
    """List workflows, the most urgent first, then the soonest due: the open ones, unless others are asked for."""
    from master_orchestrator.cli.listing import Wanted, select, write
    from master_orchestrator.cli.tables import workflow_table
    from master_orchestrator_schemas.vocabulary import Priority, State

    wanted = Wanted(
        prefix=prefix or "",
        state=_member(State, state, "--state"),
        priority=_member(Priority, priority, "--priority"),
        vehicle=vehicle,
    )
    if json or form not in {"table", "wide"}:
        write(select(_statuses(ctx), wanted, only_open=False), "json" if json else form)
        return
    chosen = select(_statuses(ctx), wanted, only_open=wanted.is_broad and not everything)
    rows = chosen if everything else chosen[:limit]
    answer(None, lambda: workflow_table(rows, len(chosen), wide=form == "wide"), as_json=False)


def stats(ctx: typer.Context, *, json: JsonOption = False) -> None:
    """Show the figures of all workflows."""
    from master_orchestrator.cli.tables import statistics_table
    from master_orchestrator.readers.statistics import fold_statistics

    figures: Statistics = fold_statistics(_statuses(ctx))
    answer(figures, lambda: statistics_table(figures), as_json=json)


def redrive(
    ctx: typer.Context,
    workflow: Annotated[
        str | None, typer.Argument(metavar="WORKFLOW", help="A workflow id, like truck-7~0; or --failed.")
    ] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed, a bounded number at a time.")] = False,
    failed_reason: Annotated[
        str | None,
        typer.Option(help="With --failed: only those that failed so. [default: any but cancelled]", show_default=False),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="With --failed: only those that failed longer ago: 2h, 7d.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="With --failed: at most N.")] = 50,
    per_second: Annotated[float, typer.Option(min=0.01, max=1_000, help="With --failed: how fast.")] = 5.0,
    yes: Annotated[bool, typer.Option("--yes", help="With --failed: do it; else only show what would be.")] = False,
    reason: Annotated[str | None, typer.Option(help="For the audit trail.")] = None,
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> None:
    """Send a FAILED workflow back to the step it failed in, with fresh retries; exit code 1 if that is rejected."""
    from master_orchestrator_schemas.vocabulary import OperatorAction

    if failed == (workflow is not None):
        raise UsageError("say which: one WORKFLOW, or --failed")
    if workflow is None:
        from master_orchestrator.cli.bulk_redrive import Bulk, redrive_failed

        bulk = Bulk(failed_reason, older_than, limit, per_second, reason, operator, timeout, yes)
        redrive_failed(ctx, bulk, as_json=json)
        return
    if yes or failed_reason is not None or older_than is not None:
        raise UsageError("--failed-reason, --older-than and --yes go with --failed")
    _request(ctx, workflow, OperatorAction.REDRIVE, reason=reason, operator=operator, timeout=timeout, as_json=json)


def cancel(
    ctx: typer.Context,
    workflow: WorkflowArgument,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.", show_default=False)],
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> None:
    """End an open workflow as FAILED, cancelled; exit code 1 if that is rejected."""
    from master_orchestrator_schemas.vocabulary import OperatorAction

    _request(ctx, workflow, OperatorAction.CANCEL, reason=reason, operator=operator, timeout=timeout, as_json=json)


def fail(line: str) -> NoReturn:
    """The answer is no: one line of error on stderr, exit code 1."""
    raise AnswerIsNoError(line)


def _statuses(ctx: typer.Context) -> tuple[Status, ...]:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.statuses import read_statuses

    asked = invocation(ctx)
    kafka = asked.reachable_kafka("Status")
    with reading("statuses") as progress:
        return read_statuses(kafka, asked.topology, progress)


def _request(
    ctx: typer.Context,
    workflow: str,
    action: OperatorAction,
    *,
    reason: str | None,
    operator: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Ask, tell the answer; exit code 1 if it is no."""
    from master_orchestrator.client.asking import ask, operator_request
    from master_orchestrator.ports import rejection_of
    from master_orchestrator.readers.topics import vehicle_of
    from master_orchestrator_schemas.messages.telemetry import VEHICLE_ID_PATTERN

    asked = invocation(ctx)
    if re.fullmatch(VEHICLE_ID_PATTERN, vehicle_of(workflow)) is None:
        fail(f"no workflow {workflow}: {HOW_TO_LIST}")
    request = operator_request(workflow, action, operator=operator, reason=reason)
    answered = ask(asked.reachable_kafka(), asked.topology, request, timeout)
    rejection = rejection_of(answered)
    value = {
        "workflow_id": workflow,
        "request_id": request.request_id,
        "action": action,
        "accepted": rejection is None,
        "rejection": rejection,
    }
    text = f"{action} of {workflow}: " + ("accepted." if rejection is None else f"rejected, {rejection}")
    answer(value, lambda: text, as_json=as_json)
    if rejection is not None:
        raise typer.Exit(ExitCode.NO)


def _member(names: type[E], given: str | None, option: str) -> E | None:
    """The member called so, whatever the case."""
    if given is None:
        return None
    try:
        return names[given.upper()]
    except KeyError:
        raise UsageError(f"{option} {given!r} is none of {', '.join(names.__members__)}") from None
