"""What the tests of runners on Kafka share."""

from collections.abc import Iterator

import pytest
from agent_wire import Wire

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


@pytest.fixture
def wire(kafka: KafkaSettings, unique_topology: Topology) -> Iterator[Wire]:
    wire = Wire(kafka, unique_topology)
    yield wire
    wire.consumer.close()
