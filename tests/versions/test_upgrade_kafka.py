"""What an engine of the frozen version left in Kafka, in the middle of everything, and today's engine upon it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from support.engine_partition import PARTITION, PartitionContent, frozen_topology
from support.engine_system import EngineSystem, ended, engine_system
from support.frozen_fleet import FOLDER
from support.topics import CODEC, newest_status

from master_orchestrator.cluster.provision import provision
from master_orchestrator.core.audit_chain import verify_chain
from master_orchestrator.core.state_versions import STATE_VERSION
from master_orchestrator.core.table import is_vehicle, pack_vehicle, unpack_vehicle
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import Command, OperatorRequest, Reply, ServiceEvent, Telemetry
from master_orchestrator_schemas.vocabulary import OperatorAction, ServiceEventKind, State

pytestmark = pytest.mark.kafka

FROZEN = FOLDER / "v1.jsonl"
DIAGNOSED = ("customer_engagement", "scheduling", "cancelled")
"""The older version had diagnosed them: the work takes an hour and a half, unless the workshop says that it is done."""


@pytest.fixture
def system(kafka: KafkaSettings, kafka_admin: AdminClient, tmp_path: Path) -> Iterator[EngineSystem]:
    """Topics of the names that the frozen bytes have in them."""
    topology = frozen_topology()
    provision(kafka_admin, topology)
    try:
        with engine_system(kafka, topology, tmp_path) as system:
            yield system
    finally:
        for future in kafka_admin.delete_topics([plan.name for plan in topology.topic_plans()]).values():
            future.exception()


def test_an_engine_goes_on_where_the_older_one_stopped(system: EngineSystem) -> None:
    partition = PartitionContent.read(FROZEN)
    _lay_out(system, partition)
    vehicles = [key.decode() for key in partition.table if is_vehicle(key)]
    for vehicle_id in ("healthy", "hot"):
        system.sender.send(Telemetry(vehicle_id=vehicle_id, ts_ms=1_700_500_000_000, check_requested=True))
    redrive = OperatorRequest(
        vehicle_id="cancelled",
        workflow_id="cancelled~0",
        request_id="r1",
        action=OperatorAction.REDRIVE,
        operator="ada",
    )
    system.sender.send(redrive)
    system.sender.flush()
    engine = system.start()
    with system.echo_agents() as agents:
        _report_work(system)
        workflows = len(vehicles) + 1  # one vehicle has two
        system.audit.until(lambda _log: _over(system, workflows))
        system.status.until(ended(workflows))
    trails = system.trails()
    for records in trails.values():
        assert list(range(len(records))) == [record.seq for record in records]
        assert [] == list(verify_chain(records))
    assert {1} == {len(values) for values in agents.values.values()}, "a command came in two versions"
    assert 0 == engine.stop()


def test_an_engine_that_is_too_old_ends_itself_and_says_what_to_do(system: EngineSystem) -> None:
    partition = PartitionContent.read(FROZEN)
    due_ms, state = unpack_vehicle(partition.table[b"scheduled"])
    newer = msgspec.msgpack.encode([STATE_VERSION + 1, *msgspec.msgpack.decode(state)[1:]])
    partition.table[b"scheduled"] = pack_vehicle(newer, due_ms)
    _lay_out(system, partition)
    engine = system.start()
    assert ExitCode.DIED == engine.wait(60)
    assert "written by a newer engine" in engine.log.read_text(encoding="utf-8")


def _report_work(system: EngineSystem) -> None:
    """As soon as the vehicles that were diagnosed are in the workshop."""
    workflows = {f"{vehicle_id}~0" for vehicle_id in DIAGNOSED}
    system.status.until(
        lambda log: workflows <= {w for w, status in newest_status(log).items() if status.state is State.IN_SERVICE}
    )
    for vehicle_id in DIAGNOSED:
        done = ServiceEvent(
            vehicle_id=vehicle_id,
            workflow_id=f"{vehicle_id}~0",
            event_id="done",
            kind=ServiceEventKind.COMPLETED,
            ts_ms=1_700_500_000_000,
        )
        system.sender.send(done)
    system.sender.flush()


def _over(system: EngineSystem, workflows: int) -> bool:
    """Whether the trails that were read say that all workflows and all side tasks have ended."""
    trails = system.trails()
    events = Counter(record.event for records in trails.values() for record in records)
    completed = sum(records[-1].to_state is State.COMPLETED for records in trails.values())
    return completed == workflows and events["side_task_started"] == events["side_task_ended"]


def _lay_out(system: EngineSystem, partition: PartitionContent) -> None:
    """Write everything into the topics of a system on which no engine has run; but commands that were answered."""
    producer = Producer(producer_config(system.kafka))
    for given in partition.inputs:
        producer.produce(given.topic, given.value, given.key, PARTITION)
    answered = {CODEC.decode(given.value, Reply).command_id for given in partition.inputs if "replies" in given.topic}
    waiting = [c for c in partition.commands if CODEC.decode(c.value, Command).command_id not in answered]
    for record in (*partition.outputs, *waiting):
        producer.produce(record.topic, record.value, record.key, PARTITION, headers=list(record.headers or ()))
    for key, value in partition.table.items():
        producer.produce(system.topology.changelog_topic, value, key, PARTITION)
    assert 0 == producer.flush(30)
