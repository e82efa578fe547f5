"""`redrive-failed`: many FAILED workflows at a bounded rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.context import UsageError, invocation, moment_before
from master_orchestrator.cli.inspect import PANEL
from master_orchestrator.cli.operate import OperatorOption, ReasonOption, TimeoutOption, YesOption
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.readers.dead_letters import LetterId
    from master_orchestrator.readers.failed import FailedListing, FailedWorkflow
    from master_orchestrator_schemas.vocabulary import Reason


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "redrive-failed",
        rich_help_panel=PANEL,
        epilog="Example: master-orchestrator redrive-failed --older-than 1h --per-second 5 --yes",
    )(redrive_failed)


@dataclass(frozen=True)
class Bulk:
    """How fast, in whose name and why; ``yes``: do it."""

    per_second: float
    reason: str | None
    operator: str | None
    timeout: float
    yes: bool


def redrive_failed(
    ctx: typer.Context,
    *,
    failed_reason: Annotated[
        str | None,
        typer.Option(help="Only those that failed for this reason. (default: any but cancelled)", show_default=False),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Only those that failed longer ago than this: 2h, 7d.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Maximum number of workflows.")] = 50,
    per_second: Annotated[float, typer.Option(min=0.01, max=1_000, help="Requests per second.")] = 5.0,
    reason: ReasonOption = None,
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Send many FAILED workflows back to the step they failed in, the longest failed first, at a bounded rate.

    The dead letters of the commands that they had given up are closed. Exit code 1 if one is rejected.
    """
    listing = _listing(ctx, _reason(failed_reason), older_than, limit)
    bulk = Bulk(per_second, reason, operator, timeout, yes)
    if not json:
        answer(None, lambda: _plan_text(listing, bulk), as_json=False)
    letters = _letters(ctx, listing) if yes else {}
    outcomes = _ask(ctx, listing, bulk) if yes and listing.rows else []
    if yes or json:
        value = {
            "workflows": [_line(one) for one in listing.rows],
            "beyond_limit": listing.total - len(listing.rows),
            "acted": yes,
            "outcomes": outcomes,
        }
        answer(value, lambda: _outcome_text(outcomes), as_json=json)
    _close(
        ctx, [letter for one in outcomes if one["accepted"] for letter in letters.get(one["workflow_id"], ())], operator
    )
    if not all(outcome["accepted"] for outcome in outcomes):
        raise typer.Exit(ExitCode.NO)


def _listing(ctx: typer.Context, reason: Reason | None, older_than: str | None, limit: int) -> FailedListing:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.failed import WORTH_A_TRY, longest_failed, read_failed

    not_after_ms = moment_before(older_than, "--older-than")
    call = invocation(ctx)
    kafka = call.reachable_kafka("Status")
    with reading("statuses") as progress:
        failed = read_failed(kafka, call.topology, progress)
        return longest_failed(failed, {reason} if reason else WORTH_A_TRY, not_after_ms, limit)


def _letters(ctx: typer.Context, listing: FailedListing) -> dict[str, list[LetterId]]:
    from master_orchestrator.client.given_up import given_up_letters

    call = invocation(ctx)
    workflows = {one.workflow_id for one in listing.rows}
    return given_up_letters(call.reachable_kafka("dead letters"), call.topology, workflows)


def _close(ctx: typer.Context, letters: list[LetterId], operator: str | None) -> None:
    from master_orchestrator.client.given_up import close

    close(invocation(ctx).kafka, invocation(ctx).topology, letters, operator)


def _ask(ctx: typer.Context, listing: FailedListing, bulk: Bulk) -> list[dict[str, Any]]:
    from master_orchestrator.client.asking import ask_all, operator_request
    from master_orchestrator_schemas.vocabulary import OperatorAction

    call = invocation(ctx)
    requests = (
        operator_request(one.workflow_id, OperatorAction.REDRIVE, operator=bulk.operator, reason=bulk.reason)
        for one in listing.rows
    )
    details = f"redrive of {len(listing.rows)} failed workflows"  # no rows: the engine puts each of them on record
    with call.on_record("admin", "workflow", by=bulk.operator, details=details):
        answers = ask_all(call.kafka, call.topology, requests, per_second=bulk.per_second, timeout=bulk.timeout)
        return [
            {"workflow_id": request.workflow_id, "accepted": rejection is None, "rejection": rejection}
            for request, rejection in answers
        ]


def _reason(given: str | None) -> Reason | None:
    from master_orchestrator_schemas.vocabulary import Reason

    of_failed = (Reason.RETRIES_EXHAUSTED, Reason.AGENT_REJECTED, Reason.CANCELLED)
    if given is None or given in of_failed:
        return None if given is None else Reason(given)
    raise UsageError(f"--failed-reason {given!r} is not one of {', '.join(of_failed)}")


def _line(one: FailedWorkflow) -> dict[str, Any]:
    from master_orchestrator_schemas.headers import rfc3339

    return {
        "workflow_id": one.workflow_id,
        "reason": one.reason,
        "step": one.step,
        "failed_at": rfc3339(one.since_ms),
    }


def _plan_text(listing: FailedListing, bulk: Bulk) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from master_orchestrator.cli.tables import plain_table

    verb = "Will be" if bulk.yes else "Would be"
    table = plain_table("workflow", "failed in", "at", "reason")
    for one in map(_line, listing.rows):
        table.add_row(Text(one["workflow_id"]), one["step"], one["failed_at"][:19], one["reason"])
    beyond = listing.total - len(listing.rows)
    head = Text(f"{verb} redriven, {bulk.per_second:g} per second: {len(listing.rows)} failed workflows")
    notes = [Text(f"{beyond} more are beyond --limit.")] if beyond else []
    if listing.rows and not bulk.yes:
        notes.append(Text("Nothing was done: say --yes to do it."))
    return Group(head, *([table] if listing.rows else []), *notes)


def _outcome_text(outcomes: list[dict[str, Any]]) -> RenderableType:
    from rich.text import Text

    rejected = [outcome for outcome in outcomes if not outcome["accepted"]]
    lines = [f"redriven: {len(outcomes) - len(rejected)} of {len(outcomes)}."]
    lines += [f"Not {outcome['workflow_id']}: {outcome['rejection']}" for outcome in rejected]
    return Text("\n".join(lines))
