"""`provision`: the cluster's topics as the topology says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import Invocation, invocation
from master_orchestrator.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka.admin import AdminClient
    from rich.table import Table

    from master_orchestrator.cluster.provision import TopicOutcome
    from master_orchestrator_schemas.topology import Topology

REACH_S = 30.0
"""Maximum wait for the broker's list of topics."""


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


def provision_topics(call: Invocation, replication: int | None = None) -> tuple[TopicOutcome, ...]:
    """Provision the invocation's cluster from its topology; on record, with what changes in the charters."""
    from confluent_kafka.admin import AdminClient

    from master_orchestrator.client.activity import on_record
    from master_orchestrator.client.asking import this_user
    from master_orchestrator.client.charter_change import ACT, change, charter_lines, charters_before
    from master_orchestrator.cluster.provision import provision as provision_cluster
    from master_orchestrator_schemas.kafka import admin_config

    topology = call.topology  # first: a wrong topology needs no broker to be found out
    kafka = call.bare_kafka()
    admin = AdminClient(admin_config(kafka))
    details = change(charters_before(kafka, topology, _partitions(admin, topology)), charter_lines(topology))
    with on_record(kafka, topology, this_user(), ACT, details=details):
        return provision_cluster(admin, topology, replication or call.settings.replication)


def _partitions(admin: AdminClient, topology: Topology) -> list[int]:
    """Those that the activity topic has now; none where it is not there yet."""
    topic = admin.list_topics(timeout=REACH_S).topics.get(topology.topic_of("Activity"))
    return [] if topic is None else sorted(topic.partitions)


def _table(outcomes: Sequence[TopicOutcome]) -> Table:
    from rich.table import Table

    table = Table("topic", "partitions", "done", "changes")
    for outcome in outcomes:
        table.add_row(outcome.topic, str(outcome.partitions), outcome.action, ", ".join(outcome.changes))
    return table
