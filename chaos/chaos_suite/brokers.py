"""The three brokers as members, and what their cluster says of itself."""

import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import PartitionMetadata

from chaos_suite.members import Member
from chaos_suite.network import Network
from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.node_settings import Site
from master_orchestrator_schemas.kafka_reach import quiet_admin

NAMES = ("broker-1", "broker-2", "broker-3")
ANSWER_S = 2.0
IN_SYNC_S = 30.0
_POLL_S = 0.3


class Brokers:
    """Started all together, then each a `Member` of its own."""

    def __init__(self, folder: Path, network: Network) -> None:
        sites = [Site(network.address(name), tuple(network.prefix(name))) for name in NAMES]
        self._cluster = EmbeddedKafka(folder / "kafka", brokers=len(NAMES), sites=sites)
        self._folder = folder
        self.members = {name: self._member(index, name) for index, name in enumerate(NAMES)}
        self.admin = quiet_admin({"bootstrap.servers": self.bootstrap_servers})

    @property
    def bootstrap_servers(self) -> str:
        """host:port of all three."""
        return self._cluster.bootstrap_servers

    def start(self) -> None:
        """Start all; they answer when this returns, and are kept running. Call it in the main thread (leash.py)."""
        self._cluster.start()
        for node, name in zip(self._cluster.nodes, NAMES, strict=True):
            log = self._folder / "logs" / f"{name}.log"
            if not log.is_symlink():  # it is there where a run is judged again
                log.symlink_to(node.folder / "kafka.log")
            self.members[name].want()

    def stop(self) -> None:
        """Stop all for good."""
        for member in self.members.values():
            member.dismiss()
        self._cluster.stop()

    def in_sync(self) -> bool:
        """Whether every partition has a leader and all its replicas in sync, by what a broker says now."""
        partitions = self.partitions()
        return bool(partitions) and all(p.leader >= 0 and len(p.isrs) == len(p.replicas) for _, p in partitions)

    def await_in_sync(self, timeout_s: float = IN_SYNC_S) -> bool:
        """Whether that came true within ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        while not self.in_sync():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def partitions(self) -> list[tuple[str, PartitionMetadata]]:
        """Every partition with its topic's name, Kafka's own too; none where no broker answers."""
        self.admin.poll(0)  # lets go of the client's log
        try:
            topics = self.admin.list_topics(timeout=ANSWER_S).topics
        except KafkaException:
            return []
        return [(name, partition) for name, topic in topics.items() for partition in topic.partitions.values()]

    def _member(self, index: int, name: str) -> Member:
        return Member(name, self._cluster.nodes[index], lambda: self._cluster.launch(index))
