"""The engine system of one test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.engine_system import EngineSystem, engine_system

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


@pytest.fixture
def system(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[EngineSystem]:
    with engine_system(kafka, unique_topology, tmp_path) as system:
        yield system
