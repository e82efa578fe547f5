"""The embedded broker and provisioning as a user runs them, each command a process of its own."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from master_orchestrator.client.asking import this_user
from master_orchestrator.client.charter_change import charter_lines, in_force
from master_orchestrator.cluster.broker import nodes_of
from master_orchestrator.cluster.node import stop_all
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.readers.activity import read_activity
from master_orchestrator.supervision.services import command_line
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings, producer_config
from master_orchestrator_schemas.messages import Control
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.vocabulary import ActError, Action, ActOutcome, ControlLevel, DeniedBy, Phase

pytestmark = pytest.mark.kafka
ADMIN_OF_POLICY = (Action.ADMIN, "policy")
FLUSH_S = 30.0
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder = tmp_path_factory.mktemp("cli")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KAFKA_", "MASTER_"))}

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        whole = command_line("--data-dir", str(folder), *arguments)
        return subprocess.run(whole, capture_output=True, text=True, check=False, env=environment)

    yield call
    stop_all(nodes_of(folder / "kafka"))


def test_a_broker_from_start_to_stop(cli: Cli, topology: Topology, tmp_path: Path) -> None:
    assert 1 == cli("kafka", "status").returncode
    started = _answer(cli("kafka", "start", "--port", "0", "--json"))
    shown = _answer(cli("kafka", "status", "--json"))
    assert shown["running"]
    assert started["bootstrap_servers"] == shown["bootstrap_servers"]

    lacking = cli("engine")
    assert (ExitCode.UNAVAILABLE, "Error: the cluster at") == (lacking.returncode, lacking.stderr[:21])
    assert "run 'master-orchestrator provision' first" in lacking.stderr

    made = _answer(cli("provision", "--json"))
    assert {plan.name for plan in topology.topic_plans()} == {outcome["topic"] for outcome in made}
    assert {"created"} == {outcome["action"] for outcome in made}
    assert {"unchanged"} == {outcome["action"] for outcome in _answer(cli("provision", "--json"))}

    _reads_of_the_trail_are_on_record(cli, topology, started["bootstrap_servers"], tmp_path)
    _who_is_blocked_changes_nothing(cli, topology, KafkaSettings(bootstrap_servers=started["bootstrap_servers"]))

    again = cli("kafka", "start")
    assert 2 == again.returncode
    assert "already runs" in again.stderr
    assert {"stopped": 1} == _answer(cli("kafka", "stop", "--json"))
    assert {"stopped": 0} == _answer(cli("kafka", "stop", "--json"))


def _reads_of_the_trail_are_on_record(cli: Cli, topology: Topology, servers: str, folder: Path) -> None:
    """Before they begin, and what the operators' charter does not allow is not read."""
    assert 0 == cli("audit", "export", "--workflow", "v-1~0").returncode
    mine = folder / "topology.yaml"
    mine.write_text(default_path().read_text().replace("of: [audit_log, agent_control, ", "of: [agent_control, ", 1))
    denied = cli("--topology", str(mine), "audit", "export")
    assert 0 != denied.returncode
    assert "" == denied.stdout
    assert f"operator:{this_user()} may not: read of audit_log: no line allows it" in denied.stderr
    assert 1 == cli("status", "v-1~0").returncode
    assert [] == _answer(cli("dlq", "list", "--vehicle", "v-1", "--json"))["letters"]
    assert 1 == cli("ueba", "explain", "agent:NOBODY").returncode
    unanswered = cli(
        "ueba", "release", "agent:FEEDBACK", "--reason", "over", "--by", "operator:ada", "--timeout", "0.1"
    )
    assert 0 != unanswered.returncode
    _answer(cli("--topology", str(mine), "provision", "--json"))

    records = [record for _, record in read_activity(KafkaSettings(bootstrap_servers=servers), topology)]
    records = sorted(records, key=lambda record: record.at_ms)
    first, same, *records, changed = records
    assert [ADMIN_OF_POLICY] * 3 == [(each.acts[0].action, each.acts[0].resource) for each in (first, same, changed)]
    assert charter_lines(topology) == in_force(first.details or "")
    assert same.details is None
    line = "operator:*: {may: read, of: ["
    details = (changed.details or "").splitlines()
    assert f"- {line}audit_log, agent_control, policy], per_hour: 60}}" == details[0]
    assert f"+ {line}agent_control, policy], per_hour: 60}}" in details
    assert [
        (Phase.BEFORE, ActOutcome.SUCCESS, "audit_log", "v-1"),
        (Phase.DONE, ActOutcome.SUCCESS, "audit_log", "v-1"),
        (Phase.DONE, ActOutcome.DENIED, "audit_log", None),
        (Phase.DONE, ActOutcome.FAILURE, "workflow", "v-1"),
        (Phase.DONE, ActOutcome.SUCCESS, "workflow", "v-1"),
        (Phase.BEFORE, ActOutcome.SUCCESS, "agent_control", "agent:NOBODY"),
        (Phase.DONE, ActOutcome.FAILURE, "agent_control", "agent:NOBODY"),
        (Phase.BEFORE, ActOutcome.SUCCESS, "agent_control", "agent:FEEDBACK"),
        (Phase.DONE, ActOutcome.FAILURE, "agent_control", "agent:FEEDBACK"),
    ] == [(record.phase, record.outcome, record.acts[0].resource, record.entity) for record in records]
    assert [ActError.NOT_FOUND] * 2 == [records[at].acts[0].error for at in (3, 6)]
    assert [f"operator:{this_user()}"] * 7 + ["operator:ada"] * 2 == [record.actor for record in records]


def _who_is_blocked_changes_nothing(cli: Cli, topology: Topology, kafka: KafkaSettings) -> None:
    """And is told so before anything is asked of the judge, who does not run here."""
    block = Control(actor="operator:eve", level=ControlLevel.BLOCK, since_ms=0, by="operator:ada", reason="a drill")
    producer = Producer(producer_config(kafka, topology.limits, topology.compression))
    producer.produce(topology.topic_of("Control"), Codec(topology.limits).encode(block), block.actor.encode())
    assert 0 == producer.flush(FLUSH_S)
    producer.close()

    refused = cli("ueba", "release", "agent:FEEDBACK", "--reason", "over", "--by", "operator:eve")
    assert ExitCode.MISTAKE == refused.returncode
    assert "admin of agent_control: operator:eve is held back for now" in refused.stderr
    (record,) = [each for _, each in read_activity(kafka, topology) if each.actor == block.actor]
    assert (Phase.DONE, ActOutcome.DENIED, DeniedBy.CONTROL) == (
        record.phase,
        record.outcome,
        record.acts[0].denied_by,
    )


def _answer(done: "subprocess.CompletedProcess[str]") -> Any:
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)
