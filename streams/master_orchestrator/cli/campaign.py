"""`campaign open|show|list|close`: work that each of many vehicles gets once, such as a recall."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.campaign_requests import (
    CampaignPlan,
    apart_s,
    campaign_work,
    close_all,
    open_all,
    outcome_text,
    plan_text,
    read,
)
from master_orchestrator.cli.context import Invocation, NothingSuchError, invocation, member_named
from master_orchestrator.cli.operate import (
    NeededReasonOption,
    OperatorOption,
    ReasonOption,
    TimeoutOption,
    YesOption,
)
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from master_orchestrator.readers.campaigns import CampaignFold, Participation

EXAMPLE = (
    "Example: master-orchestrator campaign open R-2026-17 --vehicles fleet.csv --lot L-0412 "
    '--operation replace_brake_hose --title "The brake hose may leak"'
)
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The campaign's id, as R-2026-17.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Recalls and other work that each of many vehicles gets once.")
    group.command("open", epilog=EXAMPLE)(open_)
    group.command(epilog="Example: master-orchestrator campaign show R-2026-17")(show)
    group.command("list", epilog="Example: master-orchestrator campaign list --json")(list_)
    group.command(epilog='Example: master-orchestrator campaign close R-2026-17 --reason "parts are wrong" --yes')(
        close
    )
    app.add_typer(group, name="campaign", rich_help_panel="Workflows")


def open_(
    ctx: typer.Context,
    campaign: IdArgument,
    *,
    vehicles: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="CSV of the fleet: vehicle_id, and lot, model, component as far as asked for."
        ),
    ],
    operation: Annotated[
        str, typer.Option(help="The work; one that DIAGNOSIS knows brings its hours, skill, bay and parts.")
    ],
    lot: Annotated[list[str] | None, typer.Option(help="Only vehicles of this lot; may be repeated.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only vehicles of this model; may be repeated.")] = None,
    component: Annotated[str | None, typer.Option(help="The component that the lots are of.")] = None,
    production: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file of quality analyze: says how many units the vehicle file lacks."),
    ] = None,
    title: Annotated[str, typer.Option(help="What it is about, for the owners.")] = "",
    hours: Annotated[float | None, typer.Option(min=0, max=200, help="Labour hours.", show_default=False)] = None,
    skill: Annotated[str | None, typer.Option(help="What the technician has to know.", show_default=False)] = None,
    bay: Annotated[str | None, typer.Option(help="The kind of bay.", show_default=False)] = None,
    part: Annotated[list[str] | None, typer.Option(help="A part that it takes; may be repeated.")] = None,
    priority: Annotated[str, typer.Option(help="URGENT, HIGH, SCHEDULED or ROUTINE.")] = "SCHEDULED",
    rate: Annotated[str, typer.Option(metavar="N/min", help="How many vehicles per s, min or h at most.")] = "60/min",
    reason: ReasonOption = None,
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Open a campaign's work on each vehicle concerned, once per vehicle, at a bounded rate.

    Run it again after an interruption: vehicles that take part already are left out. Exit code 1 if one is rejected.
    """
    from master_orchestrator.client.asking import this_user
    from master_orchestrator.quality.vehicle_file import Concerned, read_vehicles, units_built
    from master_orchestrator_schemas.vocabulary import Priority

    concerned = Concerned(frozenset(lot or ()), frozenset(model or ()), component)
    chosen = read_vehicles(vehicles, concerned)
    if not chosen:
        raise NothingSuchError(f"{vehicles} names no vehicle that is concerned: see --lot, --model and --component")
    plan = CampaignPlan(
        campaign=campaign_work(campaign, operation, title, {"labour_hours": hours, "skill": skill, "bay": bay}, part),
        priority=member_named(Priority, priority, "--priority"),
        vehicles=chosen,
        unnamed=0 if production is None else max(0, units_built(production, concerned) - len(chosen)),
        apart_s=apart_s(rate),
        reason=reason,
        operator=operator or this_user(),
        timeout=timeout,
    )
    call = invocation(ctx)
    fold = read(call)
    taking_part = fold.of(campaign)
    to_open = [vehicle for vehicle in chosen if vehicle not in taking_part]
    value: dict[str, Any] = {
        "campaign": campaign,
        "vehicles": len(chosen),
        "taking_part": len(chosen) - len(to_open),
        "to_open": len(to_open),
        "with_an_open_workflow": sum(map(fold.is_open, to_open)),
        "never_seen": len(set(to_open) - fold.vehicles),
        "units_without_a_vehicle": plan.unnamed,
        "acted": yes,
    }
    if not json:
        answer(None, lambda: plan_text(value, plan), as_json=False)
    outcome = open_all(call, plan, to_open) if yes and to_open else {}
    if yes or json:
        answer(value | outcome, lambda: outcome_text(outcome), as_json=json)
    if outcome.get("rejected"):
        raise typer.Exit(ExitCode.NO)


