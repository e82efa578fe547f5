"""The agents in other languages, written from the wire alone, each next to Python ones for the other five types."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.echo_agents import default_answer
from support.engine_system import EngineSystem
from support.toolchains import INSTALL_S, has_go, npm_install

from master_orchestrator.readers.activity import read_activity
from master_orchestrator_schemas.results import Result
from master_orchestrator_schemas.vocabulary import AgentType, State

pytestmark = pytest.mark.kafka

EXAMPLES = Path(__file__).parents[2] / "examples"
VEHICLES = 8
LETTERS_S = 2.0  # how long the reader of dead letters waits for a first one


def _all_but_diagnosis(agent: AgentType) -> Result | None:
    return None if agent is AgentType.DIAGNOSIS else default_answer(agent)


@contextmanager
def _running(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        agent = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            yield
            assert agent.poll() is None, (folder / "log").read_text()
        finally:
            agent.terminate()
            agent.wait(20)


def _finishes_workflows(
    command: list[str], folder: Path, system: EngineSystem, environment: Mapping[str, str], worker: str
) -> None:
    engine = system.start()
    with system.echo_agents(_all_but_diagnosis), _running(command, folder, environment):
        system.request_checks(range(VEHICLES))
        system.assert_whole(VEHICLES)
    trails = system.trails().values()
    actors = {record.actor for trail in trails for record in trail if record.from_state is State.DIAGNOSIS}
    assert any(actor.startswith(f"agent:DIAGNOSIS@{worker}") for actor in actors), actors
    system.dead.read(LETTERS_S)
    assert [] == [m.value() for m in system.dead.messages]
    _sessions_are_on_record(system)
    assert 0 == engine.stop()


def _sessions_are_on_record(system: EngineSystem) -> None:
    """One per reply of DIAGNOSIS, numbered without holes, the last one a goodbye."""
    records = [record for _, record in read_activity(system.kafka, system.topology)]
    assert [*range(len(records))] == [record.seq for record in records]
    assert [False] * (len(records) - 1) + [True] == [record.goodbye for record in records]
    assert {"agent:DIAGNOSIS"} == {record.actor for record in records}
    sessions = [record.session for record in records if record.session is not None]
    answered = [
        details["answered"]
        for trail in system.trails().values()
        for record in trail
        if record.from_state is State.DIAGNOSIS and "answered" in (details := json.loads(record.details))
    ]
    assert VEHICLES == len(answered)
    assert sorted(answered) == sorted(sessions)


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: the JavaScript agent is not tried")
def test_the_javascript_agent_finishes_workflows(
    system: EngineSystem, environment: Mapping[str, str], tmp_path: Path
) -> None:
    folder = npm_install(EXAMPLES / "javascript_agent", tmp_path)
    _finishes_workflows(["node", "agent.mjs"], folder, system, environment, "javascript-")


@pytest.mark.skipif(not has_go(1, 22), reason="no Go 1.22 here: the Go agent is not tried")
def test_the_go_agent_finishes_workflows(system: EngineSystem, environment: Mapping[str, str], tmp_path: Path) -> None:
    build = ["go", "build", "-o", str(tmp_path / "agent"), "."]
    subprocess.run(build, cwd=EXAMPLES / "go_agent", check=True, capture_output=True, timeout=INSTALL_S)
    _finishes_workflows([str(tmp_path / "agent")], tmp_path, system, environment, "go-")
