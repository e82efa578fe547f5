"""`provision`: the cluster's topics as the topology says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import Invocation, invocation
from master_orchestrator.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from master_orchestrator.cluster.provision import TopicOutcome


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog="Example: master-orchestrator --bootstrap-servers kafka:9092 provision --replication 3",
        rich_help_panel="Kafka",
    )(provision)


def provision(
    ctx: typer.Context,
    replication: Annotated[
        int | None, typer.Option(min=1, help="Replicas of new topics. (default: live brokers, at most 3)")
    ] = None,
    *,
    repartition: Annotated[
        bool,
        typer.Option("--repartition", help="Raise the partitions to the topology's number; stop everything first."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Create the topics of the topology and bring their retention and limits up to date; safe to run again.

    Refuses, before it changes anything, a topic whose partition count, cleanup policy or timestamp type differs.
    """
    if repartition:
        _repartition(invocation(ctx), as_json=json)
    from master_orchestrator.cli.provisioning import provision_topics

    outcomes = provision_topics(invocation(ctx), replication)
    answer([asdict(outcome) for outcome in outcomes], lambda: _table(outcomes), as_json=json)


def _repartition(call: Invocation, *, as_json: bool) -> None:
    from master_orchestrator.cluster.repartition import repartition

    topology = call.topology
    moved = repartition(call.reachable_kafka(), topology)
    if not as_json:
        typer.echo(
            f"Moved {moved.vehicles} vehicles with {moved.records} audit records, to {topology.partitions} partitions."
        )


def _table(outcomes: Sequence[TopicOutcome]) -> Table:
    from rich.table import Table

    table = Table("topic", "partitions", "done", "changes")
    for outcome in outcomes:
        table.add_row(outcome.topic, str(outcome.partitions), outcome.action, ", ".join(outcome.changes))
    return table
