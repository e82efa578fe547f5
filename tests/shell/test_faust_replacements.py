"""What each replaced piece of Faust prevents, shown on a real Kafka."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from support.engine_system import EngineSystem, engine_system
from support.topics import CODEC, topic_log

from master_orchestrator.cluster.provision import provision
from master_orchestrator_schemas.kafka import admin_config, consumer_config, producer_config
from master_orchestrator_schemas.messages import Alert, Telemetry
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AlertKind

pytestmark = pytest.mark.kafka

VEHICLES = 20


def run_through(system: EngineSystem, vehicles: range) -> None:
    """All workflows of these vehicles, the last of all so far, from a start of the engine to its stop."""
    engine = system.start()
    with system.echo_agents():
        system.request_checks(vehicles)
        system.assert_whole(vehicles.stop)
    assert 0 == engine.stop()


def telemetry_partitions(system: EngineSystem) -> list[TopicPartition]:
    topic = system.topology.topic_of("Telemetry")
    return [TopicPartition(topic, number) for number in range(system.topology.partitions)]


def meddle(client: Consumer, offsets: list[TopicPartition]) -> None:
    """Commit for the engine's group, which a broker allows once the stopped (static) member's session has timed out."""
    patience = time.monotonic() + 30
    while True:
        try:
            client.commit(offsets=offsets, asynchronous=False)
        except KafkaException as refused:
            if time.monotonic() > patience:
                raise AssertionError("the group never became empty") from refused
        else:
            client.close()
            return


def test_records_of_a_gateways_aborted_transaction_are_not_applied(system: EngineSystem) -> None:
    """EngineConsumerThread: a stock worker reads uncommitted. The markers are holes, which are found to be real."""
    gateway = Producer(producer_config(system.kafka, **{"transactional.id": f"{system.topology.app_id}-gateway"}))
    gateway.init_transactions(10)
    for name, end in [("aborted", gateway.abort_transaction), ("kept", gateway.commit_transaction)] * 3:
        gateway.begin_transaction()
        for number in range(VEHICLES):
            reading = Telemetry(vehicle_id=f"{name}-{number}", ts_ms=1_700_000_000_000, check_requested=True)
            gateway.produce(system.topology.topic_of("Telemetry"), CODEC.encode(reading), reading.vehicle_id.encode())
        gateway.flush(10)
        end(10)
    system.start()
    with system.echo_agents():
        system.assert_whole(VEHICLES)
    assert {"kept"} == {workflow_id.split("-")[0] for workflow_id in system.trails()}


def test_positions_come_from_the_table_and_not_from_the_group(system: EngineSystem) -> None:
    """EngineConsumer.perform_seek: stock Faust resumes at the committed offsets, which may be ahead of the state."""
    run_through(system, range(VEHICLES))
    system.request_checks(range(VEHICLES, 2 * VEHICLES))
    meddler = Consumer(consumer_config(system.kafka, system.topology.app_id))
    ends = [meddler.get_watermark_offsets(tp, timeout=10)[1] for tp in telemetry_partitions(system)]
    meddle(
        meddler,
        [
            TopicPartition(tp.topic, tp.partition, end)
            for tp, end in zip(telemetry_partitions(system), ends, strict=True)
        ],
    )
    system.start()
    with system.echo_agents():
        system.assert_whole(2 * VEHICLES)


def test_the_group_shows_the_positions_to_lag_monitors(system: EngineSystem) -> None:
    """EngineConsumer.commit: the group's offsets are a copy, made every second."""
    run_through(system, range(VEHICLES))
    monitor = Consumer(consumer_config(system.kafka, system.topology.app_id))
    committed = monitor.committed(telemetry_partitions(system), timeout=10)
    ends = [monitor.get_watermark_offsets(tp, timeout=10)[1] for tp in telemetry_partitions(system)]
    monitor.close()
    assert ends == [max(tp.offset, 0) for tp in committed]


