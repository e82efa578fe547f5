"""`demo`: the whole system in one command, until every workflow has ended."""

from __future__ import annotations

import math
import os
import time
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import Invocation, UsageError, invocation
from master_orchestrator.cli.output import JsonOption, console_for_people, plain_width
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator.demo.terms import DemoTerms
    from master_orchestrator.demo.verdict import DemoVerdict
    from master_orchestrator.simulation.fleet import Fleet

INTERVAL_S = 2.0
"""Between two readings of a vehicle, in its own time."""
HANDLERS = (
    "DIAGNOSIS=master_orchestrator.demo.stumbling:diagnosis",
    "SCHEDULING=master_orchestrator.demo.stumbling:scheduling",
)
INTERRUPTED = "interrupted"
DATA_DIR_VARIABLE = "MASTER_ORCHESTRATOR_DATA_DIR"


def demo(
    ctx: typer.Context,
    *,
    vehicles: Annotated[int, typer.Option(min=1, max=2_000, help="Size of the fleet.")] = 28,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet and the same outside world.")] = 7,
    minutes: Annotated[float, typer.Option(min=1, help="Minutes that the fleet drives, in simulated time.")] = 25.0,
    speed: Annotated[float, typer.Option(min=1, help="How many times faster than real time it runs.")] = 60.0,
    fault_share: Annotated[float, typer.Option(min=0, max=1, help="Share of the vehicles that break down.")] = 0.75,
    timeout: Annotated[float, typer.Option(min=1, help="Give up after N seconds.")] = 180.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep logs and data afterwards.")] = False,
    json: JsonOption = False,
) -> None:
    """Run everything on this machine, with vehicles that break down and agents that fail, until every workflow ends.

    Starts a broker of its own, with its data in a temporary folder; where KAFKA_BOOTSTRAP_SERVERS or
    --bootstrap-servers names one, it is used: let it be one for trying out, the simulated workshops answer for every
    workflow on it. Exit code 0: every fault was found, every workflow has ended, and the audit trail is clean.
    """
    from master_orchestrator.demo.folder import demo_folder

    started_s = time.monotonic()
    call = invocation(ctx)
    call.topology  # noqa: B018 - a wrong topology is found out before anything is started
    fleet = _fleet(call, vehicles=vehicles, seed=seed, minutes=minutes, fault_share=fault_share)
    _refuse_hopeless(fleet, speed, timeout)
    with demo_folder() as folder:
        own = _within(call, folder.path, _planned(call, fleet, folder.path))
        verdict = _run(_terms(own, fleet, speed, timeout, started_s), own, folder.path, as_json=json)
        folder.keep = keep or (not verdict.good and verdict.stopped != INTERRUPTED)
    if not verdict.good:
        raise typer.Exit(ExitCode.NO)


def _fleet(call: Invocation, *, vehicles: int, seed: int, minutes: float, fault_share: float) -> Fleet:
    """On a broker of our own the vehicles have fixed names; on another, an earlier run may have had these."""
    from master_orchestrator.simulation.command import unique_prefix
    from master_orchestrator.simulation.fleet import Fleet

    try:
        return Fleet(
            vehicles=vehicles,
            seed=seed,
            minutes=minutes,
            fault_share=fault_share,
            interval_s=INTERVAL_S,
            prefix=unique_prefix() if call.kafka_is_given else "demo",
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def _refuse_hopeless(fleet: Fleet, speed: float, timeout_s: float) -> None:
    """The time-out counts from the start: a fleet that drives as long or longer is given up for certain."""
    if not math.isfinite(speed):
        raise UsageError(f"--speed {speed:g} is not a speed: give a number, like 60")
    drive_s = fleet.duration_s / speed
    if drive_s >= timeout_s:
        raise UsageError(
            f"{fleet.minutes:g} minutes at --speed {speed:g} are {drive_s:g} s of driving, and the demo gives up after "
            f"--timeout {timeout_s:g} s: give fewer --minutes, more --speed, or a longer --timeout"
        )


def _planned(call: Invocation, fleet: Fleet, folder: Path) -> Path:
    """The topology with a vehicle that is due for regular service, in a file of its own."""
    from datetime import UTC, datetime

    from master_orchestrator.demo.planned import with_service_due
    from master_orchestrator_schemas.topology.loader import topology_file, topology_text

    text = topology_text(topology_file(call.settings.topology))
    file = folder / "topology.yaml"
    file.write_text(with_service_due(text, fleet, datetime.now(UTC).date()), encoding="utf-8")
    return file


def _within(call: Invocation, folder: Path, topology: Path) -> Invocation:
    """The same invocation with this topology and all its data in ``folder``; children and their agents are told by the
    environment.
    """
    from master_orchestrator_schemas.topology.loader import ENVIRONMENT

    os.environ[DATA_DIR_VARIABLE] = str(folder)
    os.environ[ENVIRONMENT] = str(topology.absolute())  # the agents' handlers load it without being told which
    address = call.kafka.bootstrap_servers if call.kafka_is_given else None
    return Invocation({**call.options, "data_dir": folder, "topology": topology}, address)


def _terms(call: Invocation, fleet: Fleet, speed: float, timeout_s: float, started_s: float) -> DemoTerms:
    from master_orchestrator.cli.provisioning import provision_topics
    from master_orchestrator.cluster.broker import EmbeddedKafka
    from master_orchestrator.demo.terms import DemoTerms
    from master_orchestrator.supervision.local_system import LocalSystem

    broker = None if call.kafka_is_given else EmbeddedKafka(call.kafka_dir)
    there = call.at(broker.bootstrap_servers) if broker else call
    system = LocalSystem(
        bootstrap_servers=there.kafka.bootstrap_servers,
        broker=broker,
        options=call.child_options(),
        agents=[word for handler in HANDLERS for word in ("--handler", handler)],
    )
    return DemoTerms(
        system=system,
        topology=call.topology,
        kafka=there.kafka,
        fleet=fleet,
        speed=speed,
        timeout_s=timeout_s,
        provision=lambda: provision_topics(there),
        started_s=started_s,
    )


def _run(terms: DemoTerms, call: Invocation, folder: Path, *, as_json: bool) -> DemoVerdict:
    """Run the demo with the terminal to itself: all logs go to a file."""

    from master_orchestrator.demo.redirect import output_to
    from master_orchestrator.demo.run import Demo
    from master_orchestrator.log_setup import configure_logging

    with output_to(folder / "demo.log") as streams:
        configure_logging(call.settings, program="demo")
        verdict = Demo(terms, console_for_people(file=streams.err if as_json else streams.out)).run()
    if as_json:
        typer.echo(dumps(verdict.as_json()))
    else:
        shown = console_for_people()
        shown.print(verdict.as_text(), width=plain_width())
    return verdict
