"""What a compression costs a producer, and how much smaller it makes the batches: on librdkafka's mock broker.

``python bench/compression.py``: CPU microseconds per record and bytes on the wire per record, for readings as a gateway
sends them (Avro, 100 vehicles) and for replies, at full load. Measured, not asserted.
"""

import json
import random
import resource
import sys
from collections.abc import Iterator

from confluent_kafka import Producer

from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Telemetry

RECORDS = 200_000
KINDS = ("none", "snappy", "lz4", "gzip", "zstd")


def main() -> None:
    """One line per kind."""
    values = list(_readings())
    print("compression  cpu us/record  bytes/record")
    for kind in sys.argv[1:] or KINDS:
        cpu_us, size = _sent(kind, values)
        print(f"{kind:11}  {cpu_us:13.2f}  {size:12.1f}")


def _readings() -> Iterator[tuple[bytes, bytes]]:
    chance, codec = random.Random(1), Codec()
    for number in range(RECORDS):
        vehicle = f"fleet-7.{number % 100:04d}"
        reading = Telemetry(
            vehicle_id=vehicle,
            ts_ms=1_767_268_800_000 + number,
            coolant_temp_c=chance.gauss(92, 3),
            engine_rpm=chance.gauss(1_800, 400),
            battery_voltage_v=chance.gauss(13.8, 0.1),
            odometer_m=chance.uniform(1e6, 2e8),
        )
        yield vehicle.encode(), codec.encode(reading)


def _sent(kind: str, values: list[tuple[bytes, bytes]]) -> tuple[float, float]:
    deliveries: list[dict[str, int]] = []
    producer = Producer(
        {
            "test.mock.num.brokers": 1,
            "compression.type": kind,
            **({"compression.level": 1} if kind == "gzip" else {}),
            "linger.ms": 5,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 2 * RECORDS,
            "statistics.interval.ms": 200,
            "stats_cb": lambda text: deliveries.append(json.loads(text)),
        }
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    for key, value in values:
        producer.produce("readings", value, key)
    producer.flush()
    after = resource.getrusage(resource.RUSAGE_SELF)
    while not deliveries or deliveries[-1]["txmsgs"] < len(values):
        producer.poll(0.5)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s / len(values) * 1e6, deliveries[-1]["tx_bytes"] / len(values)


if __name__ == "__main__":
    main()
