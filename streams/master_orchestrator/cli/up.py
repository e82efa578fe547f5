"""`up`: the whole system in one terminal, supervised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import Invocation, UsageError, invocation
from master_orchestrator.cli.provision import provision_topics

if TYPE_CHECKING:
    from master_orchestrator.supervision.local_system import LocalSystem

ENGINE_METRICS_PORT = 9464
AGENTS_METRICS_PORT = 9465


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog="Examples: master-orchestrator up. With load: master-orchestrator up --simulate -- --vehicles 50",
        rich_help_panel="Run the system",
    )(up)


def up(
    ctx: typer.Context,
    simulate_options: Annotated[
        list[str] | None, typer.Argument(help="After --: options of `simulate`.", show_default=False)
    ] = None,
    brokers: Annotated[int, typer.Option(help="Nodes of the embedded Kafka: 1 or 3.")] = 1,
    handler: Annotated[
        list[str] | None, typer.Option(help="TYPE=module:attribute, a handler of your own; repeatable.")
    ] = None,
    *,
    simulate: Annotated[bool, typer.Option("--simulate", help="Run a simulated fleet against it.")] = False,
    metrics: Annotated[bool, typer.Option(help="Serve /metrics of engine (9464) and agents (9465).")] = True,
) -> None:
    """Start everything, and keep it running until Ctrl-C: broker, topics, engine, agents, and a fleet if asked for.

    Without KAFKA_BOOTSTRAP_SERVERS or --bootstrap-servers an embedded broker is started. A process that dies is
    started again, after a wait that doubles each time. Ctrl-C or SIGTERM stops the load first, then engine and
    agents, the broker last.
    """
    from master_orchestrator.cluster.locking import alone
    from master_orchestrator.log_setup import configure_logging

    call = invocation(ctx)
    if simulate_options and not simulate:
        raise UsageError(f"{' '.join(simulate_options)!r} is for a fleet: say --simulate too.")
    configure_logging(call.settings, program="up")
    own_handlers = [word for text in handler or [] for word in ("--handler", text)]
    load = ["simulate", *(simulate_options or [])] if simulate else []
    call.topology  # noqa: B018 - a wrong topology is found out before anything is started
    folder = call.settings.data_dir
    with alone(
        folder / "up.lock", f"The whole system already runs on {folder} (up): give another folder (--data-dir)."
    ):
        supervise(call, plan(call, brokers=brokers, handlers=own_handlers, load=load, metrics=metrics))


def plan(call: Invocation, *, brokers: int, handlers: list[str], load: list[str], metrics: bool) -> LocalSystem:
    """The processes to run: with an embedded broker only where the invocation names no Kafka and none runs."""
    from master_orchestrator.cluster.broker import EmbeddedKafka
    from master_orchestrator.supervision.local_system import LocalSystem

    broker = None if call.kafka_is_given else EmbeddedKafka(call.kafka_dir, brokers, throughput=True)
    return LocalSystem(
        bootstrap_servers=broker.bootstrap_servers if broker else call.kafka.bootstrap_servers,
        broker=broker,
        options=call.child_options(),
        engine=_metrics_port(ENGINE_METRICS_PORT, wanted=metrics),
        agents=[*handlers, *_metrics_port(AGENTS_METRICS_PORT, wanted=metrics)],
        load=load,
    )


def supervise(call: Invocation, system: LocalSystem) -> None:
    """Run `system` until SIGINT or SIGTERM."""
    from master_orchestrator.supervision.local_system import BROKER_STAGE, LOAD_STAGE, WORKER_STAGE
    from master_orchestrator.supervision.stopping import stop_requested
    from master_orchestrator.supervision.supervisor import Supervisor

    with stop_requested() as stopping, Supervisor(system.stages()) as supervisor:
        supervisor.start_stage(BROKER_STAGE)
        provision_topics(call.at(system.bootstrap_servers))
        supervisor.start_stage(WORKER_STAGE)
        supervisor.start_stage(LOAD_STAGE)
        supervisor.watch_until(stopping.is_set)


def _metrics_port(port: int, *, wanted: bool) -> list[str]:
    return ["--metrics-port", str(port)] if wanted else []
