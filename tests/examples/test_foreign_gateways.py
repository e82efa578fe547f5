"""Gateways with other clients than the product's own: their readings land in the vehicle's partition, and are used."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]  # has no stubs
from hypothesis import given
from hypothesis import strategies as st
from support.engine_system import EngineSystem

from master_orchestrator.cluster.errors import ToolMissingError
from master_orchestrator.cluster.jars import kafka_libs
from master_orchestrator.cluster.java import find_java
from master_orchestrator.readers.topics import vehicle_of
from master_orchestrator_schemas.partitioner import partition_of_key

GATEWAY = Path(__file__).parents[2] / "examples" / "java_gateway" / "Gateway.java"
VEHICLES = 8
RUN_S = 60.0


def _has_java_compiler() -> bool:
    """A JRE runs Kafka, but not a file of source."""
    try:
        command = [str(find_java()), "--list-modules"]
    except ToolMissingError:
        return False
    return "jdk.compiler@" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@given(st.binary(min_size=1, max_size=64), st.integers(1, 100))
def test_aiokafka_chooses_the_vehicle_s_partition(key: bytes, partitions: int) -> None:
    every = list(range(partitions))

    assert partition_of_key(key, partitions) == DefaultPartitioner()(key, every, every)


@pytest.mark.kafka
@pytest.mark.skipif(not _has_java_compiler(), reason="a JRE without compiler here: the Java gateway is not tried")
def test_the_java_gateway_s_readings_are_used(system: EngineSystem, environment: Mapping[str, str]) -> None:
    vehicles = [f"java-{number}" for number in range(VEHICLES)]
    engine = system.start()

    command = [str(find_java()), "-cp", f"{kafka_libs()}/*", str(GATEWAY), *vehicles]
    sent = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_S, check=False)

    assert 0 == sent.returncode, sent.stderr
    placed = dict(line.split()[:2] for line in sent.stdout.splitlines())
    homes = {vehicle: partition_of_key(vehicle.encode(), system.topology.partitions) for vehicle in vehicles}
    assert {vehicle: str(home) for vehicle, home in homes.items()} == placed
    system.audit.until(lambda _log: set(vehicles) <= {vehicle_of(workflow) for workflow in system.trails()})
    assert 0 == engine.stop()
