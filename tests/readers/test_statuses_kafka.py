"""Every view has the same workflows: the readable ones in their vehicle's partition; no record hides another."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from msgspec.structs import replace
from support.command_line import RunCommand, command_line
from support.engine_system import EngineSystem, engine_system
from support.topics import CODEC, newest_status

from master_orchestrator.readers.failed import read_failed
from master_orchestrator.readers.topics import partition_of
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Reason, State

pytestmark = pytest.mark.kafka

VEHICLES = 8


@pytest.fixture
def system(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[EngineSystem]:
    with engine_system(kafka, unique_topology, tmp_path) as system:
        yield system


@pytest.fixture
def command(kafka: KafkaSettings, unique_topology: Topology, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    return command_line(kafka, unique_topology, capsys)


def told(command: RunCommand, *arguments: str) -> tuple[int, Any]:
    """Exit code and answer; what is logged goes before it here, where no log is set up."""
    code, out = command(*arguments, "--json")
    return code, json.loads(out.splitlines()[-1])


def test_strangers_and_unreadable_records_change_no_view_and_are_violations(
    system: EngineSystem, command: RunCommand
) -> None:
    engine = system.start()
    with system.echo_agents():
        system.request_checks(range(VEHICLES))
        system.assert_whole(VEHICLES)
    assert 0 == engine.stop()
    honest = newest_status(system.status)
    partitions = system.topology.partitions
    astray = replace(honest["car-0~0"], state=State.FAILED, step="DIAGNOSIS", reason=Reason.RETRIES_EXHAUSTED, seq=99)
    stranger = replace(astray, workflow_id="car-0~7")
    elsewhere = (partition_of("car-0", partitions) + 1) % partitions
    producer = Producer(producer_config(system.kafka))
    for one in (astray, stranger):
        producer.produce(system.status.topic, CODEC.encode(one), one.workflow_id.encode(), elsewhere)
    producer.produce(system.status.topic, b"garbage", b"car-1~0", partition_of("car-1", partitions))
    assert 0 == producer.flush(10)

    listed = told(command, "workflows")[1]
    assert set(honest) == {one["workflow_id"] for one in listed}
    assert VEHICLES == told(command, "stats")[1]["total_workflows"]
    assert [] == list(read_failed(system.kafka, system.topology))
    assert "COMPLETED" == told(command, "status", "car-0~0")[1]["state"]
    code, verdict = told(command, "audit", "verify")
    assert (1, VEHICLES) == (code, verdict["workflows"])
    assert {("car-0~0", "wrong_partition"), ("car-0~7", "wrong_partition"), ("car-1~0", "unreadable")} == {
        (violation["workflow_id"], violation["kind"]) for violation in verdict["violations"]
    }
    assert 1 == command("audit", "verify", "--workflow", "car-1~0")[0]
    assert 0 == command("audit", "verify", "--workflow", "car-2~0")[0]
