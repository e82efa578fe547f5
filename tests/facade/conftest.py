"""An orchestrator under test: in memory, or on a real Kafka with an engine process of its own."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import AdminClient
from support.engine_process import EngineProcess
from support.facade_stage import FacadeStage, quick

from master_orchestrator.cluster.provision import provision
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

PARTITIONS = 4


@pytest.fixture(scope="session")
def live_topology(topology: Topology, kafka_admin: AdminClient) -> Iterator[Topology]:
    """Topics of this folder's own on the session's Kafka."""
    own = quick(topology).model_copy(update={"partitions": PARTITIONS}).with_prefix(f"f{uuid.uuid4().hex[:8]}-")
    provision(kafka_admin, own)
    yield own
    for future in kafka_admin.delete_topics([plan.name for plan in own.topic_plans()]).values():
        future.exception()  # waits


@pytest.fixture(scope="session")
def engine(
    kafka: KafkaSettings, live_topology: Topology, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    """An engine on those topics, shared by the tests: their vehicles differ."""
    process = EngineProcess(kafka, live_topology, tmp_path_factory.mktemp("engine"))
    process.start()
    yield process
    process.stop()


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def stage(request: pytest.FixtureRequest, topology: Topology) -> Iterator[FacadeStage]:
    """Both shells in turn: what holds for one holds for the other."""
    if request.param == "memory":
        made = FacadeStage(quick(topology), None)
    else:
        made = FacadeStage(request.getfixturevalue("live_topology"), request.getfixturevalue("kafka"))
        request.getfixturevalue("engine")
    with made.running:
        yield made


@pytest.fixture
def vehicle() -> Callable[[], str]:
    """Vehicle ids that no other test uses."""
    return lambda: f"v-{uuid.uuid4().hex[:12]}"
