"""Topics that are changed under a running engine: it is not ready, says why, and calls for a human."""

import json
import socket
import time
import urllib.error
import urllib.request

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)
from support.engine_system import EngineSystem
from support.topics import topic_log

from master_orchestrator_schemas.health import READY
from master_orchestrator_schemas.messages import Alert
from master_orchestrator_schemas.vocabulary import AlertKind

pytestmark = pytest.mark.kafka

PATIENCE_S = 60.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(port: int) -> tuple[bool, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{READY}", timeout=3) as answer:
            return True, json.load(answer)["why"]
    except urllib.error.HTTPError as refused:
        return False, json.load(refused)["why"]


def _until_not_ready(port: int, word: str) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        ready, why = _ready(port)
        if not ready and word in why:
            return why
        assert time.monotonic() < deadline, why
        time.sleep(0.2)


def test_partitions_added_and_another_time_type_are_noticed(system: EngineSystem, kafka_admin: AdminClient) -> None:
    port, topology = _free_port(), system.topology
    system.start("w1", "--metrics-port", str(port))
    with system.echo_agents():
        system.request_checks(range(2))
        system.assert_whole(2)
        assert _ready(port)[0]

        service = topology.topic_of("ServiceEvent")
        entry = ConfigEntry("message.timestamp.type", "CreateTime", incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, service, incremental_configs=[entry])
        kafka_admin.incremental_alter_configs([resource])[resource].result()
        assert service in _until_not_ready(port, "message.timestamp.type=CreateTime")

        readings = topology.topic_of("Telemetry")
        kafka_admin.create_partitions([NewPartitions(readings, topology.partitions + 4)])[readings].result()
        assert "--repartition" in _until_not_ready(port, f"{readings} has {topology.partitions + 4} partitions")

        with topic_log(system.kafka, topology.topic_of("Alert")) as alerts:
            alerts.until(lambda log: len({alert.alert_id for alert in log.decoded(Alert)}) >= 2)
            assert {AlertKind.TOPIC_CHANGED} == {alert.kind for alert in alerts.decoded(Alert)}
