"""`ingest`, `simulate` and `demo`: what puts load on the system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import UsageError, invocation
from master_orchestrator.cli.demo import demo
from master_orchestrator.cli.output import JsonOption, answer, console_for_people
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator.ingest.command import IngestOrder
    from master_orchestrator.ingest.opening import ReadTerms

PANEL = "Load"
ROWS_START_AGO_MS = 7 * 24 * 3_600_000
"""Where rows carry no time at all, they start a week ago: never in the future, whatever their number within reason."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator ingest drives/*.csv.gz --dry-run")(ingest)
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator simulate --vehicles 50 --seed 7")(simulate)
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator demo --vehicles 50")(demo)


def ingest(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or NDJSON, plain or gzip.")],
    *,
    column_map: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="NAME|FILE",
            help="Map of foreign columns: torque, car-scanner, obd-fusion, openxc, j1939, carobd, kit, or a YAML file.",
        ),
    ] = None,
    vehicle_id: Annotated[str | None, typer.Option(help="Vehicle id for every row; overrides the file.")] = None,
    start: Annotated[
        str | None, typer.Option(help="ISO 8601: time of the first row, or the day, where rows have none.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Zone of times without one: Europe/Berlin.", show_default="UTC")
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="Order of dates like 05/08/2026.", show_default="by the file"),
    ] = None,
    speed: Annotated[str, typer.Option(help="max, 1x, 10x: how fast recorded time runs.")] = "max",
    rejects: Annotated[
        Path | None, typer.Option(help="Write rows that are not readings to this file, as NDJSON.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first row that is not a reading.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing: show which workflows triage would open, and why.")
    ] = False,
    guess: Annotated[
        bool, typer.Option("--guess", help="Propose a column map; show the first readings it gives.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Send recorded drives to the telemetry topic; exit code 1 if a row was rejected or not acknowledged."""

    from master_orchestrator.ingest import command
    from master_orchestrator.ingest.telling import dry_run_json, dry_run_text, refusals_command, summary_text

    call = invocation(ctx)
    latest_ahead_ms = call.topology.episodes.max_future_ms
    order = command.IngestOrder(
        files=tuple(files),
        terms=_read_terms(column_map, vehicle_id, start, zone, day_first=day_first, latest_ahead_ms=latest_ahead_ms),
        speed=_speed(speed),
        rejects=rejects,
        strict=strict,
    )
    if guess:
        _guess(order, as_json=json)
        return
    opened = command.open_all(order)
    console = console_for_people(stderr=True)
    if dry_run:
        dry = command.dry_run(call.topology)
        summary = command.run_ingest(order, opened, dry, console)
        answer(dry_run_json(summary, dry), lambda: dry_run_text(summary, dry), as_json=json)
    else:
        topic = call.topology.topic_of("Telemetry")
        sink = command.kafka_sink(call.reachable_kafka("Telemetry"), call.topology)
        with call.on_record("write", "telemetry") as access:
            summary = command.run_ingest(order, opened, sink, console)
            access.rows = summary.total("acknowledged")
        told = {**summary.as_json(), "refusals": refusals_command(topic)}
        answer(told, lambda: summary_text(summary, order.rejects, topic), as_json=json)
    if not summary.complete:
        raise typer.Exit(ExitCode.NO)


def _guess(order: IngestOrder, *, as_json: bool) -> None:
    """Show the map that each file would be read by."""
    from master_orchestrator.ingest.guess import guess

    for path in order.files:
        proposal = guess(path, order.terms)
        if as_json:
            answer(proposal.as_json(), proposal.text, as_json=True)
        else:
            typer.echo(proposal.text())  # a map file, byte for byte: YAML escapes control characters itself


def _read_terms(
    column_map: str | None,
    vehicle_id: str | None,
    start: str | None,
    zone: str | None,
    *,
    day_first: bool | None,
    latest_ahead_ms: int,
) -> ReadTerms:
    import re
    import time

    from master_orchestrator.ingest.known_maps import named_map
    from master_orchestrator.ingest.opening import ReadTerms
    from master_orchestrator.ingest.start_option import start_of
    from master_orchestrator.ingest.zones import zone_of
    from master_orchestrator_schemas.messages.telemetry import VEHICLE_ID_PATTERN

    try:
        if zone is not None:
            zone_of(zone)
        start_ms = start_of(start, zone) if start is not None else None
    except ValueError as error:
        raise UsageError(f"--{error}") from error
    if vehicle_id is not None and re.fullmatch(VEHICLE_ID_PATTERN, vehicle_id) is None:
        raise UsageError(f"--vehicle-id {vehicle_id!r} is not a vehicle id: 1 to 64 of A-Z a-z 0-9 . _ : -")
    now_ms = time.time_ns() // 1_000_000
    return ReadTerms(
        default_start_ms=now_ms - ROWS_START_AGO_MS,
        column_map=named_map(column_map) if column_map is not None else None,
        vehicle_id=vehicle_id,
        start_ms=start_ms,
        latest_ms=now_ms + latest_ahead_ms,
        zone=zone,
        day_first=day_first,
    )


def _speed(text: str) -> float | None:
    from master_orchestrator.ingest.pacing import parse_speed

    try:
        return parse_speed(text)
    except ValueError as error:
        raise UsageError(f"--{error}") from error


def simulate(
    ctx: typer.Context,
    *,
    vehicles: Annotated[int, typer.Option(min=1, max=100_000, help="Size of the fleet.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed gives the same readings.")] = 1,
    minutes: Annotated[float, typer.Option(help="Minutes that the fleet drives, in simulated time.")] = 30.0,
    speed: Annotated[
        str, typer.Option(help="1x, 60x, max: how fast simulated time runs. It starts in the past.")
    ] = "60x",
    fault_share: Annotated[float, typer.Option(min=0, max=1, help="Share of the vehicles that break down.")] = 0.3,
    fault: Annotated[
        list[str] | None, typer.Option(help="Only this fault (again for more).", show_default="all")
    ] = None,
    interval: Annotated[float, typer.Option(help="Seconds between two readings of a vehicle.")] = 1.0,
    prefix: Annotated[
        str | None,
        typer.Option(help="Prefix of the vehicle ids.", show_default="sim-<time>: every run has new vehicles"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Drive a seeded fleet: healthy vehicles, faults of every subsystem, duplicates, gaps, late readings, spikes."""

    from master_orchestrator.simulation.command import fleet_speed, run_fleet, tally_json, tally_text, unique_prefix
    from master_orchestrator.simulation.faults import FAULTS
    from master_orchestrator.simulation.fleet import Fleet

    try:
        pace = fleet_speed(speed)
        fleet = Fleet(
            vehicles=vehicles,
            seed=seed,
            fault_share=fault_share,
            minutes=minutes,
            interval_s=interval,
            prefix=prefix or unique_prefix(),
            faults=tuple(fault or FAULTS),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    call = invocation(ctx)
    tally = run_fleet(fleet, pace, call.reachable_kafka("Telemetry"), call.topology, console_for_people(stderr=True))
    answer(tally_json(fleet, tally), lambda: tally_text(fleet, tally), as_json=json)
    if tally.acknowledged < tally.sent:
        raise typer.Exit(ExitCode.NO)
