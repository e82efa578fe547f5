"""A system of the test's own, and the command line on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command_line import RunCommand, command_line
from support.engine_system import EngineSystem, engine_system

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


@pytest.fixture
def system(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[EngineSystem]:
    with engine_system(kafka, unique_topology, tmp_path) as system:
        yield system


@pytest.fixture
def command(kafka: KafkaSettings, unique_topology: Topology, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    return command_line(kafka, unique_topology, capsys)
