"""`up`: the whole system in one terminal, supervised."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import Invocation, UsageError, invocation
from master_orchestrator.cli.output import harmless_text

if TYPE_CHECKING:
    from master_orchestrator.supervision.local_system import LocalSystem

METRICS_PORT = 9464
FACTS_EVERY_S = 5.0


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
    port: Annotated[
        int,
        typer.Option(min=0, max=65_535, help="Port of the embedded Kafka's first node, the others follow; 0: free."),
    ] = 0,
    handler: Annotated[
        list[str] | None, typer.Option(help="TYPE=module:attribute, a handler of your own; repeatable.")
    ] = None,
    *,
    simulate: Annotated[bool, typer.Option("--simulate", help="Run a simulated fleet against it.")] = False,
    metrics: Annotated[bool, typer.Option(help="Serve /metrics, /ready and /live of engine, agents and ueba.")] = True,
    metrics_port: Annotated[
        int, typer.Option(min=1, max=65_533, help="Where the engine serves them; the agents one port up, ueba two.")
    ] = METRICS_PORT,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the logs of all processes.")] = False,
) -> None:
    """Start everything, and keep it running until Ctrl-C: broker, topics, workers, and a fleet if asked for.

    Shows where things are, then a line of facts whenever they change, and of the logs only warnings and errors.
    Without KAFKA_BOOTSTRAP_SERVERS or --bootstrap-servers an embedded broker is started. A process that dies is
    started again, after a wait that doubles each time. Ctrl-C or SIGTERM stops the load first, then the workers,
    the broker last.
    """
    from master_orchestrator.cluster.locking import alone
    from master_orchestrator.log_setup import configure_logging

    call = invocation(ctx) if verbose else quiet(invocation(ctx))
    if simulate_options and not simulate:
        raise UsageError(f"{' '.join(simulate_options)!r} is for a fleet: give --simulate too.")
    if port and call.kafka_is_given:
        raise UsageError("--port is for the embedded Kafka, and another one is named or runs already.")
    configure_logging(call.settings, program="up")
    own_handlers = [word for text in handler or [] for word in ("--handler", text)]
    load = ["simulate", *(simulate_options or [])] if simulate else []
    call.topology  # noqa: B018 - a wrong topology is found out before anything is started
    folder = call.settings.data_dir
    served = {"engine": metrics_port, "agents": metrics_port + 1, "ueba": metrics_port + 2} if metrics else {}
    with alone(
        folder / "up.lock", f"The whole system already runs on {folder} (up): give another folder (--data-dir)."
    ):
        supervise(call, plan(call, brokers=brokers, port=port, handlers=own_handlers, load=load, served=served), served)


def quiet(call: Invocation) -> Invocation:
    """The same invocation with warnings and errors alone in the logs, unless somebody has said how much."""
    if "log_level" in call.settings.model_fields_set:
        return call
    return Invocation({**call.options, "log_level": "warning"}, call.bootstrap_servers)


def plan(
    call: Invocation, *, brokers: int, port: int, handlers: list[str], load: list[str], served: Mapping[str, int]
) -> LocalSystem:
    """The processes to run: with an embedded broker only where the invocation names no Kafka and none runs."""
    from master_orchestrator.cluster.broker import EmbeddedKafka
    from master_orchestrator.supervision.local_system import LocalSystem

    broker = None if call.kafka_is_given else EmbeddedKafka(call.kafka_dir, brokers, port or None)
    ports = {name: ["--metrics-port", str(number)] for name, number in served.items()}
    return LocalSystem(
        bootstrap_servers=broker.bootstrap_servers if broker else call.kafka.bootstrap_servers,
        broker=broker,
        options=call.child_options(),
        engine=ports.get("engine", []),
        agents=[*handlers, *ports.get("agents", [])],
        ueba=ports.get("ueba", []),
        load=load,
    )


def supervise(call: Invocation, system: LocalSystem, served: Mapping[str, int]) -> None:
    """Run `system` until SIGINT or SIGTERM, and tell how it is; ``served``: the processes' ports for that."""
    from master_orchestrator.supervision.local_system import BROKER_STAGE, LOAD_STAGE, WORKER_STAGE
    from master_orchestrator.supervision.stopping import stop_requested
    from master_orchestrator.supervision.supervisor import Supervisor

    addresses = {name: f"http://{_asked_at(call.settings.metrics_host)}:{port}" for name, port in served.items()}
    if system.broker is not None:
        typer.echo("Starting Kafka, then the topics, engine, agents and ueba…")
    with stop_requested() as stopping, Supervisor(system.stages()) as supervisor:
        supervisor.prepare_stage(WORKER_STAGE)
        supervisor.prepare_stage(BROKER_STAGE)
        from master_orchestrator.cli.provisioning import (
            provision_topics,  # which takes as long as half a broker's start
        )

        supervisor.start_stage(BROKER_STAGE)
        provision_topics(call.at(system.bootstrap_servers))
        supervisor.start_stage(WORKER_STAGE)
        supervisor.start_stage(LOAD_STAGE)
        typer.echo("\n".join(address_lines(system.bootstrap_servers, addresses)))
        if addresses:
            threading.Thread(target=tell_facts, args=(addresses, stopping), daemon=True).start()
        supervisor.watch_until(stopping.is_set)


def address_lines(servers: str, addresses: Mapping[str, str]) -> list[str]:
    """Where things are, and how to go on."""
    return [
        f"Kafka:  {servers}",
        *(f"{name + ':':<7} {address}/metrics, /ready, /live" for name, address in addresses.items()),
        "Look with 'master-orchestrator workflows' and 'status WORKFLOW'; Ctrl-C stops all in order.",
    ]


def tell_facts(addresses: Mapping[str, str], stopping: threading.Event) -> None:
    """A line whenever the facts are others than before, until ``stopping``."""
    from master_orchestrator.supervision.facts import facts

    last = ""
    while not stopping.is_set():
        line = harmless_text(facts(addresses))
        if line != last and not stopping.is_set():
            typer.echo(f"{time.strftime('%H:%M:%S')} {line}")
        last = line
        stopping.wait(FACTS_EVERY_S)


def _asked_at(host: str) -> str:
    """Where to ask a server that listens on ``host``, which may stand for all addresses."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
