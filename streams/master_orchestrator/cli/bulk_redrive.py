"""`redrive --failed`: many FAILED workflows at a bounded rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from master_orchestrator.cli.context import UsageError, invocation, moment_before
from master_orchestrator.cli.output import answer
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.readers.failed import FailedListing, FailedWorkflow
    from master_orchestrator_schemas.vocabulary import Reason


@dataclass(frozen=True)
class Bulk:
    """Which failed workflows, how fast, in whose name; ``yes``: do it."""

    failed_reason: str | None
    older_than: str | None
    limit: int
    per_second: float
    reason: str | None
    operator: str | None
    timeout: float
    yes: bool


def redrive_failed(ctx: typer.Context, bulk: Bulk, *, as_json: bool) -> None:
    """Show which workflows would be redriven, and with ``yes`` do it; exit code 1 if any is rejected."""
    listing = _listing(ctx, bulk)
    if not as_json:
        answer(None, lambda: _plan_text(listing, bulk), as_json=False)
    outcomes = _ask(ctx, listing, bulk) if bulk.yes and listing.rows else []
    rejected = [outcome for outcome in outcomes if not outcome["accepted"]]
    if bulk.yes or as_json:
        value = {
            "workflows": [_line(one) for one in listing.rows],
            "beyond_limit": listing.total - len(listing.rows),
            "acted": bulk.yes,
            "outcomes": outcomes,
        }
        answer(value, lambda: _outcome_text(outcomes), as_json=as_json)
    if rejected:
        raise typer.Exit(ExitCode.NO)


def _listing(ctx: typer.Context, bulk: Bulk) -> FailedListing:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.failed import WORTH_A_TRY, longest_failed, read_failed

    reason = _reason(bulk.failed_reason)
    not_after_ms = moment_before(bulk.older_than, "--older-than")
    asked = invocation(ctx)
    kafka = asked.reachable_kafka("Status")
    with reading("statuses") as progress:
        failed = read_failed(kafka, asked.topology, progress)
        return longest_failed(failed, {reason} if reason else WORTH_A_TRY, not_after_ms, bulk.limit)


def _ask(ctx: typer.Context, listing: FailedListing, bulk: Bulk) -> list[dict[str, Any]]:
    from master_orchestrator.client.asking import ask_all, operator_request
    from master_orchestrator_schemas.vocabulary import OperatorAction

    asked = invocation(ctx)
    requests = (
        operator_request(one.workflow_id, OperatorAction.REDRIVE, operator=bulk.operator, reason=bulk.reason)
        for one in listing.rows
    )
    answers = ask_all(asked.kafka, asked.topology, requests, per_second=bulk.per_second, timeout=bulk.timeout)
    return [
        {"workflow_id": request.workflow_id, "accepted": rejection is None, "rejection": rejection}
        for request, rejection in answers
    ]


def _reason(given: str | None) -> Reason | None:
    from master_orchestrator_schemas.vocabulary import Reason

    of_failed = (Reason.RETRIES_EXHAUSTED, Reason.AGENT_REJECTED, Reason.CANCELLED)
    if given is None or given in of_failed:
        return None if given is None else Reason(given)
    raise UsageError(f"--failed-reason {given!r} is none of {', '.join(of_failed)}")


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
