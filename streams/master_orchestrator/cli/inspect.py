"""`status`, `workflows`, `stats`: how things stand. `redrive`, `cancel`: an operator's requests."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from master_orchestrator.cli.context import UsageError, invocation
from master_orchestrator.cli.output import JsonOption, answer
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
    """Show where a workflow stands, and its audit trail; exit code 1 if there is no such workflow."""
    from master_orchestrator.cli.tables import timeline
    from master_orchestrator.facade.report import audit_line, workflow_status
    from master_orchestrator.readers.audit import read_trail
    from master_orchestrator.readers.statuses import read_status

    asked = invocation(ctx)
    kafka = asked.reachable_kafka("Status", "AuditRecord")
    found = read_status(kafka, asked.topology, workflow)
    if found is None:
        fail(f"no workflow {workflow}: {HOW_TO_LIST}")
    trail = read_trail(kafka, asked.topology, workflow)
    value = {**workflow_status(found), "audit": [audit_line(record) for record in trail]}
    answer(value, lambda: timeline(found, trail), as_json=json)


def workflows(
    ctx: typer.Context,
    *,
    state: Annotated[str | None, typer.Option(help="Only those in this state.", show_default=False)] = None,
    priority: Annotated[str | None, typer.Option(help="Only those of this priority.", show_default=False)] = None,
    vehicle: Annotated[str | None, typer.Option(help="Only those of this vehicle.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """List workflows, the most urgent first."""
    from master_orchestrator.cli.tables import workflow_table
    from master_orchestrator.facade.report import workflow_status
    from master_orchestrator_schemas.vocabulary import Priority, State

    wanted_state = _member(State, state, "--state")
    wanted_priority = _member(Priority, priority, "--priority")
    chosen = [
        found
        for found in _statuses(ctx)
        if wanted_state in (None, found.state)
        and wanted_priority in (None, found.priority)
        and vehicle in (None, found.vehicle_id)
    ]
    chosen.sort(key=lambda found: (found.priority, -found.updated_at_ms))
    answer([workflow_status(found) for found in chosen], lambda: workflow_table(chosen), as_json=json)


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
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="With --failed: at most so many.")] = 50,
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
    """One line of error on stderr, exit code 1."""
    typer.echo(f"Error: {line}", err=True)
    raise typer.Exit(ExitCode.NO)


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
