"""The embedded broker on its own: data kept, folder guarded, faults as tests need them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from master_orchestrator.cluster.broker import EmbeddedKafka, nodes_of, running_bootstrap_servers
from master_orchestrator.cluster.errors import BrokerStartError, ClusterError, FolderInUseError
from master_orchestrator.cluster.liveness import live_brokers, require_kafka
from master_orchestrator.cluster.node import Node
from master_orchestrator.cluster.node_settings import Site, choose_addresses, free_port, server_properties
from master_orchestrator.errors import BrokerUnreachableError
from master_orchestrator_schemas.kafka_reach import quiet_admin

pytestmark = pytest.mark.kafka

CHILD = """
import sys, time
from pathlib import Path
from master_orchestrator.cluster.broker import EmbeddedKafka
broker = EmbeddedKafka(Path(sys.argv[1]), leashed=sys.argv[2] == "leashed")
broker.start()
print(broker.nodes[0].pid, flush=True)
if sys.argv[2] == "leashed":
    time.sleep(300)
"""


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(tmp_path_factory.mktemp("trio"), brokers=3) as cluster:
        yield cluster


def test_records_survive_a_restart_and_the_folder_is_guarded(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path) as broker:
        assert broker.bootstrap_servers == running_bootstrap_servers(tmp_path)
        _make_topic(broker, replication=1)
        _send(broker, b"kept")
        with pytest.raises(FolderInUseError, match=f"already runs on {tmp_path}"):
            EmbeddedKafka(tmp_path).start()
    assert running_bootstrap_servers(tmp_path) is None
    with EmbeddedKafka(tmp_path) as again:
        assert b"kept" == _first_record(again)


def test_a_killed_broker_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path) as broker:
        _make_topic(broker, replication=1)
        _send(broker, b"acknowledged")
        broker.kill(0)
        assert 0 == live_brokers({"bootstrap.servers": broker.bootstrap_servers}, timeout_s=0.5)
        broker.restart(0)
        assert b"acknowledged" == _first_record(broker)


def test_a_folder_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text('{"cluster_id": "x", "brokers": 1, "bootstrap_servers": "y"}')
    with pytest.raises(ClusterError, match=r"holds a cluster of 1, not 3: say --brokers 1"):
        EmbeddedKafka(tmp_path, brokers=3).start()


def test_a_port_in_use_is_named(tmp_path: Path, kafka_port: int) -> None:
    with pytest.raises(BrokerStartError, match=f"Port {kafka_port} of 127.0.0.1 is taken"):
        EmbeddedKafka(tmp_path, port=kafka_port).start()


def test_two_brokers_are_no_cluster(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="1 broker or 3, not 2"):
        EmbeddedKafka(tmp_path, brokers=2)


def test_a_broker_that_dies_at_its_start_shows_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = lambda *_: "process.roles=nonsense\n"  # noqa: E731 - one line stands for the whole file
    monkeypatch.setattr("master_orchestrator.cluster.broker.server_properties", broken)
    with pytest.raises(BrokerStartError, match="nonsense"):
        EmbeddedKafka(tmp_path).start()
    assert not Node(tmp_path / "node-1").running


def test_a_leashed_broker_dies_with_its_killed_parent(tmp_path: Path) -> None:
    with _child(tmp_path, "leashed") as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    node = Node(tmp_path / "node-1")
    assert node.wait_stopped(10.0), f"broker {pid} outlived its parent"


def test_a_broker_off_the_leash_outlives_its_parent_and_is_stopped_by_its_folder(tmp_path: Path) -> None:
    with _child(tmp_path, "free") as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert 0 == parent.wait()
    (node,) = nodes_of(tmp_path)
    assert pid == node.pid
    node.signal(signal.SIGTERM)
    assert node.wait_stopped(15.0)
    assert node.pid is None


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    addresses = choose_addresses([Site()] * 3, port=None)
    text = server_properties(addresses[0], addresses, tmp_path)
    listeners = next(line for line in text.splitlines() if line.startswith("listeners="))
    assert 2 == listeners.count("://127.0.0.1:")
    assert 2 == listeners.count("://")


def test_nodes_elsewhere_listen_there_only(tmp_path: Path) -> None:
    sites = [Site(f"192.0.2.{number}") for number in (11, 12, 13)]
    cluster = EmbeddedKafka(tmp_path, brokers=3, sites=sites)
    assert [site.host for site in sites] == [at.split(":")[0] for at in cluster.bootstrap_servers.split(",")]
    addresses = choose_addresses(sites, port=None)
    text = server_properties(addresses[1], addresses, tmp_path)
    assert "127.0.0.1" not in text
    assert 3 == text.count("://192.0.2.12:")


def test_a_node_is_started_by_what_leads_to_its_site(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path, sites=[Site(prefix=("env", "-u", "HOME", "SITE=here"))]) as broker:
        assert b"SITE=here" in Path(f"/proc/{broker.nodes[0].pid}/environ").read_bytes().split(b"\0")


def test_nobody_answering_is_an_error_in_time() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(BrokerUnreachableError, match=address):
        require_kafka({"bootstrap.servers": address}, timeout_s=0.5)


def test_three_nodes_lose_one_and_go_on(trio: EmbeddedKafka) -> None:
    assert 3 == live_brokers({"bootstrap.servers": trio.bootstrap_servers}, timeout_s=5.0)
    _make_topic(trio, replication=3)
    trio.kill(1)
    _send(trio, b"on two replicas")
    trio.restart(1)
    assert 3 == live_brokers({"bootstrap.servers": trio.bootstrap_servers}, timeout_s=5.0)
    assert b"on two replicas" == _first_record(trio)


def test_a_paused_node_comes_back(trio: EmbeddedKafka) -> None:
    second = {"bootstrap.servers": trio.bootstrap_servers.split(",")[1]}
    trio.pause(1)
    assert 0 == live_brokers(second, timeout_s=1.0)
    trio.resume(1)
    require_kafka(second)


@pytest.fixture
def kafka_port(tmp_path: Path) -> Iterator[int]:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def _child(folder: Path, mode: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", CHILD, str(folder), mode], stdout=subprocess.PIPE, text=True)


def _make_topic(cluster: EmbeddedKafka, replication: int) -> None:
    admin = quiet_admin({"bootstrap.servers": cluster.bootstrap_servers})
    admin.create_topics([NewTopic("t", 1, replication)])["t"].result()


def _send(cluster: EmbeddedKafka, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "acks": "all", "log_level": 0})
    failures: list[object] = []
    producer.produce("t", value, on_delivery=lambda error, _message: failures.append(error))
    assert 0 == producer.flush(30)
    assert [None] == failures


def _first_record(cluster: EmbeddedKafka) -> bytes | None:
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": "reader", "log_level": 0})
    try:
        consumer.assign([TopicPartition("t", 0, 0)])
        records = consumer.consume(1, timeout=30)
        return records[0].value() if records else None
    finally:
        consumer.close()
