"""Recorded drives and the fleet on a real broker: every reading once, keyed, enveloped, in order."""

from pathlib import Path
from threading import Event

import pytest
from confluent_kafka import Message
from rich.console import Console

from master_orchestrator.errors import TopicsMissingError
from master_orchestrator.ingest.command import IngestOrder, kafka_sink, open_all, run_ingest
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator.readers.topics import TopicReader, partition_of
from master_orchestrator.simulation.command import fleet_gateway
from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.headers import traceparent_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import Topology

pytestmark = pytest.mark.kafka


def telemetry_on(kafka: KafkaSettings, topology: Topology) -> list[Message]:
    with TopicReader(kafka, [topology.topic_of("Telemetry")], range(topology.partitions)) as reader:
        return list(reader.catch_up())


def decoded(records: list[Message]) -> list[Telemetry]:
    codec = Codec()
    return [codec.decode(record.value(), Telemetry) for record in records]


def test_every_reading_of_a_drive_arrives_once_in_order_on_its_vehicles_partition(
    kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path
) -> None:
    path = tmp_path / "drive.csv"
    rows = [f"v{second % 7},{1_772_352_000 + second},{800 + second}" for second in range(2_000)]
    path.write_text("vehicle_id,ts,rpm\n" + "\n".join(rows) + "\n")
    order = IngestOrder(files=(path,), terms=ReadTerms(default_start_ms=0))
    summary = run_ingest(order, open_all(order), kafka_sink(kafka, unique_topology), Console(stderr=True))
    assert summary.complete
    assert 2_000 == summary.total("acknowledged")
    records = telemetry_on(kafka, unique_topology)
    readings = decoded(records)
    assert sorted(800 + second for second in range(2_000)) == sorted(r.engine_rpm or 0 for r in readings)
    for vehicle in {reading.vehicle_id for reading in readings}:
        times = [reading.ts_ms for reading in readings if reading.vehicle_id == vehicle]
        assert sorted(times) == times
    for record, reading in zip(records, readings, strict=True):
        assert reading.vehicle_id.encode() == record.key()
        assert partition_of(reading.vehicle_id, unique_topology.partitions) == record.partition()


def test_each_reading_has_an_envelope_and_a_trace_of_its_own(
    kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path
) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("vehicle_id,ts,rpm\nv1,1772352000,800\nv1,1772352001,801\n")
    order = IngestOrder(files=(path,), terms=ReadTerms(default_start_ms=0))
    run_ingest(order, open_all(order), kafka_sink(kafka, unique_topology), Console(stderr=True))
    headers = [dict(record.headers() or []) for record in telemetry_on(kafka, unique_topology)]
    assert [b"v1/1772352000000", b"v1/1772352001000"] == [header["ce_id"] for header in headers]
    assert {b"master_orchestrator.Telemetry"} == {header["ce_type"] for header in headers}
    traces = {traceparent_of(list(header.items())) for header in headers}  # type: ignore[arg-type]  # values are bytes
    assert 2 == len(traces - {None})


def test_the_fleet_sends_what_it_simulates(kafka: KafkaSettings, unique_topology: Topology) -> None:
    fleet = Fleet(vehicles=3, minutes=2, seed=4)
    gateway = fleet_gateway(fleet, None, kafka, unique_topology, Event())
    tally = gateway.run(fleet)
    sent = [emission.reading for emission in fleet.emissions(gateway.start_ms)]
    assert len(sent) == tally.acknowledged == tally.sent
    arrived = decoded(telemetry_on(kafka, unique_topology))
    for plan in fleet.roster():
        expected = [reading for reading in sent if reading.vehicle_id == plan.vehicle_id]
        assert expected == [reading for reading in arrived if reading.vehicle_id == plan.vehicle_id]


def test_a_cluster_without_the_topic_is_told_at_once(kafka: KafkaSettings, topology: Topology) -> None:
    with pytest.raises(TopicsMissingError, match="provision"):
        kafka_sink(kafka, topology.with_prefix("never-provisioned-"))
