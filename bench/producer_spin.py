"""How often librdkafka's producer wakes up for nothing when all requests that may be out are out and more are due.

``python bench/producer_spin.py``: a broker that stands still for 60 of every 90 ms, and a producer that sends 2,000
records per second to 4 partitions for 4 seconds: wake-ups of its broker threads, requests, and its CPU seconds, with up
to 5 requests out and with 1. Seen with librdkafka 2.16, where the producer is idempotent.
"""

import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Producer, libversion
from confluent_kafka.admin import AdminClient, NewTopic

from master_orchestrator.cluster.broker import EmbeddedKafka

TOPIC, PARTITIONS = "spin", 4
SECONDS, BURSTS_PER_S, BURST = 4.0, 100, 20
STILL_S, GOING_S = 0.06, 0.03
VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("idempotent, 5 out", {}),
    ("idempotent, 5 out, linger 50 ms", {"linger.ms": 50}),
    ("not idempotent, 5 out", {"enable.idempotence": False, "max.in.flight.requests.per.connection": 5}),
    ("idempotent, 1 out", {"max.in.flight.requests.per.connection": 1}),
)


def main() -> None:
    """One line per variant."""
    print(f"librdkafka {libversion()[0]}")
    print(f"{'producer':34} {'wake-ups':>9} {'requests':>9} {'CPU s':>6}")
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(Path(folder)) as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result()
        pid = broker.nodes[0].pid
        if pid is None:
            raise RuntimeError("the broker has no process")
        for name, config in VARIANTS:
            with _standing_still(pid):
                wakeups, requests, cpu_s = _sent(broker.bootstrap_servers, config)
            print(f"{name:34} {wakeups:9,} {requests:9,} {cpu_s:6.2f}")


@contextmanager
def _standing_still(pid: int) -> Iterator[None]:
    """Stop and continue the process in turns."""
    over = threading.Event()

    def turns() -> None:
        while not over.wait(GOING_S):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STILL_S)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _sent(servers: str, config: dict[str, Any]) -> tuple[int, int, float]:
    """Wake-ups and requests of the broker threads, and the CPU seconds of this process."""
    newest: dict[str, int] = {}

    def statistics(text: str) -> None:
        brokers = [each for each in json.loads(text)["brokers"].values() if each["nodeid"] >= 0]
        newest.update({name: sum(each[name] for each in brokers) for name in ("wakeups", "tx")})

    producer = Producer(
        {
            "bootstrap.servers": servers,
            "enable.idempotence": True,
            "linger.ms": 10,
            "compression.type": "lz4",
            "statistics.interval.ms": 1_000,
            "stats_cb": statistics,
            **config,
        }
    )
    began, cpu_s = time.monotonic(), time.process_time()
    for burst in range(int(SECONDS * BURSTS_PER_S)):
        for number in range(BURST):
            producer.produce(TOPIC, b"x" * 200, b"k", partition=number % PARTITIONS)
        producer.poll(0)
        time.sleep(max(0.0, began + (burst + 1) / BURSTS_PER_S - time.monotonic()))
    cpu_s = time.process_time() - cpu_s
    producer.flush()
    producer.poll(1.2)  # the newest statistics
    return newest["wakeups"], newest["tx"], cpu_s


if __name__ == "__main__":
    main()
