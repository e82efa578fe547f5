"""Whether the engine keeps up, looked at from outside twice a second and written down."""

import contextlib
import threading
import time
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from chaos_suite.journal import Journal, now_ms
from chaos_suite.system import ChaosSystem
from master_orchestrator_schemas.kafka import consumer_config

EVERY_S = 0.5
ANSWER_S = 2.0
SMALL_LAG = 60
"""Records of a partition that a healthy engine may have unread: it copies its positions to the group once a second, and
about 30 a second come in."""


class HealthWatch:
    """A thread that fills ``health.jsonl``; ``lag`` is what it last saw."""

    def __init__(self, system: ChaosSystem, folder: Path) -> None:
        self._system, self._journal = system, Journal(folder / "health.jsonl")
        self._stopping = threading.Event()
        self._lag: int | None = None
        self._thread = threading.Thread(target=self._watch, name="health")
        self._thread.start()

    @property
    def lag(self) -> int | None:
        """Unread records of all partitions; None: the brokers did not say."""
        return self._lag

    def await_up(self, timeout_s: float) -> None:
        """Return when the whole system is healthy. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not self._system.healthy():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the system was not up after {timeout_s:.0f} s: see its logs")
            time.sleep(EVERY_S)

    def close(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join()
        self._journal.close()

    def _watch(self) -> None:
        topology = self._system.topology
        places = [TopicPartition(topic, n) for topic in topology.input_topics for n in range(topology.partitions)]
        consumer = Consumer(consumer_config(self._system.kafka, topology.app_id))
        try:
            while not self._stopping.wait(EVERY_S):
                behind = lags(consumer, places)
                self._lag = None if behind is None else sum(behind)
                up = behind is not None and max(behind) <= SMALL_LAG and self._system.owned(topology.engine_app)
                self._journal.write({"at_ms": now_ms(), "up": up})
        finally:
            consumer.close()


def lags(consumer: Consumer, places: list[TopicPartition]) -> list[int] | None:
    """Unread records of each place, by the group's committed positions; None where the brokers do not answer."""
    try:
        committed = consumer.committed(places, timeout=ANSWER_S)
        ends = [consumer.get_watermark_offsets(place, timeout=ANSWER_S) for place in places]
    except KafkaException:
        _look_again(consumer)
        return None
    return [
        max(0, end[1] - max(0, place.offset)) if end is not None else SMALL_LAG + 1
        for place, end in zip(committed, ends, strict=True)
    ]


def _look_again(consumer: Consumer) -> None:
    """Renew what the client knows of the cluster: it would ask for offsets where a leader was, for minutes."""
    with contextlib.suppress(KafkaException):
        consumer.list_topics(timeout=ANSWER_S)
