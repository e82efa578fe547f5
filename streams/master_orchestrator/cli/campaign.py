"""`campaign open|show|list|close`: work that each of many vehicles gets once, such as a recall."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.context import Invocation, NothingSuchError, UsageError, invocation
from master_orchestrator.cli.operate import OperatorOption, TimeoutOption, YesOption
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from master_orchestrator.readers.campaigns import CampaignFold, Participation
    from master_orchestrator_schemas.messages import Campaign
    from master_orchestrator_schemas.vocabulary import Priority

EXAMPLE = (
    "Example: master-orchestrator campaign open R-2026-17 --vehicles fleet.csv --lot L-0412 "
    '--operation replace_brake_hose --title "The brake hose may leak"'
)
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
CLOSES_PER_S = 20.0
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


@dataclass(frozen=True)
class Plan:
    """What `campaign open` is asked for: which work, for which vehicles, how fast and why.

    ``unnamed``: units built of the lots that the vehicle file does not name.
    """

    campaign: Campaign
    priority: Priority
    vehicles: Sequence[str]
    unnamed: int
    apart_s: float
    reason: str | None
    operator: str
    timeout: float


def open_(
    ctx: typer.Context,
    campaign: IdArgument,
    *,
    vehicles: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV: vehicle_id, and lot, model, component as far as asked for.")
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
    reason: Annotated[str | None, typer.Option(help="Reason, for the audit trail.")] = None,
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

    concerned = Concerned(frozenset(lot or ()), frozenset(model or ()), component)
    chosen = read_vehicles(vehicles, concerned)
    if not chosen:
        raise NothingSuchError(f"{vehicles} names no vehicle that is concerned: see --lot, --model and --component")
    plan = Plan(
        campaign=_campaign(campaign, operation, title, {"labour_hours": hours, "skill": skill, "bay": bay}, part),
        priority=_priority(priority),
        vehicles=chosen,
        unnamed=0 if production is None else max(0, units_built(production, concerned) - len(chosen)),
        apart_s=_apart_s(rate),
        reason=reason,
        operator=operator or this_user(),
        timeout=timeout,
    )
    call = invocation(ctx)
    fold = _read(call)
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
        answer(None, lambda: _plan_text(value, plan), as_json=False)
    outcome = _open_all(call, plan, to_open) if yes and to_open else {}
    if yes or json:
        answer(value | outcome, lambda: _outcome_text(outcome), as_json=json)
    if outcome.get("rejected"):
        raise typer.Exit(ExitCode.NO)


def _campaign(campaign_id: str, operation: str, title: str, given: dict[str, Any], parts: list[str] | None) -> Campaign:
    """The campaign's work: what DIAGNOSIS knows of the operation, and what was said. Raises :class:`UsageError`."""
    import msgspec

    from master_orchestrator_agents.reference.diagnosis.knowledge import load_knowledge
    from master_orchestrator_schemas.messages import Campaign

    known = load_knowledge().operations.get(operation)
    fields = {} if known is None else known.model_dump(mode="json", exclude={"name"})
    fields |= {name: value for name, value in given.items() if value is not None}
    fields |= {"campaign_id": campaign_id, "title": title, "operation": operation}
    if parts:
        fields["parts"] = parts
    if not operation:
        raise UsageError("--operation is empty: name the work")
    try:
        return msgspec.convert(fields, Campaign, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"the campaign cannot be carried: {error}") from None


def _priority(text: str) -> Priority:
    from master_orchestrator_schemas.vocabulary import Priority

    if text.upper() not in Priority.__members__:
        raise UsageError(f"--priority {text!r} is not one of {', '.join(Priority.__members__)}")
    return Priority[text.upper()]


def _apart_s(rate: str) -> float:
    """Seconds from one vehicle to the next. Raises :class:`UsageError`."""
    number, _, unit = rate.partition("/")
    try:
        per_unit = float(number)
    except ValueError:
        per_unit = 0.0
    if not 0 < per_unit <= 1_000_000 or (unit or "min") not in SECONDS:
        raise UsageError(f"--rate {rate!r} is not a rate: write 60/min, 1/s or 500/h")
    return SECONDS[unit or "min"] / per_unit


def _read(call: Invocation) -> CampaignFold:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.campaigns import read_campaigns

    kafka = call.reachable_kafka("Status")
    with reading("statuses") as progress:
        return read_campaigns(kafka, call.topology, progress)


def _open_all(call: Invocation, plan: Plan, vehicles: Sequence[str]) -> dict[str, Any]:
    """Ask for each, on record as one act about the campaign; what came of it, by kind."""
    from master_orchestrator.client.campaigns import ask_paced, campaign_request
    from master_orchestrator.ports import rejection_of
    from master_orchestrator_schemas.vocabulary import OperatorAction

    requests = (
        campaign_request(
            vehicle,
            OperatorAction.OPEN_CAMPAIGN,
            plan.campaign,
            operator=plan.operator,
            priority=plan.priority,
            reason=plan.reason,
        )
        for vehicle in vehicles
    )
    asked, rejected = 0, list[dict[str, str]]()
    with call.on_record("admin", "campaign", by=plan.operator):
        answers = ask_paced(call.kafka, call.topology, requests, apart_s=plan.apart_s, timeout=plan.timeout)
        for request, told in answers:
            asked += 1
            if (rejection := rejection_of(told)) is not None:
                rejected.append({"vehicle_id": request.vehicle_id, "rejection": rejection})
    return {"asked": asked, "rejected": rejected, "closed": asked < len(vehicles)}


