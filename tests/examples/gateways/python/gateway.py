"""A gateway with one of Python's clients: one check for each vehicle on the command line.

``python gateway.py aiokafka fleet-7.0042``. The client's name says whether it has the line of ``docs/contracts.md``, or
its own default.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

BROKERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPIC = f"{os.environ['TOPIC_PREFIX']}vehicle.telemetry"


def _reading(vehicle: str) -> bytes:
    now = datetime.now(UTC).isoformat()
    reading = {"vehicle_id": vehicle, "timestamp": now, "engine_temp": 96.5, "check_requested": True}
    return json.dumps(reading).encode()


def _with_aiokafka(vehicles: list[str]) -> None:
    from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # has no stubs

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=BROKERS, enable_idempotence=True) as producer:
            for vehicle in vehicles:
                await producer.send_and_wait(TOPIC, _reading(vehicle), key=vehicle.encode())

    asyncio.run(send())


def _with_kafka_python(vehicles: list[str]) -> None:
    from kafka import KafkaProducer  # type: ignore[import-untyped]  # has no stubs

    producer = KafkaProducer(bootstrap_servers=BROKERS, enable_idempotence=True, acks="all")
    sent = [producer.send(TOPIC, _reading(vehicle), key=vehicle.encode()) for vehicle in vehicles]
    for one in sent:
        one.get(timeout=30)
    producer.close()


def _with_confluent_kafka(vehicles: list[str], **partitioner: str) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": BROKERS, "enable.idempotence": True, **partitioner})
    for vehicle in vehicles:
        producer.produce(TOPIC, _reading(vehicle), vehicle.encode())
    if producer.flush(30):
        raise SystemExit("not acknowledged within 30 s")


CLIENTS: dict[str, Callable[[list[str]], None]] = {
    "aiokafka": _with_aiokafka,
    "kafka-python": _with_kafka_python,
    "confluent-kafka": lambda vehicles: _with_confluent_kafka(vehicles, partitioner="murmur2_random"),
    "confluent-kafka-default": _with_confluent_kafka,
}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](sys.argv[2:])
