"""Provisioning as a command's act: on record, with what changes in the charters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient

from master_orchestrator.client.activity import on_record
from master_orchestrator.client.asking import this_user
from master_orchestrator.client.charter_change import ACT, change, charter_lines, charters_before
from master_orchestrator.cluster.provision import TopicOutcome
from master_orchestrator.cluster.provision import provision as provision_cluster
from master_orchestrator_schemas.kafka import admin_config

if TYPE_CHECKING:
    from master_orchestrator.cli.context import Invocation
    from master_orchestrator_schemas.topology import Topology

REACH_S = 30.0
"""Maximum wait for the broker's list of topics."""


def provision_topics(call: Invocation, replication: int | None = None) -> tuple[TopicOutcome, ...]:
    """Provision the invocation's cluster from its topology; on record, with what changes in the charters."""
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
