"""A real Kafka without Docker: one node, or three, kept in a folder; on loopback, unless told otherwise."""

import base64
import json
import signal
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from master_orchestrator.cluster.errors import BrokerStartError, ClusterError, FolderInUseError
from master_orchestrator.cluster.jars import Tell, kafka_libs
from master_orchestrator.cluster.java import find_java
from master_orchestrator.cluster.liveness import live_brokers
from master_orchestrator.cluster.locking import write_whole
from master_orchestrator.cluster.node import STOP_TIMEOUT_S, Node, stop_all
from master_orchestrator.cluster.node_settings import (
    LOOPBACK,
    NodeAddress,
    Site,
    choose_addresses,
    port_is_free,
    server_properties,
)

START_TIMEOUT_S = 60.0
CLUSTER_FILE = "cluster.json"
CLUSTER_KEYS = frozenset({"cluster_id", "brokers", "bootstrap_servers"})


class EmbeddedKafka:
    """A cluster of `brokers` (1 or 3) combined nodes under `data_dir`, clients on `port` upwards (None: free ports).

    As a context manager it starts on entry and stops on exit. Nodes are numbered from 0 in `kill`, `pause`,
    `resume` and `restart`. `leashed` nodes die with this process (Linux), others outlive it. `sites`: where each
    node runs, on loopback by default. `settings` are put over those of every node's server.properties; `+listeners` and
    the like are added to theirs.
    `bootstrap_servers` is known before the start.
    """

    def __init__(
        self,
        data_dir: Path,
        brokers: int = 1,
        port: int | None = None,
        *,
        leashed: bool = True,
        sites: Sequence[Site] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        if brokers not in (1, 3):
            raise ClusterError(f"An embedded cluster has 1 broker or 3, not {brokers}.")
        self.data_dir = data_dir.absolute()
        self._brokers = brokers
        self._leashed = leashed
        sites = sites or [Site()] * brokers
        self._addresses = choose_addresses(sites, port)
        self._settings = settings or {}
        self.tell: Tell | None = None
        """Given a line now and then while jars are fetched; logged by default."""
        self.nodes = [Node(self.data_dir / f"node-{i}", site.prefix) for i, site in enumerate(sites, start=1)]

    @property
    def bootstrap_servers(self) -> str:
        """host:port of every node, for clients."""
        return ",".join(f"{node.host}:{node.port}" for node in self._addresses)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start every node as :meth:`begin` does, and return when all answer as one cluster.

        Raises what that raises, and BrokerStartError with the last log lines.
        """
        self.begin()
        self.await_answers(timeout_s)

    def begin(self) -> None:
        """Format what is new, and start every node, without waiting for it.

        Raises ToolMissingError, JarsError, FolderInUseError, or BrokerStartError.
        """
        self._java = find_java()
        self.data_dir.mkdir(
            parents=True, exist_ok=True
        )  # what is wrong with the folder is told before jars are fetched
        self._refuse_folder_in_use()
        self._libs = kafka_libs(tell=self.tell)
        cluster_id = self._remember_cluster()
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.format(self._java, self._libs, cluster_id), self.nodes))
        with self._all_or_none():
            for index in range(len(self.nodes)):
                self.launch(index)

    def await_answers(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """After :meth:`begin`: return when all nodes answer as one cluster. Raises BrokerStartError."""
        with self._all_or_none():
            self._await_ready(range(len(self.nodes)), timeout_s)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Stop every node: SIGTERM, `timeout_s`, SIGKILL."""
        stop_all(self.nodes, timeout_s)

    def kill(self, index: int) -> None:
        """SIGKILL one node, as a crash would."""
        self.nodes[index].kill()

    def pause(self, index: int) -> None:
        """SIGSTOP one node: it hangs, and keeps its connections."""
        self.nodes[index].signal(signal.SIGSTOP)

    def resume(self, index: int) -> None:
        """Let a paused node go on."""
        self.nodes[index].signal(signal.SIGCONT)

    def launch(self, index: int) -> None:
        """Start a dead node again on its folder and address, and return at once."""
        self.nodes[index].start(self._java, self._libs, leashed=self._leashed)

    def restart(self, index: int, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start a killed node again on its folder and address; returns when the cluster names it as alive."""
        self.launch(index)
        self._await_ready([index], timeout_s)

    def _await_ready(self, indexes: Sequence[int], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        for index in indexes:
            self._await_answer(self.nodes[index], self._addresses[index], deadline)

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            for node in self.nodes:
                node.kill()
            raise

    def _refuse_folder_in_use(self) -> None:
        for node in self.nodes:
            if node.running:
                raise FolderInUseError(
                    f"A broker already runs on {self.data_dir} ({node.status}). Stop it "
                    "(master-orchestrator kafka stop), or give another folder (--data-dir)."
                )

    def _remember_cluster(self) -> str:
        """Keep the cluster's id and size with its data, write the nodes' settings, return the id."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        known = read_cluster(self.data_dir)
        if known and known["brokers"] != self._brokers:
            raise ClusterError(
                f"{self.data_dir} holds a cluster of {known['brokers']}, not {self._brokers}: "
                f"say --brokers {known['brokers']}, or give another folder (--data-dir)."
            )
        self._refuse_busy_ports()
        cluster_id = str(known["cluster_id"]) if known else _new_cluster_id()
        for node, address in zip(self.nodes, self._addresses, strict=True):
            node.configure(server_properties(address, self._addresses, node.log_dir, self._settings))
        described = {"cluster_id": cluster_id, "brokers": self._brokers, "bootstrap_servers": self.bootstrap_servers}
        write_whole(self.data_dir / CLUSTER_FILE, json.dumps(described))
        return cluster_id

    def _refuse_busy_ports(self) -> None:
        for address in self._addresses:
            if address.host == LOOPBACK and not port_is_free(address.port):  # elsewhere it cannot be tried from here
                raise BrokerStartError(
                    f"Port {address.port} of {LOOPBACK} is taken by another program: give another one (--port)."
                )

    def _await_answer(self, node: Node, address: NodeAddress, deadline: float) -> None:
        """Ask the node by its own address: the others go on naming a dead one until its session ends."""
        config = {"bootstrap.servers": f"{address.host}:{address.port}"}
        while True:
            answering = live_brokers(config, timeout_s=1.0)
            if not node.running:
                raise BrokerStartError(f"The broker of {node.folder} died at its start:\n{node.last_words()}")
            if answering >= sum(other.running for other in self.nodes):
                return
            if time.monotonic() > deadline:
                raise BrokerStartError(f"The broker of {node.folder} did not answer in time:\n{node.last_words()}")


def read_cluster(data_dir: Path) -> dict[str, object] | None:
    """What `data_dir` says of its cluster: cluster_id, brokers, bootstrap_servers of its last start; None if none.

    Raises ClusterError if the file that says it is damaged.
    """
    file = data_dir / CLUSTER_FILE
    try:
        described = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:  # no JSON, or no text at all
        raise _damaged(file) from error
    if not isinstance(described, dict) or not described.keys() >= CLUSTER_KEYS:
        raise _damaged(file)
    return described


def _damaged(file: Path) -> ClusterError:
    return ClusterError(
        f"{file} is damaged: stop the brokers (master-orchestrator kafka stop), then write it again with {{"
        '"cluster_id": cluster.id of node-1/log/meta.properties, "brokers": how many node-* folders there are, '
        f'"bootstrap_servers": ""}}, or delete {file.parent} with all its topics, or give another folder (--data-dir).'
    )


def nodes_of(data_dir: Path) -> list[Node]:
    """The nodes kept under `data_dir`, by any user."""
    return [Node(folder) for folder in sorted(data_dir.absolute().glob("node-*"))]


def _new_cluster_id() -> str:
    """22 characters of URL-safe base64, as Kafka's Uuid prints; never a leading dash, which a shell tool would eat."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def running_bootstrap_servers(data_dir: Path) -> str | None:
    """host:port of the brokers that run on `data_dir`, started by any user; None if none does."""
    described = read_cluster(data_dir)
    if described is None or not any(node.running for node in nodes_of(data_dir)):
        return None
    return str(described["bootstrap_servers"])