def show(
    ctx: typer.Context,
    campaign: IdArgument,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Draw it again as things change, until Ctrl-C.")] = False,
    json: JsonOption = False,
) -> None:
    """Show how far a campaign has come; with --json, vehicle by vehicle. Exit code 1 if no vehicle takes part in it."""
    call = invocation(ctx)
    if watch:
        _watch(call, campaign, as_json=json)
        return
    with call.on_record("read", "workflow"):
        taking_part = _taking_part(read(call), campaign)
    vehicles = [
        {"vehicle_id": vehicle, "workflow_id": taken.workflow_id, "part": taken.part.value}
        for vehicle, taken in taking_part.items()
    ]
    answer(
        _line(campaign, taking_part) | {"participations": vehicles},
        lambda: _table([_line(campaign, taking_part)]),
        as_json=json,
    )


def _taking_part(fold: CampaignFold, campaign: str) -> dict[str, Participation]:
    taking_part = fold.of(campaign)
    if not taking_part:
        raise NothingSuchError(f"no vehicle takes part in campaign {campaign}: see 'master-orchestrator campaign list'")
    return taking_part


def _watch(call: Invocation, campaign: str, *, as_json: bool) -> None:
    from master_orchestrator.cli import watching
    from master_orchestrator.readers.campaigns import CampaignFold

    watching.refuse_to_watch("json" if as_json else "table")
    draw: Callable[..., RenderableType] = lambda newest: _table(  # noqa: E731
        [_line(campaign, CampaignFold().take(newest.matching(lambda _: True)).of(campaign))]
    )
    with call.on_record("read", "workflow"):
        watching.watch(call, draw)


def list_(ctx: typer.Context, *, json: JsonOption = False) -> None:
    """List all campaigns, and how far each has come."""
    call = invocation(ctx)
    with call.on_record("read", "workflow"):
        fold = read(call)
    lines = [_line(campaign, fold.of(campaign)) for campaign in fold.counts]
    answer(lines, lambda: _table(lines) if lines else "No campaigns.", as_json=json)


def _line(campaign: str, taking_part: dict[str, Participation]) -> dict[str, Any]:
    from collections import Counter

    from master_orchestrator.readers.campaigns import CampaignPart

    counts = Counter(taken.part for taken in taking_part.values())
    return {"campaign": campaign, "vehicles": len(taking_part), **{part.value: counts[part] for part in CampaignPart}}


def _table(lines: list[dict[str, Any]]) -> RenderableType:
    from master_orchestrator.cli.shown import shown
    from master_orchestrator.cli.tables import plain_table

    table = plain_table(*lines[0])
    for line in lines:
        table.add_row(*(shown(str(cell)) for cell in line.values()))
    return table


def close(
    ctx: typer.Context,
    campaign: IdArgument,
    *,
    reason: NeededReasonOption,
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Stop opening a campaign, and withdraw what waits; what is open or booked goes on. Exit code 1 if one is rejected.

    A `campaign open` that is under way ends within seconds. Another one goes on where it ended.
    """
    from master_orchestrator.readers.campaigns import CampaignPart
    from master_orchestrator_schemas.wording import amount

    call = invocation(ctx)
    taking_part = _taking_part(read(call), campaign)
    rejected = close_all(call, campaign, taking_part, reason=reason, operator=operator, timeout=timeout) if yes else []
    waiting = sum(taken.part is CampaignPart.WAITING for taken in taking_part.values())
    verb = "Closed" if yes else "Would be closed"
    lines = [f"{verb}: {campaign}; the work that waits is withdrawn from {amount(waiting, 'vehicle')}."]
    lines += [f"Not {each['vehicle_id']}: {each['rejection']}" for each in rejected]
    if not yes:
        lines.append("Nothing was done: say --yes to do it.")
    value = _line(campaign, taking_part) | {"acted": yes, "withdrawn": waiting, "rejected": rejected}
    answer(value, lambda: "\n".join(lines), as_json=json)
    if rejected:
        raise typer.Exit(ExitCode.NO)