def test_a_restore_longer_than_the_session_time_out_is_no_expulsion(system: EngineSystem) -> None:
    """EngineConsumerThread.keep_alive: aiokafka sends no heartbeat before the assignment is through."""
    engine = system.start("w1", "--slow-takeover", "12")
    with system.echo_agents():
        system.request_checks(range(VEHICLES))
        system.assert_whole(VEHICLES)
    assert 1 == engine.log.read_text().count("tables_restored")


def test_a_damaged_table_is_restored(system: EngineSystem) -> None:
    """EngineStore: RocksDB refuses such a folder, and stock Faust never gets past it."""
    run_through(system, range(VEHICLES))
    damaged = [path for path in system.engines[0].tables.rglob("MANIFEST-*") if path.is_file()]
    assert damaged
    for path in damaged:
        path.write_bytes(b"not a manifest")
    run_through(system, range(VEHICLES, 2 * VEHICLES))


def test_a_table_of_another_cluster_is_wiped(system: EngineSystem, topology: Topology, tmp_path: Path) -> None:
    """EngineStore: a table ahead of its changelog would hide everything that the changelog will ever say."""
    run_through(system, range(VEHICLES))
    with other_system(system, topology, tmp_path) as second:  # the same folder
        run_through(second, range(VEHICLES))


def test_so_is_one_whose_changelog_has_grown_past_it(system: EngineSystem, topology: Topology, tmp_path: Path) -> None:
    """EngineStore: of the vehicles in the log before the table's offset nothing would be known any more."""
    run_through(system, range(1))
    with other_system(system, topology, tmp_path / "other") as second:
        run_through(second, range(VEHICLES))
        tables = second.engines[0].tables
        shutil.rmtree(tables)
        shutil.copytree(system.engines[0].tables, tables)
        for folder in tables.rglob("*"):  # Faust names the files by table, not by app
            assert system.topology.app_id not in folder.name
        second.start()
        with second.echo_agents():
            second.request_checks(range(2 * VEHICLES))  # the first half for the second time
            second.assert_whole(3 * VEHICLES)
        assert "is a copy of another changelog" in second.engines[-1].log.read_text()


@contextmanager
def other_system(system: EngineSystem, topology: Topology, folder: Path) -> Iterator[EngineSystem]:
    """A second system next to the first, with topics of its own."""
    other = topology.model_copy(update={"partitions": system.topology.partitions})
    other = other.with_prefix(f"other-{system.topology.app_id}-")
    provision(AdminClient(admin_config(system.kafka)), other)
    with engine_system(system.kafka, other, folder) as second:
        yield second


def test_records_lost_to_retention_are_alerted_and_the_rest_goes_on(system: EngineSystem) -> None:
    """EngineConsumer._drain_messages: stock Faust takes any hole for a compaction gap and commits past it."""
    run_through(system, range(VEHICLES))
    system.request_checks(range(VEHICLES, 2 * VEHICLES))
    admin, client = AdminClient(admin_config(system.kafka)), Consumer(consumer_config(system.kafka, "meddler"))
    ends = {tp.partition: client.get_watermark_offsets(tp, timeout=10)[1] for tp in telemetry_partitions(system)}
    client.close()
    cut = [TopicPartition(tp.topic, tp.partition, ends[tp.partition]) for tp in telemetry_partitions(system)]
    for future in admin.delete_records(cut).values():
        future.result(10)
    system.request_checks(range(2 * VEHICLES, 3 * VEHICLES))
    system.start()
    with system.echo_agents(), topic_log(system.kafka, system.topology.topic_of("Alert")) as alerts:
        system.assert_whole(2 * VEHICLES)
        alerts.until(lambda log: lost(log.decoded(Alert)) == VEHICLES)


def lost(alerts: list[Alert]) -> int:
    """The number of records named in the DATA_LOST alerts."""
    return sum(int(a.message.split()[0]) for a in alerts if a.kind is AlertKind.DATA_LOST)
