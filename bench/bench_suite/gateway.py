"""What the measures send: telemetry."""

from typing import Any

from confluent_kafka import Producer

from bench_suite.system import BenchSystem
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import producer_config
from master_orchestrator_schemas.messages import Telemetry

CODEC = Codec()
START_MS = 1_700_000_000_000
HEALTHY: dict[str, Any] = {
    "coolant_temp_c": 92.0, "engine_oil_temp_c": 95.0, "oil_pressure_kpa": 300.0, "engine_rpm": 2100.0,
    "engine_load_pct": 40.0, "throttle_pct": 20.0, "map_kpa": 60.0, "maf_gps": 12.0, "intake_air_temp_c": 25.0,
    "battery_voltage_v": 14.1, "speed_kmh": 80.0, "odometer_m": 5e7, "tyre_fl_kpa": 230.0, "tyre_fr_kpa": 230.0,
    "tyre_rl_kpa": 230.0, "tyre_rr_kpa": 230.0, "gearbox_temp_c": 80.0, "stft_b1_pct": 1.0, "ltft_b1_pct": 2.0,
    "fuel_level_pct": 60.0,
}  # fmt: skip
"""Twenty signals that fire nothing."""


class TelemetrySender:
    """Produces telemetry."""

    def __init__(self, own: BenchSystem) -> None:
        self._topic = own.topology.topic_of("Telemetry")
        self._producer = Producer(
            producer_config(own.kafka, **{"linger.ms": 5, "queue.buffering.max.messages": 2_000_000})
        )

    def send(self, vehicle: int, name: str = "car", **fields: Any) -> None:
        """Queue one reading of the vehicle of this name and number."""
        reading = Telemetry(vehicle_id=f"{name}-{vehicle}", **fields)
        self._producer.produce(self._topic, CODEC.encode(reading), reading.vehicle_id.encode())
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait for all acknowledgements."""
        self._producer.flush()
