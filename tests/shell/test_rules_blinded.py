"""The engine counts the vehicles that begin to report too slowly for a rule; the labels are the topology's rules."""

import pytest
from support.fetched_records import FetchedRecord
from support.topics import CODEC
from support.vehicle_processor import vehicle_processor

from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.registry import INPUTS
from master_orchestrator_schemas.topology import Topology

START_MS = 1_700_000_000_000


def reported(topology: Topology, every_s: int, readings: int = 6) -> dict[str, float]:
    """By rule, how often it was counted of two vehicles at this rate, each reading a batch of its own."""
    metrics, table = Metrics(), dict[bytes, bytes]()
    one = topology.model_copy(update={"partitions": 1})
    processor = vehicle_processor(one, metrics)
    for number in range(readings):
        ts_ms = START_MS + number * every_s * 1000
        for vehicle in ("car-1", "car-2"):
            body = CODEC.encode(Telemetry(vehicle_id=vehicle, ts_ms=ts_ms, engine_rpm=900.0))
            given = [(INPUTS.index("Telemetry"), FetchedRecord(number, ts_ms, vehicle.encode(), body, ()))]
            table |= processor.process(0, given, table.get).entries
    samples = next(iter(metrics.rules_blinded.collect())).samples
    return {sample.labels["rule"]: sample.value for sample in samples if sample.name.endswith("_total")}


def test_each_vehicle_is_counted_once_for_each_rule(topology: Topology) -> None:
    counts = reported(topology, every_s=600)

    assert {"coolant_cold": 2.0, "battery_crank_low": 2.0} == {rule: n for rule, n in counts.items() if n}


@pytest.mark.parametrize("every_s", [1, 120])
def test_every_rule_of_the_topology_starts_at_0(topology: Topology, every_s: int) -> None:
    assert dict.fromkeys(topology.triage.rules, 0.0) == reported(topology, every_s)
