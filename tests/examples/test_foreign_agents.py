"""The agents in other languages, written from the wire alone, each beside Python ones for the other five types."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.echo_agents import default_answer
from support.engine_system import EngineSystem, engine_system

from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.results import Result
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, State

pytestmark = pytest.mark.kafka

EXAMPLES = Path(__file__).parents[2] / "examples"
SCHEMAS = Path(__file__).parents[2] / "schemas" / "master_orchestrator_schemas" / "avro"
VEHICLES = 8
INSTALL_S = 240.0


def _has_go() -> bool:
    if shutil.which("go") is None:
        return False
    told = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", told)[:2])) >= (1, 22)


@pytest.fixture
def system(kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path) -> Iterator[EngineSystem]:
    with engine_system(kafka, unique_topology, tmp_path) as system:
        yield system


def _all_but_diagnosis(agent: AgentType) -> Result | None:
    return None if agent is AgentType.DIAGNOSIS else default_answer(agent)


def _copied(example: str, folder: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / example, folder / example, ignore=shutil.ignore_patterns("node_modules")))


def _environment(system: EngineSystem) -> Mapping[str, str]:
    prefix = system.topology.app_id.removesuffix("master-orchestrator")
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": system.kafka.bootstrap_servers,
        "TOPIC_PREFIX": prefix,
        "APP_ID": system.topology.app_id,
        "SCHEMAS": str(SCHEMAS),
    }


@contextmanager
def _running(command: list[str], folder: Path, system: EngineSystem) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        agent = subprocess.Popen(command, cwd=folder, env=_environment(system), stdout=log, stderr=log)
        try:
            yield
            assert agent.poll() is None, (folder / "log").read_text()
        finally:
            agent.terminate()
            agent.wait(20)


def _finishes_workflows(command: list[str], folder: Path, system: EngineSystem, worker: str) -> None:
    engine = system.start()
    with system.echo_agents(_all_but_diagnosis), _running(command, folder, system):
        system.request_checks(range(VEHICLES))
        system.assert_whole(VEHICLES)
    trails = system.trails().values()
    actors = {record.actor for trail in trails for record in trail if record.from_state is State.DIAGNOSIS}
    assert any(actor.startswith(f"agent:DIAGNOSIS@{worker}") for actor in actors), actors
    assert [] == [m.value() for m in system.dead.messages]
    assert 0 == engine.stop()


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: the JavaScript agent is not tried")
def test_the_javascript_agent_finishes_workflows(system: EngineSystem, tmp_path: Path) -> None:
    folder = _copied("javascript_agent", tmp_path)
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=INSTALL_S)
    _finishes_workflows(["node", "agent.mjs"], folder, system, "javascript-")


@pytest.mark.skipif(not _has_go(), reason="no Go 1.22 here: the Go agent is not tried")
def test_the_go_agent_finishes_workflows(system: EngineSystem, tmp_path: Path) -> None:
    folder = _copied("go_agent", tmp_path)
    build = ["go", "build", "-o", "agent", "."]
    subprocess.run(build, cwd=folder, check=True, capture_output=True, timeout=INSTALL_S)
    _finishes_workflows(["./agent"], folder, system, "go-")
