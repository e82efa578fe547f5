"""Fixtures of the whole suite: one real Kafka per session, and for each test topics of its own on it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from master_orchestrator_schemas.topology import Topology, load_topology

if TYPE_CHECKING:  # imported by the fixtures that need them: the pure tests start without a Kafka client
    from confluent_kafka.admin import AdminClient

    from master_orchestrator_schemas.kafka import KafkaSettings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")  # how long an example takes says more of the machine's neighbours than of the code

TEST_PARTITIONS = 4  # fewer than in production: topics are created for each test


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    """A real Kafka: the one of KAFKA_BOOTSTRAP_SERVERS if that is set, else one started for this session."""
    from master_orchestrator.cluster.broker import EmbeddedKafka
    from master_orchestrator.cluster.errors import ToolMissingError
    from master_orchestrator_schemas.kafka import KafkaSettings

    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield KafkaSettings()
        return
    broker = EmbeddedKafka(tmp_path_factory.mktemp("kafka"))
    try:
        broker.start()
    except ToolMissingError as error:
        pytest.exit(str(error), returncode=2)  # once, not once for each test
    try:
        yield KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def kafka_admin(kafka: KafkaSettings) -> AdminClient:
    """An admin client of the session's Kafka."""
    from confluent_kafka.admin import AdminClient

    from master_orchestrator_schemas.kafka import admin_config

    return AdminClient(admin_config(kafka))


@pytest.fixture(scope="session")
def topology() -> Topology:
    """The repository's topology as it is."""
    return load_topology()


@pytest.fixture
def unique_topology(topology: Topology, kafka_admin: AdminClient) -> Iterator[Topology]:
    """The topology with names and an app id of this test's own, provisioned; its topics are deleted afterwards."""
    from master_orchestrator.cluster.provision import provision

    own = topology.model_copy(update={"partitions": TEST_PARTITIONS}).with_prefix(f"t{uuid.uuid4().hex[:8]}-")
    provision(kafka_admin, own)
    yield own
    for future in kafka_admin.delete_topics([plan.name for plan in own.topic_plans()]).values():
        future.exception()  # waits; a topic that a test deleted itself is not a failure


@pytest.fixture
def off_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands put nothing on record, so that no broker is needed. `test_kafka_commands` has the records."""
    from master_orchestrator.cli.context import Invocation

    def on_record(*_: object, **__: object) -> AbstractContextManager[SimpleNamespace]:
        return nullcontext(SimpleNamespace())

    monkeypatch.setattr(Invocation, "on_record", on_record)
