"""`kafka start|stop|status`: the embedded broker, without Docker."""

from __future__ import annotations

from typing import Annotated

import typer

from master_orchestrator.cli.context import invocation
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.exit_codes import ExitCode

DEFAULT_PORT = 9092


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="A real Kafka on loopback, without Docker (needs Java and Maven).")
    group.command(epilog="Example: master-orchestrator kafka start --brokers 3 --port 19092")(start)
    group.command(epilog="Example: master-orchestrator --data-dir /var/tmp/mo kafka stop")(stop)
    group.command(epilog="Example: master-orchestrator kafka status --json")(status)
    app.add_typer(group, name="kafka", rich_help_panel="Kafka")


def start(
    ctx: typer.Context,
    brokers: Annotated[int, typer.Option(help="Nodes of the cluster: 1, or 3 replicated ones.")] = 1,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the first node, the others follow; 0: free ones.")
    ] = DEFAULT_PORT,
    *,
    json: JsonOption = False,
) -> None:
    """Start the broker in the background and return when it answers; its data is kept in DATA_DIR/kafka."""
    from master_orchestrator.cluster.broker import EmbeddedKafka
    from master_orchestrator.log_setup import configure_logging

    call = invocation(ctx)
    configure_logging(call.settings, program="kafka")
    cluster = EmbeddedKafka(call.kafka_dir, brokers, port or None, leashed=False)
    cluster.start()
    value = {"bootstrap_servers": cluster.bootstrap_servers, "data_dir": str(cluster.data_dir)}
    answer(value, lambda: f"Kafka is up at {value['bootstrap_servers']}, data in {value['data_dir']}.", as_json=json)


def stop(ctx: typer.Context, *, json: JsonOption = False) -> None:
    """Stop the broker that `kafka start` started; its data stays."""
    from master_orchestrator.cluster.broker import nodes_of
    from master_orchestrator.cluster.errors import ClusterError
    from master_orchestrator.cluster.node import stop_all

    running = [node for node in nodes_of(invocation(ctx).kafka_dir) if node.running]
    stop_all(running)
    if left := [str(node.folder) for node in running if node.running]:
        raise ClusterError(
            f"The brokers of {', '.join(left)} run on, and their pid is not known: the command that started them "
            "was interrupted. End the java process with that folder in its command line."
        )
    text = f"Stopped {len(running)} of Kafka's nodes." if running else "No Kafka was running here."
    answer({"stopped": len(running)}, lambda: text, as_json=json)


def status(ctx: typer.Context, *, json: JsonOption = False) -> None:
    """Show the broker's nodes; exit code 1 if none runs."""
    from master_orchestrator.cluster.broker import nodes_of, running_bootstrap_servers

    folder = invocation(ctx).kafka_dir
    servers = running_bootstrap_servers(folder)
    present = nodes_of(folder)
    nodes = [{"node": node.folder.name, "pid": node.pid, "running": node.running} for node in present]
    alive = ", ".join(f"{node.folder.name} ({node.status})" for node in present)
    text = f"Kafka is up at {servers}: {alive}." if servers else f"No Kafka runs on {folder}."
    answer({"running": servers is not None, "bootstrap_servers": servers, "nodes": nodes}, lambda: text, as_json=json)
    if servers is None:
        raise typer.Exit(ExitCode.NO)
