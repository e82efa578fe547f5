"""`engine` and `agents`: the processes that do the work. Any number of each may run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from master_orchestrator.cli import completion
from master_orchestrator.cli.context import Invocation, UsageError, invocation
from master_orchestrator.exit_codes import ExitCode

MetricsPort = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, help="Serve /metrics, /ready and /live on this port; not at all by default."),
]


PANEL = "Run the system"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(epilog="Example, a second one: master-orchestrator engine --worker second", rich_help_panel=PANEL)(
        engine
    )
    app.command(
        epilog="Example: master-orchestrator agents diagnosis --handler diagnosis=my_agents:diagnose",
        rich_help_panel=PANEL,
    )(agents)


def engine(
    ctx: typer.Context,
    worker: Annotated[
        str, typer.Option(help="Unique name of this worker, the same after each restart; also names its data folder.")
    ] = "engine",
    metrics_port: MetricsPort = None,
) -> int:
    """Run one engine worker until Ctrl-C or SIGTERM. Workers share the partitions; topics must be provisioned.

    Kafka is waited for, as long as it takes; what waiting does not mend ends the command.
    """
    return _run_app(ctx, "engine", worker, metrics_port)


def judge(
    ctx: typer.Context,
    worker: Annotated[
        str, typer.Option(help="Name of this worker, its own and the same after each restart; names its data folder.")
    ] = "ueba",
    metrics_port: MetricsPort = None,
) -> int:
    """Judge what actors do until Ctrl-C or SIGTERM: findings, risks, controls. Workers share the partitions.

    Kafka is waited for, as long as it takes; what waiting does not mend ends the command.
    """
    return _run_app(ctx, "ueba", worker, metrics_port)


def _run_app(ctx: typer.Context, program: str, worker: str, metrics_port: int | None) -> int:
    folder = invocation(ctx).settings.data_dir / program / _folder_name(worker)
    call = _called(ctx, program)
    from master_orchestrator.cluster.locking import alone
    from master_orchestrator.shell.worker import run_engine
    from master_orchestrator_schemas.metric_kinds import Process

    _await_kafka(call)
    # A second worker of the name would take the first one's partitions over, and then wait for its tables without end.
    with alone(folder / "worker.lock", f"A worker {worker!r} already runs on {folder}: name this one (--worker)."):
        return run_engine(
            process=Process[program.upper()],
            kafka=call.kafka,
            topology=call.topology,
            data_dir=folder,
            worker=worker,
            metrics_port=metrics_port,
            metrics_host=call.settings.metrics_host,
        )


def agents(
    ctx: typer.Context,
    types: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TYPE]...",
            help="Agent types; all six by default.",
            show_default=False,
            autocompletion=completion.agent_types,
        ),
    ] = None,
    *,
    handler: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE=MODULE:ATTRIBUTE", help="A handler of your own; repeatable.", show_default=False),
    ] = None,
    max_workers: Annotated[
        int | None,
        typer.Option(min=1, help="Tasks at once for each type. (default: the topology's)", show_default=False),
    ] = None,
    worker: Annotated[
        str | None,
        typer.Option(help="Unique name, the same after each restart: its partitions wait for it.", show_default=False),
    ] = None,
    metrics_port: MetricsPort = None,
    enforce: Annotated[
        Literal["deny", "observe"] | None,
        typer.Option(
            help="observe: what charters do not allow is recorded and let through. (default: the topology's)",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run agents until Ctrl-C or SIGTERM: the reference agents, or handlers of your own for some types.

    Kafka is waited for, as long as it takes; what waiting does not mend ends the command.
    """
    from master_orchestrator.cli.handlers import chosen_agents

    specs = chosen_agents(types or (), handler or (), max_workers, invocation(ctx))
    call = _called(ctx, "agents")
    from master_orchestrator_agents.runner.process import run_agents
    from master_orchestrator_schemas.interpreter import prepare_interpreter

    _await_kafka(call)
    prepare_interpreter()
    run_agents(
        specs,
        call.kafka,
        call.topology,
        worker_id=worker,
        metrics_port=metrics_port,
        metrics_host=call.settings.metrics_host,
        enforced=None if enforce is None else enforce == "deny",
    )


def _called(ctx: typer.Context, program: str) -> Invocation:
    """The invocation with its logging set up and its topology read."""
    from master_orchestrator.log_setup import configure_logging

    call = invocation(ctx)
    configure_logging(call.settings, program=program)
    call.topology  # noqa: B018 - a wrong topology is told before the program is loaded
    return call


def _await_kafka(call: Invocation) -> None:
    """Return when this process may go on, and its broker answers and has all topics."""
    from master_orchestrator.supervision.holding import await_word
    from master_orchestrator.supervision.stopping import stop_requested

    if not await_word():
        raise typer.Exit(ExitCode.DONE)
    with stop_requested() as stopping:
        call.await_kafka(stopping)
        if stopping.is_set():
            raise typer.Exit(ExitCode.DONE)


def _folder_name(worker: str) -> str:
    if worker != Path(worker).name or worker in ("", ".."):
        raise UsageError(f"--worker {worker!r} names a folder: use letters, digits and dashes.")
    return worker
