"""What the gateway's producer takes before any broker has seen it."""

from master_orchestrator.ingest.producer import TelemetryProducer
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import Topology

NOBODY = KafkaSettings(bootstrap_servers="127.0.0.1:1")


def test_a_reading_as_large_as_the_topology_allows_is_taken(topology: Topology) -> None:
    wide = topology.model_copy(update={"limits": Limits(max_record="8MiB", max_items=1_000_000)})
    reading = Telemetry(vehicle_id="v", ts_ms=1, extras={f"signal-{number:012}": 1.0 for number in range(100_000)})

    TelemetryProducer(NOBODY, wide, "test").send(reading, lambda _: None)  # raises where it is too large
