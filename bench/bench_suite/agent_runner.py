"""How many commands a runner with a handler that does nothing takes from Kafka and answers, per second, on one machine.

Run: ``python bench/agent_runner.py [commands] [workers] [async]``. The commands are there before the runner starts, a
tenth of them URGENT; time runs from its first handler call to the last reply on the replies topic.
"""

import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.provision import provision
from master_orchestrator_agents import AgentRunner, Handler, Task
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config, consumer_config, producer_config
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.tasks import DiagnosisTask
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType, Lane

AGENT = AgentType.DIAGNOSIS
PAYLOAD = DiagnosisTask.model_validate(
    {
        "findings": [{"rule": "coolant_hot", "subsystem": "cooling", "priority": 2, "at_ms": 1}],
        "anomalies": [{"subsystem": "cooling", "description": "runs hot", "severity": 0.6}],
        "dtcs": ["P0128"],
    }
).model_dump(mode="json")


def main(count: int, workers: int, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(Path(folder)) as broker:
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        topology = load_topology().with_prefix(f"b{uuid.uuid4().hex[:6]}-")
        provision(AdminClient(admin_config(kafka)), topology)
        send(kafka, topology, count)
        seconds = measure(kafka, topology, count, workers, kind)
    print(f"{count} commands, {workers} {kind} workers: {seconds:.2f} s, {count / seconds:,.0f} commands/s")


def send(kafka: KafkaSettings, topology: Topology, count: int) -> None:
    codec, producer = Codec(topology.limits), Producer(producer_config(kafka))
    now_ms = time.time_ns() // 1_000_000
    for number in range(count):
        lane = Lane.URGENT if number % 10 == 0 else Lane.ROUTINE
        workflow_id = f"v{number % 5_000}~{number}"
        command = Command(
            command_id=f"{workflow_id}/DIAGNOSIS/0/0",
            workflow_id=workflow_id,
            vehicle_id=f"v{number % 5_000}",
            agent=AGENT,
            priority=lane.priority,
            step="DIAGNOSIS",
            attempt=0,
            revision=0,
            issued_at_ms=now_ms,
            deadline_ms=now_ms + 3_600_000,
            payload=PAYLOAD,
        )
        producer.produce(
            topology.command_topic(AGENT, lane), key=command.vehicle_id.encode(), value=codec.encode(command)
        )
        producer.poll(0)
    producer.flush()


def measure(kafka: KafkaSettings, topology: Topology, count: int, workers: int, kind: str) -> float:
    begun = 0.0

    def plain(_task: Task) -> None:
        nonlocal begun
        begun = begun or time.monotonic()

    async def asynchronous(task: Task) -> None:
        plain(task)

    handler: Handler = asynchronous if kind == "async" else plain
    runner = AgentRunner(AGENT, handler, kafka=kafka, topology=topology, max_workers=workers)
    thread = threading.Thread(target=runner.run)
    thread.start()
    await_replies(kafka, topology, count)
    ended = time.monotonic()
    runner.stop()
    thread.join()
    return ended - begun


def await_replies(kafka: KafkaSettings, topology: Topology, count: int) -> None:
    consumer = Consumer(consumer_config(kafka, f"{topology.app_id}-bench"))
    topic = topology.topic_of("Reply")
    consumer.assign([TopicPartition(topic, number, 0) for number in range(topology.partitions)])
    seen = 0
    while seen < count:
        seen += sum(message.error() is None for message in consumer.consume(5_000, timeout=0.1))
    consumer.close()


if __name__ == "__main__":
    arguments = sys.argv[1:] + [None] * 3
    main(int(arguments[0] or 30_000), int(arguments[1] or 8), arguments[2] or "plain")
