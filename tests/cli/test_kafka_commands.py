"""The embedded broker and provisioning as a user runs them, each command a process of its own."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from master_orchestrator.cluster.broker import nodes_of
from master_orchestrator.cluster.node import stop_all
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.supervision.services import command_line
from master_orchestrator_schemas.topology import Topology

pytestmark = pytest.mark.kafka
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


def test_a_broker_from_start_to_stop(cli: Cli, topology: Topology) -> None:
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

    again = cli("kafka", "start")
    assert 2 == again.returncode
    assert "already runs" in again.stderr
    assert {"stopped": 1} == _answer(cli("kafka", "stop", "--json"))
    assert {"stopped": 0} == _answer(cli("kafka", "stop", "--json"))


def _answer(done: "subprocess.CompletedProcess[str]") -> Any:
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)
