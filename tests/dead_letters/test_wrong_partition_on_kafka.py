"""A gateway with librdkafka's own partitioner: refused at once, blamed on nobody else, and healed by a redrive."""

import json

import pytest
from confluent_kafka import Message, Producer
from support.command_line import RunCommand
from support.engine_system import EngineSystem
from support.topics import CODEC

from master_orchestrator.readers.dead_letters import headers_of
from master_orchestrator.readers.topics import partition_of
from master_orchestrator_schemas.kafka import producer_config
from master_orchestrator_schemas.messages import Telemetry

pytestmark = pytest.mark.kafka

VEHICLES = 24


def _checks_by_crc32(system: EngineSystem) -> set[str]:
    """Ask for a check of each vehicle; those that land elsewhere than murmur2 says."""
    astray: set[str] = set()

    def delivered(_error: object, message: Message) -> None:
        vehicle = (message.key() or b"").decode()
        if message.partition() != partition_of(vehicle, system.topology.partitions):
            astray.add(vehicle)

    producer = Producer(producer_config(system.kafka, partitioner="consistent_random"))
    for number in range(VEHICLES):
        check = Telemetry(vehicle_id=f"crc-{number}", ts_ms=1_700_000_000_000, engine_rpm=900.0, check_requested=True)
        key, value = check.vehicle_id.encode(), CODEC.encode(check)
        producer.produce(system.topology.topic_of("Telemetry"), value, key, on_delivery=delivered)
    assert 0 == producer.flush(10)
    return astray


def test_it_is_refused_aloud_and_a_redrive_heals_it(system: EngineSystem, command: RunCommand) -> None:
    astray = _checks_by_crc32(system)
    assert 0 < len(astray) < VEHICLES
    engine = system.start()
    with system.echo_agents():
        letters = system.dead.until(lambda log: len(log.messages) >= len(astray)).messages
        assert astray == {(letter.key() or b"").decode() for letter in letters}
        assert {b"wrong_partition"} == {dict(headers_of(letter))["dead_letter_reason"] for letter in letters}
        system.assert_whole(VEHICLES - len(astray))

        code, told = command("dlq", "redrive", "--reason", "wrong_partition", "--yes", "--json")
        assert (0, len(astray)) == (code, len(json.loads(told)["done"]))
        system.assert_whole(VEHICLES)
    assert {f"crc-{number}~0" for number in range(VEHICLES)} == system.trails().keys()
    assert 0 == engine.stop()
