"""What the engine counts by topic and reason is there at 0: Prometheus does not see the first event of a new series."""

from support.vehicle_processor import vehicle_processor

from master_orchestrator.shell.contiguity import data_lost
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import PREFIX, Metrics
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology


def test_known_topics_and_reasons_start_at_0(topology: Topology) -> None:
    metrics = Metrics(Process.ENGINE)
    EngineCounts(metrics).expect(topology)
    value = metrics.registry.get_sample_value
    replies = {"topic": topology.topic_of("Reply")}
    assert 0 == value(f"{PREFIX}_dead_letters_total", replies | {"reason": "undecodable"})
    assert 0 == value(f"{PREFIX}_rejected_inputs_total", replies | {"reason": "stale_reply"})
    assert 0 == value(f"{PREFIX}_reseeks_total", replies)
    assert 0 == value(f"{PREFIX}_offset_holes_total", replies)
    assert 0 == value(f"{PREFIX}_duplicate_records_total", replies)
    letters = {"topic": topology.command_topics[0], "reason": "retries_exhausted"}
    assert 0 == value(f"{PREFIX}_dead_letters_total", letters)


def test_an_alert_of_the_engine_itself_is_counted(topology: Topology) -> None:
    metrics = Metrics(Process.ENGINE)
    alert = data_lost(Partition("vehicle.telemetry", 0), 7, "3 records", 1_700_000_000_000)
    vehicle_processor(topology, metrics).alert_record(alert)
    assert 1 == metrics.registry.get_sample_value(f"{PREFIX}_alerts_total", {"kind": "DATA_LOST"})
