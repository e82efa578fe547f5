"""What an outsider can write to an input topic, past every client library, on a real Kafka: the engine goes on."""

import gzip

import pytest
from aiokafka.codec import snappy_encode, zstd_encode  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]  # as above
from support.engine_system import EngineSystem
from support.raw_batches import RawHeaders, produce_raw, raw_batch, raw_record
from support.topics import CODEC

from master_orchestrator.shell.decompression import MAX_BATCH_BYTES
from master_orchestrator_schemas.messages import Telemetry

pytestmark = pytest.mark.kafka

VEHICLES = 8
BAD_NAME: RawHeaders = [(b"\xff\xfe", b"1"), (b"a\0b", b"2"), (b"", None), ("\N{KEY}".encode() * 256, b"4")]
BOMB = raw_batch([raw_record(0, b"k", bytes(MAX_BATCH_BYTES))], codec=4, compress=zstd_encode)


def check(number: int, headers: RawHeaders = ()) -> tuple[int, bytes]:
    """(its partition, a request for a check of the vehicle as a raw record)."""
    reading = Telemetry(vehicle_id=f"car-{number}", ts_ms=1_700_000_000_000, check_requested=True)
    key = reading.vehicle_id.encode()
    return (murmur2(key) & 0x7FFFFFFF) % 4, raw_record(0, key, CODEC.encode(reading), headers)


def hostile(place: int) -> list[tuple[bytes, int]]:
    """Batches that the broker takes, with the number of dead letters each must become."""
    bad = [raw_record(0, b"k", b"v", BAD_NAME), raw_record(1, None, None, [(b"\xc3", None)])]
    full = [("\N{KEY}".encode() * 256, bytes(4_096))] * 40
    return [
        (raw_batch(bad), 2),
        (raw_batch(bad, codec=4, compress=zstd_encode, timestamps=(-1, 2**63 - 1)), 2),
        (raw_batch(bad, codec=1, compress=lambda plain: gzip.compress(plain) + b"more"), 2),
        (raw_batch(bad, codec=2, compress=lambda plain: snappy_encode(plain) + b"\0\0"), 2),
        (raw_batch([raw_record(delta, b"k", b"v") for delta in (0, 10_000)]), 2),
        (raw_batch([raw_record(0, b"k", b"v", [(b"a", b"")] * 100_000)]), 1),
        (raw_batch([raw_record(0, b"k" * 5_000, bytes(1_100_000), full)], codec=4, compress=zstd_encode), 1),
        (BOMB, 1),
        (raw_batch([check(place)[1]] * 2), 1),  # the second one's offset is the first one's
    ]


def test_every_batch_that_a_broker_takes_is_applied_or_becomes_dead_letters(system: EngineSystem) -> None:
    topic, expected = system.topology.topic_of("Telemetry"), 0
    engine = system.start()
    with system.echo_agents():
        for number in range(VEHICLES):
            partition, record = check(number, BAD_NAME)
            for batch, letters in hostile(number):
                assert 0 == produce_raw(system.kafka, topic, partition, batch)
                expected += letters
            assert 0 == produce_raw(system.kafka, topic, partition, raw_batch([record]))
        system.assert_whole(VEHICLES)
        system.dead.until(lambda log: len(log.messages) >= expected)
    assert expected == len(system.dead.messages)
    assert 0 == engine.stop()
    assert 1 == engine.log.read_text().count("tables_restored")
