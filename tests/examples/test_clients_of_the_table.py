"""The table of clients in docs/contracts.md: a wrong default is refused, and the line of the table mends it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.engine_system import EngineSystem
from support.toolchains import has_go, npm_install
from support.topics import TopicLog, newest_status, topic_log

from master_orchestrator.readers.dead_letters import headers_of
from master_orchestrator.readers.topics import partition_of
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import State

pytestmark = pytest.mark.kafka

GATEWAYS = Path(__file__).parent / "gateways"
VEHICLES = 8
RUN_S = 60.0
BUILD_S = 480.0

Gateway = Callable[[str, list[str]], None]
"""Sends a check for each vehicle, with the client of this name."""


class Clients:
    """The system under test, and the readings that any gateway has sent to it."""

    def __init__(self, system: EngineSystem, readings: TopicLog) -> None:
        self._system, self._readings = system, readings

    def are_refused(self, gateway: Gateway, client: str, vehicles: list[str]) -> None:
        """A client with another partitioner: what it puts elsewhere is in the dead letters, and what to do about it."""
        astray = {vehicle for vehicle in vehicles if not self._at_home(gateway, client, vehicles)[vehicle]}
        assert astray, f"{client} has put every vehicle where it belongs"
        letters = self._system.dead.until(lambda _log: astray <= self._refused()).messages
        messages = {dict(headers_of(letter))["dead_letter_message"].decode() for letter in letters}
        assert all("set the producer's partitioner to murmur2" in text for text in messages)

    def are_used(self, gateway: Gateway, client: str, vehicles: list[str]) -> None:
        """A client with the line of the table: every vehicle's first workflow is completed."""
        assert all(self._at_home(gateway, client, vehicles).values())
        first = {f"{vehicle}~0" for vehicle in vehicles}
        self._system.status.until(lambda log: first <= _completed(log))

    def _at_home(self, gateway: Gateway, client: str, vehicles: list[str]) -> dict[str, bool]:
        """Vehicle -> whether its newest reading is in its partition, as the topic itself says."""
        due = len(self._readings.messages) + len(vehicles)
        gateway(client, vehicles)
        new = self._readings.until(lambda log: len(log.messages) >= due).messages[-len(vehicles) :]
        placed = {(message.key() or b"").decode(): message.partition() for message in new}
        assert set(vehicles) == placed.keys()
        return {name: partition_of(name, self._system.topology.partitions) == place for name, place in placed.items()}

    def _refused(self) -> set[str]:
        letters = self._system.dead.messages
        assert {b"wrong_partition"} >= {dict(headers_of(letter))["dead_letter_reason"] for letter in letters}
        return {(letter.key() or b"").decode() for letter in letters}


def _completed(log: TopicLog) -> set[str]:
    return {status.workflow_id for status in newest_status(log).values() if status.state is State.COMPLETED}


def _corrected(system: EngineSystem, gateway: Gateway, wrong: Mapping[str, str], right: tuple[str, ...] = ()) -> None:
    """``wrong``: client -> the same client with the line of the table, for the same vehicles. ``right``: by default."""
    engine = system.start()
    with system.echo_agents(), topic_log(system.kafka, system.topology.topic_of("Telemetry")) as readings:
        clients = Clients(system, readings)
        for client, corrected in wrong.items():
            vehicles = [f"{client}-{number}" for number in range(VEHICLES)]
            clients.are_refused(gateway, client, vehicles)
            clients.are_used(gateway, corrected, vehicles)
        letters = len(system.dead.messages)
        for client in right:
            clients.are_used(gateway, client, [f"{client}-{number}" for number in range(VEHICLES)])
        system.dead.read()
        assert letters == len(system.dead.messages)
    assert 0 == engine.stop()


def _runs(command: list[str], environment: Mapping[str, str], folder: Path) -> Gateway:
    def send(client: str, vehicles: list[str]) -> None:
        called = [*command, client, *vehicles]
        sent = subprocess.run(
            called, cwd=folder, env=environment, capture_output=True, text=True, timeout=RUN_S, check=False
        )
        assert 0 == sent.returncode, sent.stderr

    return send


def test_python(system: EngineSystem, environment: Mapping[str, str], tmp_path: Path) -> None:
    gateway = _runs([sys.executable, str(GATEWAYS / "python" / "gateway.py")], environment, tmp_path)
    _corrected(system, gateway, {"confluent-kafka-default": "confluent-kafka"}, ("aiokafka", "kafka-python"))


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: kafkajs is not tried")
def test_javascript(system: EngineSystem, environment: Mapping[str, str], tmp_path: Path) -> None:
    folder = npm_install(GATEWAYS / "javascript", tmp_path)
    _corrected(system, _runs(["node", "gateway.mjs"], environment, folder), {"kafkajs-legacy": "kafkajs"})


@pytest.mark.skipif(not has_go(1, 25), reason="no Go 1.25 here: the Go clients are not tried")
@pytest.mark.timeout(600)  # on a machine that has built nothing with Go, most of it goes into the libraries
def test_go(system: EngineSystem, environment: Mapping[str, str], tmp_path: Path) -> None:
    build = ["go", "build", "-o", str(tmp_path / "gateway"), "."]
    subprocess.run(build, cwd=GATEWAYS / "go", check=True, capture_output=True, timeout=BUILD_S)
    gateway = _runs([str(tmp_path / "gateway")], environment, tmp_path)
    _corrected(system, gateway, {"sarama-default": "sarama", "kafka-go-default": "kafka-go"}, ("franz-go",))


@pytest.mark.skipif(shutil.which("kcat") is None, reason="no kcat here: it is not tried")
def test_kcat(system: EngineSystem, kafka: KafkaSettings, unique_topology: Topology) -> None:
    topic = unique_topology.topic_of("Telemetry")
    options = {"kcat-default": [], "kcat": ["-X", "partitioner=murmur2_random"]}

    def send(client: str, vehicles: list[str]) -> None:
        reading = '{}|{{"vehicle_id": "{}", "timestamp": "2026-01-01T12:00:00Z", "check_requested": true}}\n'
        lines = "".join(reading.format(vehicle, vehicle) for vehicle in vehicles)
        command = ["kcat", "-P", "-b", kafka.bootstrap_servers, "-t", topic, "-K", "|", "-X", "enable.idempotence=true"]
        subprocess.run([*command, *options[client]], input=lines, text=True, check=True, timeout=RUN_S)

    _corrected(system, send, {"kcat-default": "kcat"})
