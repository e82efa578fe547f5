"""What a node of the embedded cluster is told: its addresses and its server.properties."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

LOOPBACK = "127.0.0.1"
# Below the ephemeral ranges of Linux (32768) and macOS (49152): no outgoing connection can take the port
# between our looking and the broker's binding.
FREE_PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class Site:
    """Where a node runs: the address it listens on, and what stands before its command (to enter a namespace, say)."""

    host: str = LOOPBACK
    prefix: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeAddress:
    """Where one combined broker and controller listens: on `host` only."""

    node_id: int
    port: int
    controller_port: int
    host: str = LOOPBACK


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    while True:
        port = SystemRandom().choice(FREE_PORTS)
        if port_is_free(port):
            return port


def port_is_free(port: int) -> bool:
    """Whether loopback's `port` can be bound now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_addresses(sites: Sequence[Site], port: int | None) -> tuple[NodeAddress, ...]:
    """Addresses for a node on each site: client ports from `port` upwards if it is given, free ones otherwise."""
    return tuple(
        NodeAddress(i + 1, free_port() if port is None else port + i, controller_port=free_port(), host=site.host)
        for i, site in enumerate(sites)
    )


def server_properties(
    node: NodeAddress, cluster: Sequence[NodeAddress], log_dir: Path, over: Mapping[str, str] | None = None
) -> str:
    """The server.properties of `node`; the settings and their reasons are measured ones for small machines.

    `over` replaces settings; a key with a leading `+` adds to a list.
    """
    replicas = len(cluster)
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": node.node_id,
        "controller.quorum.voters": ",".join(f"{n.node_id}@{n.host}:{n.controller_port}" for n in cluster),
        "listeners": f"CLIENTS://{node.host}:{node.port},CONTROLLER://{node.host}:{node.controller_port}",
        "advertised.listeners": f"CLIENTS://{node.host}:{node.port}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": log_dir,
        "auto.create.topics.enable": "false",  # topics come from provisioning only
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": _min_insync(replicas),
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": _min_insync(replicas),
        "default.replication.factor": replicas,
        "min.insync.replicas": _min_insync(replicas),
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 2_097_152,  # the default takes 128 MB of heap at start
        "log.initial.task.delay.ms": 500,
        "broker.session.timeout.ms": 3000,  # a killed broker may register again once its old session has ended
        "broker.heartbeat.interval.ms": 500,
    }
    if replicas > 1:
        settings |= {
            "unclean.leader.election.enable": "false",
            "replica.lag.time.max.ms": 5000,
        }
    for key, value in (over or {}).items():
        name = key.removeprefix("+")
        settings[name] = f"{settings[name]},{value}" if key.startswith("+") else value
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _min_insync(replicas: int) -> int:
    return 1 if replicas == 1 else 2
