"""What the tests of runners on Kafka share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.agent_process import AgentProcess
from support.agent_wire import AgentWire

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


@pytest.fixture
def wire(kafka: KafkaSettings, unique_topology: Topology) -> Iterator[AgentWire]:
    wire = AgentWire(kafka, unique_topology)
    yield wire
    wire.consumer.close()


@pytest.fixture
def launch(wire: AgentWire, tmp_path: Path) -> Iterator[Callable[[str], AgentProcess]]:
    launched: list[AgentProcess] = []

    def launch(worker_id: str) -> AgentProcess:
        launched.append(AgentProcess(wire, tmp_path, worker_id))
        return launched[-1]

    yield launch
    for process in launched:
        process.process.kill()
        process.process.wait()
