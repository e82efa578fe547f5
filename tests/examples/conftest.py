"""What the examples in other languages are run with: a system of their own, and its names in the environment."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.engine_system import EngineSystem, engine_system

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

SCHEMAS = Path(__file__).parents[2] / "schemas" / "master_orchestrator_schemas" / "avro"


@pytest.fixture
def system(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[EngineSystem]:
    """An engine system of this test's own."""
    with engine_system(kafka, unique_topology, tmp_path) as system:
        yield system


@pytest.fixture
def environment(system: EngineSystem) -> Mapping[str, str]:
    """The variables that the examples read."""
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": system.kafka.bootstrap_servers,
        "TOPIC_PREFIX": system.topology.app_id.removesuffix("master-orchestrator"),
        "APP_ID": system.topology.app_id,
        "SCHEMAS": str(SCHEMAS),
    }
