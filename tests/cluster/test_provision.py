"""Provisioning: idempotent, follows what may change, and refuses what may not before anything is touched."""

import threading
import time
from collections.abc import Callable

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from master_orchestrator.cluster.errors import ProvisionError
from master_orchestrator.cluster.provision import TopicOutcome, provision
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.topology import Topology

pytestmark = pytest.mark.kafka


def test_every_topic_is_there_as_the_topology_says(kafka_admin: AdminClient, unique_topology: Topology) -> None:
    topics = kafka_admin.list_topics(timeout=10).topics
    for plan in unique_topology.topic_plans():
        assert plan.partitions == len(topics[plan.name].partitions), plan.name
        config = _config(kafka_admin, plan.name)
        assert dict(plan.config) == {key: config[key] for key in plan.config}, plan.name
    expected = {*unique_topology.input_topics, *unique_topology.output_topics, *unique_topology.command_topics}
    assert expected | {unique_topology.changelog_topic} | unique_topology.assignor_topics <= set(topics)
    assert "compact" == _config(kafka_admin, unique_topology.changelog_topic)["cleanup.policy"]
    assert unique_topology.partitions == len(topics[unique_topology.changelog_topic].partitions)


def test_again_does_nothing(kafka_admin: AdminClient, unique_topology: Topology) -> None:
    assert {"unchanged"} == {outcome.action for outcome in provision(kafka_admin, unique_topology)}


def test_a_topic_that_is_missing_is_made_second_the_others(kafka_admin: AdminClient, unique_topology: Topology) -> None:
    lost = unique_topology.dead_letter_topic
    _delete(kafka_admin, lost)
    made = [outcome for outcome in provision(kafka_admin, unique_topology) if outcome.action != "unchanged"]
    assert [TopicOutcome(lost, "created", unique_topology.partitions)] == made


def test_retention_follows_the_topology(kafka_admin: AdminClient, unique_topology: Topology) -> None:
    telemetry = unique_topology.topic_of("Telemetry")
    expected = _config(kafka_admin, telemetry)["retention.ms"]
    _alter(kafka_admin, telemetry, "retention.ms", "60000")
    changed = [outcome for outcome in provision(kafka_admin, unique_topology) if outcome.action != "unchanged"]
    assert [TopicOutcome(telemetry, "updated", unique_topology.partitions, (f"retention.ms={expected}",))] == changed
    _await(lambda: expected == _config(kafka_admin, telemetry)["retention.ms"])


def test_another_partition_count_is_refused_before_anything_is_made(
    kafka_admin: AdminClient, unique_topology: Topology
) -> None:
    lost = unique_topology.dead_letter_topic
    _delete(kafka_admin, lost)
    wider = unique_topology.model_copy(update={"partitions": unique_topology.partitions * 2})
    with pytest.raises(
        ProvisionError, match=r"has 4 partitions, the topology says 8.*--repartition.*or set partitions to 4"
    ):
        provision(kafka_admin, wider)
    assert lost not in kafka_admin.list_topics(timeout=10).topics


@pytest.mark.parametrize(
    ("setting", "value"), [("cleanup.policy", "compact"), ("message.timestamp.type", "CreateTime")]
)
def test_another_policy_is_refused_and_left_alone(
    kafka_admin: AdminClient, unique_topology: Topology, setting: str, value: str
) -> None:
    telemetry = unique_topology.topic_of("Telemetry")
    _alter(kafka_admin, telemetry, setting, value)
    with pytest.raises(ProvisionError, match=rf"{telemetry} has {setting}={value}, the topology says .*kafka-configs"):
        provision(kafka_admin, unique_topology)
    assert value == _config(kafka_admin, telemetry)[setting]


def test_two_runs_at_once_both_succeed(kafka_admin: AdminClient, unique_topology: Topology) -> None:
    second = unique_topology.with_prefix("second-")
    outcomes: list[tuple[TopicOutcome, ...]] = []
    runs = [threading.Thread(target=lambda: outcomes.append(provision(kafka_admin, second))) for _ in range(3)]
    try:
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        assert [len(second.topic_plans())] * 3 == [len(outcome) for outcome in outcomes]
    finally:
        for future in kafka_admin.delete_topics([plan.name for plan in second.topic_plans()]).values():
            future.result()


def test_more_replicas_than_brokers_is_refused_by_name(kafka_admin: AdminClient, topology: Topology) -> None:
    brokers = len(kafka_admin.list_topics(timeout=10).brokers)
    with pytest.raises(ProvisionError, match=r"Kafka refused topic too-many-.*[Rr]eplication factor"):
        provision(kafka_admin, topology.with_prefix("too-many-"), replication=brokers + 1)


def test_a_lost_changelog_is_not_made_again_while_there_is_a_trail(
    kafka: KafkaSettings, kafka_admin: AdminClient, unique_topology: Topology
) -> None:
    """Vehicles would open workflows with ids that the trail has."""
    audit, changelog = unique_topology.topic_of("AuditRecord"), unique_topology.changelog_topic
    producer = Producer(producer_config(kafka))
    producer.produce(audit, b"a record", b"car-1~0/0", 2)
    assert 0 == producer.flush(10)

    with pytest.raises(ProvisionError, match=rf"{changelog} is empty, but {audit} has records \(partitions 2\)"):
        provision(kafka_admin, unique_topology)
    _delete(kafka_admin, changelog)
    with pytest.raises(ProvisionError, match=rf"{changelog} is not there, .*export the trail, delete all topics"):
        provision(kafka_admin, unique_topology)
    assert changelog not in kafka_admin.list_topics(timeout=10).topics

    _delete(kafka_admin, audit)
    assert {audit, changelog} == {
        outcome.topic for outcome in provision(kafka_admin, unique_topology) if outcome.action == "created"
    }


def _config(admin: AdminClient, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return {key: entry.value for key, entry in admin.describe_configs([resource])[resource].result().items()}


def _alter(admin: AdminClient, topic: str, key: str, value: str) -> None:
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result()
    _await(lambda: value == _config(admin, topic)[key])


def _delete(admin: AdminClient, topic: str) -> None:
    admin.delete_topics([topic])[topic].result()
    _await(lambda: topic not in admin.list_topics(timeout=10).topics)


def _await(condition: Callable[[], bool]) -> None:
    """Brokers learn of a change from the controller's log, a moment after it was acknowledged."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the broker never showed the change"
        time.sleep(0.02)
