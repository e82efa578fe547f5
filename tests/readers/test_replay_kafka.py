"""The replay of what an engine wrote on a real Kafka, killed in the middle and given bad inputs too."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from msgspec.structs import replace
from support.command_line import command_line
from support.engine_system import EngineSystem, engine_system
from support.topics import CODEC

from master_orchestrator.core.audit_chain import hash_of
from master_orchestrator.readers.topics import partition_of
from master_orchestrator.readers.verify_topics import verify_topics
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import AuditRecord, Dtc, OperatorRequest, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import OperatorAction, Priority

pytestmark = pytest.mark.kafka

VEHICLES = 40
Replay = Callable[[], tuple[int, dict[str, Any]]]
START_MS = 1_700_000_000_000


@pytest.fixture
def system(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[EngineSystem]:
    with engine_system(kafka, unique_topology, tmp_path) as system:
        yield system


@pytest.fixture
def replay(system: EngineSystem, capsys: pytest.CaptureFixture[str]) -> Replay:
    """``audit verify`` on the system's topics: exit code and answer."""
    command = command_line(system.kafka, system.topology, capsys)

    def runs() -> tuple[int, dict[str, Any]]:
        code, told = command("audit", "verify", "--json")
        return code, json.loads(told)

    return runs


def test_what_an_engine_killed_twice_has_written_is_given_again(
    system: EngineSystem, replay: Replay, kafka_admin: AdminClient
) -> None:
    _run_and_kill(system)

    code, told = replay()
    assert (0, "whole", [], []) == (code, told["outcome"], told["violations"], told["untold"])
    assert 3 * VEHICLES == told["vehicles"]
    system.audit.until(lambda _log: told["records"] <= sum(map(len, system.trails().values())))
    trails = system.trails()
    assert sum(map(len, trails.values())) == told["records"] == told["replayed"]

    forged = _forged(system, trails["car-1~0"][-1])
    code, told = replay()
    assert (1, "violated") == (code, told["outcome"])
    assert {("car-1~0", forged.seq)} == {
        (violation["workflow_id"], violation["seq"]) for violation in told["violations"]
    }
    assert {"replay_differs", "not_in_table", "status_behind"} <= {
        violation["kind"] for violation in told["violations"]
    }


def test_where_replies_are_gone_it_cannot_be_told(
    system: EngineSystem, replay: Replay, kafka_admin: AdminClient
) -> None:
    engine = system.start()
    with system.echo_agents():
        system.request_checks(range(VEHICLES))
        system.assert_whole(VEHICLES)
    assert 0 == engine.stop()
    _lose_first_replies(system, kafka_admin)
    code, told = replay()
    assert (3, "cannot be told", []) == (code, told["outcome"], told["violations"])
    assert {f"car-{number}" for number in range(VEHICLES)} == {gap["vehicle_id"] for gap in told["untold"]}
    assert told["records"] == sum(gap["records"] for gap in told["untold"])


def test_a_cluster_without_records_is_nothing_to_verify(system: EngineSystem, replay: Replay) -> None:
    code, told = replay()
    assert (3, "nothing to verify", 0) == (code, told["outcome"], told["records"])
    assert system.topology.partitions


def test_progress_only_grows_and_ends_at_the_whole(system: EngineSystem) -> None:
    system.request_checks(range(VEHICLES))
    seen: list[tuple[int, int]] = []

    verify_topics(system.kafka, system.topology, lambda passed, total: seen.append((passed, total)))

    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def _run_and_kill(system: EngineSystem) -> None:
    engine = system.start()
    with system.echo_agents():
        for part in range(3):
            vehicles = range(part * VEHICLES, (part + 1) * VEHICLES)
            _readings_before(system, vehicles)
            system.request_checks(vehicles)
            _bad_inputs(system)
            some_more = len(system.audit.messages) + VEHICLES
            system.audit.until(lambda log, enough=some_more: len(log.messages) > enough)  # type: ignore[misc]  # mypy cannot infer a lambda's default
            _operators(system)
            if part < 2:
                engine.kill()
                engine.start()
        system.assert_whole(3 * VEHICLES)
    assert 0 == engine.stop()


def _readings_before(system: EngineSystem, vehicles: range) -> None:
    """Readings that change trackers only, and some that open a workflow by themselves."""
    for second in range(3):
        for number in vehicles:
            faults = (Dtc(code="P0301", status=0x08),) if number % 4 == 0 and second == 2 else ()
            ts_ms = START_MS - 10_000 + 1_000 * second
            system.sender.send(
                Telemetry(vehicle_id=f"car-{number}", ts_ms=ts_ms, engine_rpm=900.0, coolant_temp_c=118.0, dtcs=faults)
            )


def _bad_inputs(system: EngineSystem) -> None:
    """Refused by everyone: no JSON, and the key of another vehicle."""
    topic = system.topology.topic_of("Telemetry")
    system.sender.send_bytes(topic, b"car-1", b"{not json")
    system.sender.send_bytes(topic, b"car-1", b'{"vehicle_id": "somebody-else", "ts_ms": 1}')
    system.sender.send_bytes(topic, b"\xff\xfe", b"")
    system.sender.flush()


def _operators(system: EngineSystem) -> None:
    """Requests that are taken, rejected into the trail, or refused, by what they find."""
    for number in range(0, VEHICLES, 3):
        for episode in (0, 7):
            system.sender.send(
                OperatorRequest(
                    vehicle_id=f"car-{number}",
                    workflow_id=f"car-{number}~{episode}",
                    request_id="r",
                    action=OperatorAction.SET_PRIORITY,
                    operator="ada",
                    priority=Priority.HIGH,
                )
            )
    system.sender.flush()


def _forged(system: EngineSystem, newest: AuditRecord) -> AuditRecord:
    """Append a record to a trail, chained as it should be."""
    linked = replace(newest, seq=newest.seq + 1, prev_hash=newest.hash)
    forged = replace(linked, hash=hash_of(linked))
    producer = Producer(producer_config(system.kafka))
    key = f"{forged.workflow_id}/{forged.seq}".encode()
    partition = partition_of(forged.vehicle_id, system.topology.partitions)
    producer.produce(system.topology.topic_of("AuditRecord"), CODEC.encode(forged), key, partition)
    assert 0 == producer.flush(10)
    return forged


def _lose_first_replies(system: EngineSystem, admin: AdminClient) -> None:
    """Retention takes the replies so far."""
    topic = system.topology.topic_of("Reply")
    everything = [TopicPartition(topic, partition, -1) for partition in range(system.topology.partitions)]
    for future in admin.delete_records(everything).values():
        future.result()
