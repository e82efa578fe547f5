"""Looks now and then whether the topics still are what the topology says, while an engine runs.

Partitions that are added are not read by an engine that does not know of them, and with another time type the engine's
clock is its senders'. Neither shows in what it reads.
"""

import threading
from collections.abc import Callable, Iterable

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from master_orchestrator.cluster.errors import ProvisionError
from master_orchestrator.cluster.provision import changed_topics
from master_orchestrator_schemas.kafka import KafkaSettings, admin_config
from master_orchestrator_schemas.topology import Topology

log = structlog.get_logger(__name__)

WATCH_S = 10.0

Changed = Callable[[tuple[str, ...]], None]
"""Told what is wrong when that changes; empty: all is well again."""


class TopicWatch:
    """A thread that asks the brokers. ``problems`` is the newest answer; brokers that do not answer change nothing."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, changed: Changed, every_s: float = WATCH_S) -> None:
        self._kafka, self._topology, self._changed, self._every_s = kafka, topology, changed, every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="topic-watch", daemon=True)
        self.problems: tuple[str, ...] = ()

    def start(self) -> None:
        """Look now, and then now and then."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; does not wait for brokers that do not answer."""
        self._stopping.set()

    def _run(self) -> None:
        admin = AdminClient(admin_config(self._kafka))
        while not self._stopping.is_set():
            try:
                self._note(changed_topics(admin, self._topology))
            except (KafkaException, ProvisionError) as error:
                log.info("topics_not_checked", error=str(error))
            self._stopping.wait(self._every_s)

    def _note(self, problems: Iterable[str]) -> None:
        current = tuple(problems)
        if current == self.problems:
            return
        self.problems = current
        for problem in current:
            log.error("topic_changed", problem=problem)
        if not current:
            log.info("topics_restored", note="they are what the topology says again")
        self._changed(current)
