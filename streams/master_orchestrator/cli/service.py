"""`service show`: regular service of one vehicle, item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import NothingSuchError, invocation
from master_orchestrator.cli.output import JsonOption, answer, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.readers.service_reports import MeterReport, PlanItemReport, VehicleServiceReport

SHORT = {"km": "km", "hours": "h", "days": "d", "months": "mo"}
UNITS = {"distance": "km", "engine_hours": "h", "date": "d"}


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Regular service: what is due when, and what that rests on.")
    group.callback()(lambda: None)  # a group of one command is not that command
    group.command(epilog="Example: master-orchestrator service show truck-7")(show)
    app.add_typer(group, name="service", rich_help_panel="Workflows")


def show(
    ctx: typer.Context,
    vehicle: Annotated[str, typer.Argument(metavar="VEHICLE", help="A vehicle's id, like truck-7.")],
    *,
    json: JsonOption = False,
) -> None:
    """Show each item of a vehicle's plan: when it was last done, how much of its interval is used, when it is due.

    Exit code 1 if nothing is known of the vehicle.
    """
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.cli.shown import now_ms
    from master_orchestrator.errors import UnknownVehicleError
    from master_orchestrator.readers.service_reports import vehicle_service
    from master_orchestrator.readers.vehicles import read_vehicle

    call = invocation(ctx)
    kafka = call.reachable_kafka("Status")
    with call.on_record("read", "workflow", vehicle), reading("the engine's table") as progress:
        state = read_vehicle(kafka, call.topology, vehicle, progress)
        if state is None:
            raise NothingSuchError(str(UnknownVehicleError(vehicle)))
    report = vehicle_service(call.topology, vehicle, state, now_ms())
    answer(plain(report), lambda: _text(report), as_json=json)


def _text(report: VehicleServiceReport) -> RenderableType:
    from rich.console import Group

    from master_orchestrator.cli.shown import shown

    vehicle = f"{report.vehicle_id} of {f'model {report.model}' if report.model else 'no known model'}"
    if not report.items:
        return shown(f"{vehicle} has no plan: see service_plans in topology.yaml")
    looked = "not looked at yet" if report.looked_at is None else f"looked at {_minute(report.looked_at)}"
    head = shown(f"{vehicle}; meters {looked}")
    meters = [_meter("odometer", report.odometer, "km"), _meter("engine hours", report.engine_hours, "h")]
    return Group(head, *map(shown, meters), "", _table(report.items))


def _meter(name: str, meter: MeterReport | None, unit: str) -> str:
    if meter is None:
        return f"{name}: none sent"
    use = "use per day not known yet" if meter.per_day is None else f"{meter.per_day:g} {unit} a day"
    odd = "" if meter.remark is None or meter.remarked_at is None else f"; {meter.remark} {_minute(meter.remarked_at)}"
    stuck = ", stands still" if meter.stuck else ""
    return f"{name}: {meter.value:,.0f} {unit}, {use}{stuck}{odd}"


def _table(items: tuple[PlanItemReport, ...]) -> RenderableType:
    from master_orchestrator.cli.shown import shown
    from master_orchestrator.cli.tables import plain_table

    table = plain_table("item", "last done", "used of", "due", "")
    for each in items:
        table.add_row(shown(each.item), _day(each.last_done), _used(each), _day(each.due), shown(_what(each)))
    return table


def _used(each: PlanItemReport) -> str:
    if each.by is None:
        return " or ".join(f"{every:,.0f} {SHORT[unit]}" for unit, every in each.every.items())
    return f"{each.used:,} of {each.interval:,} {UNITS[each.by]}"


def _what(each: PlanItemReport) -> str:
    words = ["overdue"] if each.overdue else []
    if each.due is None:
        words.append("not known yet")
    if each.workflow_id is not None:
        words.append(f"in {each.workflow_id}")
    elif each.quiet_until is not None:
        words.append(f"not asked before {_day(each.quiet_until)}")
    return ", ".join(words)


def _day(at: str | None) -> str:
    return "-" if at is None else at[:10]


def _minute(at: str) -> str:
    return f"{at[:16]}Z"