def _plan_text(value: dict[str, Any], plan: Plan) -> str:
    work = plan.campaign
    verb = "Will be" if value["acted"] else "Would be"
    lines = [
        f"{verb} opened: {work.campaign_id}, {work.operation} ({work.labour_hours:g} h, {work.skill}, {work.bay}), "
        f"{plan.priority.name}, for {value['to_open']} of {value['vehicles']} vehicles.",
    ]
    notes = {
        "taking_part": "Left out, since they take part already",
        "with_an_open_workflow": "With an open workflow, which the work joins or waits for",
        "never_seen": "Never heard of by this system, and asked about all the same",
        "units_without_a_vehicle": "Units that the vehicle file does not name, so that nobody is asked about them",
    }
    lines += [f"{text}: {value[name]}." for name, text in notes.items() if value[name]]
    if not value["acted"]:
        lines.append("Nothing was done: say --yes to do it.")
    return "\n".join(lines)


def _outcome_text(outcome: dict[str, Any]) -> str:
    if not outcome:
        return "Nothing to open."
    rejected = outcome["rejected"]
    lines = [f"opened: {outcome['asked'] - len(rejected)} of {outcome['asked']}."]
    lines += [f"Not {each['vehicle_id']}: {each['rejection']}" for each in rejected]
    if outcome["closed"]:
        lines.append("The campaign was closed meanwhile: the rest was not opened.")
    return "\n".join(lines)


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
        taking_part = _taking_part(_read(call), campaign)
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
        fold = _read(call)
    lines = [_line(campaign, fold.of(campaign)) for campaign in fold.counts]
    answer(lines, lambda: _table(lines) if lines else "No campaigns.", as_json=json)


def _line(campaign: str, taking_part: dict[str, Participation]) -> dict[str, Any]:
    from collections import Counter

    from master_orchestrator.readers.campaigns import Part

    counts = Counter(taken.part for taken in taking_part.values())
    return {"campaign": campaign, "vehicles": len(taking_part), **{part.value: counts[part] for part in Part}}


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
    reason: Annotated[str, typer.Option(help="Reason, for the audit trail.", show_default=False)],
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Stop opening a campaign, and withdraw what waits; what is open or booked goes on. Exit code 1 if one is rejected.

    A `campaign open` that is under way ends within seconds. Another one goes on where it ended.
    """
    from master_orchestrator.readers.campaigns import Part
    from master_orchestrator_schemas.wording import amount

    call = invocation(ctx)
    taking_part = _taking_part(_read(call), campaign)
    rejected = _close_all(call, (campaign, reason, operator, timeout), taking_part) if yes else []
    waiting = sum(taken.part is Part.WAITING for taken in taking_part.values())
    verb = "Closed" if yes else "Would be closed"
    lines = [f"{verb}: {campaign}; the work that waits is withdrawn from {amount(waiting, 'vehicle')}."]
    lines += [f"Not {each['vehicle_id']}: {each['rejection']}" for each in rejected]
    if not yes:
        lines.append("Nothing was done: say --yes to do it.")
    value = _line(campaign, taking_part) | {"acted": yes, "withdrawn": waiting, "rejected": rejected}
    answer(value, lambda: "\n".join(lines), as_json=json)
    if rejected:
        raise typer.Exit(ExitCode.NO)


def _told_of_close(taking_part: dict[str, Participation]) -> list[str]:
    """The vehicles whose trail says that it is closed: those that wait or are under way, or else the last one."""
    from master_orchestrator.readers.campaigns import LIVE

    live = [vehicle for vehicle, taken in taking_part.items() if taken.part in LIVE]
    return live or list(taking_part)[-1:]


def _close_all(
    call: Invocation, what: tuple[str, str, str | None, float], taking_part: dict[str, Participation]
) -> list[dict[str, str]]:
    """Tell the vehicles, and those that a `campaign open` has asked for meanwhile; the rejections.

    ``taking_part`` takes these in.
    """
    from master_orchestrator.client.asking import ask_all, this_user
    from master_orchestrator.client.campaigns import LOOK_EVERY_S, campaign_request
    from master_orchestrator_schemas.messages import Campaign
    from master_orchestrator_schemas.vocabulary import OperatorAction

    campaign, reason, operator, timeout = what
    by, work = operator or this_user(), Campaign(campaign_id=campaign)
    rejected, told = list[dict[str, str]](), set[str]()
    with call.on_record("admin", "campaign", by=by):
        while vehicles := [vehicle for vehicle in _told_of_close(taking_part) if vehicle not in told]:
            requests = (
                campaign_request(vehicle, OperatorAction.CLOSE_CAMPAIGN, work, operator=by, reason=reason)
                for vehicle in vehicles
            )
            answers = ask_all(call.kafka, call.topology, requests, per_second=CLOSES_PER_S, timeout=timeout)
            rejected += [
                {"vehicle_id": request.vehicle_id, "rejection": rejection}
                for request, rejection in answers
                if rejection is not None
            ]
            told.update(vehicles)
            time.sleep(2 * LOOK_EVERY_S)  # until whoever opens it has seen that
            later = _read(call).of(campaign)
            taking_part |= {vehicle: taken for vehicle, taken in later.items() if vehicle not in taking_part}
    return rejected
