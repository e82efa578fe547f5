"""What one request at a time costs a producer on three brokers.

``python bench/producer_cluster.py``: three brokers on loopback, 12 partitions of three replicas, acks=all. With up to 5
requests out per broker and with 1, in turns: records per second at full speed, how soon a record is delivered at 2,000
per second, and whether each partition holds them in the order in which they were sent.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config

PARTITIONS, REPLICAS = 12, 3
ROUNDS, FULL, PACED, PER_S = 5, 60_000, 6_000, 2_000
SIZE = 300
IN_FLIGHT = (5, 1)
IN_FLIGHT_SETTING = "max.in.flight.requests.per.connection"


class Sent(NamedTuple):
    """Of one run: records per second, and the delays of delivery in milliseconds."""

    per_s: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """One line per round and variant, then the ratio of the medians."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(Path(folder), REPLICAS) as cluster:
        print(f"{'out':>3} {'records/s':>10} {'p50 ms':>7} {'p99 ms':>7} {'out of order':>13}")
        many, one = _rounds(cluster)
        print(f"with one out: {one / many:.2f} of the records per second")


def _rounds(cluster: EmbeddedKafka) -> tuple[float, float]:
    """The medians of records per second, with many requests out and with one."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    full: dict[int, list[float]] = {number: [] for number in IN_FLIGHT}
    for turn in range(ROUNDS):
        for number in IN_FLIGHT if turn % 2 == 0 else reversed(IN_FLIGHT):
            topic = f"sent-{turn}-{number}"
            admin.create_topics([NewTopic(topic, PARTITIONS, REPLICAS)])[topic].result()
            fast, paced = _send(cluster, topic, number, FULL, None), _send(cluster, topic, number, PACED, PER_S)
            wrong = _out_of_order(cluster, topic, FULL + PACED)
            full[number].append(fast.per_s)
            print(f"{number:3} {fast.per_s:10,.0f} {paced.p50_ms:7.1f} {paced.p99_ms:7.1f} {wrong:13}", flush=True)
    many, one = (statistics.median(full[number]) for number in IN_FLIGHT)
    return many, one


def _send(cluster: EmbeddedKafka, topic: str, in_flight: int, count: int, per_s: int | None) -> Sent:
    over = {"max.in.flight.requests.per.connection": in_flight}
    producer = Producer(
        producer_config(KafkaSettings(bootstrap_servers=cluster.bootstrap_servers), None, "lz4", **over)
    )
    producer.list_topics(topic, timeout=30)
    delays: list[float] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            raise RuntimeError(f"not delivered: {error.str()}")
        delays.append(1000 * (message.latency() or 0.0))

    began = time.monotonic()
    for number in range(count):
        value = b"%d " % number + b"x" * SIZE
        while True:
            try:
                producer.produce(topic, value, partition=number % PARTITIONS, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)
        if per_s is not None:
            time.sleep(max(0.0, began + number / per_s - time.monotonic()))
    producer.flush()
    seconds = time.monotonic() - began
    cuts = statistics.quantiles(delays, n=100)
    return Sent(count / seconds, cuts[49], cuts[98])


def _out_of_order(cluster: EmbeddedKafka, topic: str, count: int) -> int:
    """How many records do not come behind all that were sent before them; raises if one is missing."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": "check"})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    newest, wrong, seen, runs = [-1] * PARTITIONS, 0, 0, 0
    until = time.monotonic() + 120
    while seen < count and time.monotonic() < until:
        for message in consumer.consume(5_000, 1.0):
            number, partition = int((message.value() or b"").split()[0]), message.partition() or 0
            if newest[partition] > number == partition:  # the paced run begins
                runs += 1
                newest[partition] = -1
            wrong += number <= newest[partition]
            newest[partition] = max(newest[partition], number)
            seen += 1
    consumer.close()
    if (seen, runs) != (count, PARTITIONS):
        raise RuntimeError(f"{seen} of {count} records are there, {runs} of {PARTITIONS} partitions have both runs")
    return wrong


if __name__ == "__main__":
    main()
