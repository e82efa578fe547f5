"""`schedule show|optimise|forecast`: the workshops' books, and the nightly plan of what is not agreed yet."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli import forecast
from master_orchestrator.cli.books import DatabaseOption, books_of
from master_orchestrator.cli.context import UsageError, invocation
from master_orchestrator.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator_agents.reference.scheduling.optimise import PlanMove, PlanOutcome
    from master_orchestrator_agents.reference.scheduling.week import WorkshopWeek


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="The workshops' weeks, and what the nightly plan would move.")
    group.command(epilog="Example: master-orchestrator schedule show --plot week.svg")(show)
    group.command(epilog="Example: master-orchestrator schedule optimise --dry-run")(optimise)
    group.command(epilog="Example: master-orchestrator schedule forecast --plot demand.svg")(forecast.forecast)
    app.add_typer(group, name="schedule", rich_help_panel="Workflows")


def show(
    ctx: typer.Context,
    week: Annotated[str | None, typer.Option(metavar="DATE", help="A day of the week. (default: today)")] = None,
    workshop: Annotated[str | None, typer.Option(help="Only this one. (default: all)")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw the week of the workshop, or of the busiest one.")
    ] = None,
    database: DatabaseOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Show a week: technician hours and what is booked, per workshop; parts that are on order, workflows that wait."""
    from master_orchestrator_agents.reference.scheduling.jobs import movable_jobs
    from master_orchestrator_agents.reference.scheduling.network import load_network
    from master_orchestrator_agents.reference.scheduling.opening import OpeningHours
    from master_orchestrator_agents.reference.scheduling.parts import stock
    from master_orchestrator_agents.reference.scheduling.week import read_week
    from master_orchestrator_agents.reference.scheduling.week_plot import week_svg

    monday, opening, now_ms = _monday(week), OpeningHours(), _now_ms()
    with books_of(invocation(ctx), database) as books, books.read() as sql:
        network = [each for each in load_network(sql) if workshop in (None, each.workshop_id)]
        if not network:
            raise UsageError(f"there is no workshop {workshop!r} in the books")
        weeks = [read_week(sql, each, monday, opening) for each in network]
        shown = {each.workshop_id for each in network}
        ordered = [each._asdict() for each in stock(sql) if each.ordered and each.workshop_id in shown]
        waiting = [job.workflow_id for job in movable_jobs(sql, now_ms) if job.fit is None]
    if plot is not None:
        plot.write_text(week_svg(max(weeks, key=lambda each: each.taken_h)), encoding="utf-8")
    rows = [_row(each) for each in weeks]
    value = {"week": monday.isoformat(), "workshops": rows, "parts_ordered": ordered, "waiting": waiting}
    answer(value, lambda: _week_table(value), as_json=json)


def optimise(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would move, and move nothing.")] = False,  # noqa: FBT002  typer's
    days: Annotated[int, typer.Option(min=1, max=60, help="How far ahead jobs are moved.")] = 14,
    database: DatabaseOption = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the engine's answers.")] = 30.0,
    *,
    tell: Annotated[bool, typer.Option("--tell/--no-tell", help="Tell the engine what was moved.")] = True,
    json: JsonOption = False,
) -> None:
    """Plan what is not agreed with its owner again, and give places to what waits for one. Run it every night.

    Appointments whose time is agreed and offers that are held stay. Says what it moved and why, and tells the engine;
    what it could not tell is told by the next run, and what the engine refuses is taken back. Exit code 1 if the books
    changed meanwhile, so that nothing was moved, or the engine did not accept a move.
    """
    from master_orchestrator.cli.context import AnswerIsNoError
    from master_orchestrator.client.moves import tell_moves
    from master_orchestrator_agents.reference.registry import plan_ahead_ms
    from master_orchestrator_agents.reference.scheduling.optimise import PlanTerms
    from master_orchestrator_agents.reference.scheduling.optimise import optimise as plan

    call, refused = invocation(ctx), list[str]()
    tell = tell and not dry_run
    if tell:
        call.reachable_kafka()
    with books_of(call, database) as books:
        settled_ms = plan_ahead_ms() or PlanTerms.settled_ms
        outcome = plan(books, PlanTerms(_now_ms(), settled_ms, days), write=not dry_run)
        if tell:
            refused = tell_moves(call.kafka, call.topology, books, _now_ms(), timeout)
    value = {**_plan_value(outcome), "refused": refused}
    answer(value, lambda: "\n".join([_plan_text(outcome), *refused]), as_json=json)
    if outcome.moves and not outcome.written and not dry_run:
        raise AnswerIsNoError("nothing was moved: the books changed while it planned; run it again")
    if refused:
        raise AnswerIsNoError(f"the engine did not accept {len(refused)} moves")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _monday(day: str | None) -> date:
    try:
        chosen = datetime.fromtimestamp(_now_ms() / 1000, UTC).date() if day is None else date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"--week: {day!r} is not a date such as 2026-01-31") from None
    return chosen - timedelta(days=chosen.weekday())


def _row(week: WorkshopWeek) -> dict[str, Any]:
    from master_orchestrator_agents.reference.scheduling.week import counts

    supply_h, taken_h = week.supply_h, week.taken_h
    return {
        "workshop": week.workshop.workshop_id,
        "technician_h": supply_h,
        "taken_h": taken_h,
        "utilisation": round(taken_h / supply_h, 3) if supply_h else None,
        **counts(week),
    }


def _week_table(value: dict[str, Any]) -> RenderableType:
    from rich.console import Group

    from master_orchestrator.cli.tables import plain_table

    table = plain_table("workshop", "technician h", "taken", "share", "agreed", "movable", "held")
    for row in value["workshops"]:
        share = "-" if row["utilisation"] is None else f"{row['utilisation']:.0%}"
        figures = (row["technician_h"], row["taken_h"])
        table.add_row(
            row["workshop"], *(f"{each:g}" for each in figures), share,
            *(str(row[name]) for name in ("agreed", "movable", "held")),
        )  # fmt: skip
    parts, waiting = value["parts_ordered"], value["waiting"]
    return Group(
        f"Week of {value['week']}",
        table,
        f"{sum(each['ordered'] for each in parts)} parts are on order; {len(waiting)} workflows wait for a place.",
    )


def _plan_value(outcome: PlanOutcome) -> dict[str, Any]:
    return {
        "planned": outcome.planned,
        "written": outcome.written,
        "moves": [_move_value(move) for move in outcome.moves],
        "waiting": list(outcome.waiting),
    }


def _move_value(move: PlanMove) -> dict[str, Any]:
    before = move.before
    return {
        "workflow_id": move.job.workflow_id,
        "priority": move.job.priority.name,
        "workshop_id": move.after.workshop_id,
        "from_ms": None if before is None else before.start_ms,
        "to_ms": move.after.start_ms,
        "bay": move.after.bay,
        "technician": move.after.technician,
        "why": move.why,
    }


def _plan_text(outcome: PlanOutcome) -> str:
    from master_orchestrator_schemas.headers import rfc3339

    verb = "moved" if outcome.written else "to move"
    lines = [f"{outcome.planned} jobs are not agreed; {len(outcome.moves)} {verb}; {len(outcome.waiting)} still wait."]
    for move in outcome.moves:
        before = "no place" if move.before is None else rfc3339(move.before.start_ms)
        lines.append(
            f"{move.job.workflow_id} ({move.job.priority.name}), {move.after.workshop_id}: {before} -> "
            f"{rfc3339(move.after.start_ms)}: {move.why}"
        )
    return "\n".join(lines)
