"""The system that is crashed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crash_run import CrashRun, crash_run
from support.engine_system import engine_system

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


@pytest.fixture
def run(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[CrashRun]:
    with engine_system(kafka, unique_topology, tmp_path) as system, crash_run(system) as run:
        yield run
