"""`engine` and `agents`: the processes that do the work, each runnable many times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from master_orchestrator.cli.context import Invocation, UsageError, invocation

MetricsPort = Annotated[
    int | None, typer.Option(min=0, max=65_535, help="Serve /metrics on this port; not at all by default.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(
        epilog="A second one beside it: master-orchestrator engine --worker second", rich_help_panel="Run the system"
    )(engine)


def engine(
    ctx: typer.Context,
    worker: Annotated[
        str, typer.Option(help="Name of this worker, its own and the same after each restart; names its data folder.")
    ] = "engine",
    metrics_port: MetricsPort = None,
) -> int:
    """Run one engine worker until Ctrl-C or SIGTERM. Workers share the partitions; topics must be provisioned."""
    call = _ready(ctx, "engine")
    from master_orchestrator.shell.worker import run_engine

    folder = call.settings.data_dir / "engine" / _folder_name(worker)
    return run_engine(
        kafka=call.kafka, topology=call.topology, data_dir=folder, worker=worker, metrics_port=metrics_port
    )


def _ready(ctx: typer.Context, program: str) -> Invocation:
    """The invocation with its logging set up, its topology read and its broker answering, with all topics there."""
    from master_orchestrator.log_setup import configure_logging

    call = invocation(ctx)
    configure_logging(call.settings, program=program)
    call.require_topics()
    return call


def _folder_name(worker: str) -> str:
    if worker != Path(worker).name or worker in ("", ".."):
        raise UsageError(f"--worker {worker!r} names a folder: use letters, digits and dashes.")
    return worker
