"""Tasks for the reference agents as a runner would give them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commands import command_for
from support.postgres import PostgresServer, running_postgres

from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.guard import Guard, Session
from master_orchestrator_agents.handler import SingleHandler
from master_orchestrator_agents.reference import reference_agents
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, Priority

MONDAY_9_UTC = 1_768_208_400_000
"""Monday 12 January 2026, 10:00 in Berlin: no public holiday near it."""
HOUR_MS = 3_600_000

TaskMaker = Callable[..., Task[Any]]


@pytest.fixture(scope="session")
def codes() -> CodeTable:
    return CodeTable(load_topology().triage.dtcs)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind: a file, the URL of a server."""
    if request.param == "sqlite":
        return str(tmp_path / "appointments.sqlite3")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_url()


@pytest.fixture
def agents(tmp_path: Path) -> dict[AgentType, SingleHandler]:
    return reference_agents(tmp_path)


@pytest.fixture
def task_of() -> TaskMaker:
    """``task_of(AgentType.DIAGNOSIS, dtcs=[...])``: a task with defaults filled in, as it would arrive.

    Its acts are checked against the charters that come along.
    """
    topology = load_topology()
    guards = {agent: Guard(Charter.of_agent(topology, agent)) for agent in AgentType}

    def make(
        agent: AgentType,
        *,
        vehicle: str = "vehicle-1",
        episode: int = 1,
        attempt: int = 0,
        revision: int = 0,
        at_ms: int = MONDAY_9_UTC,
        within_ms: int = 24 * HOUR_MS,
        **payload: Any,
    ) -> Task[Any]:
        command = command_for(
            agent,
            f"{vehicle}~{episode}",
            priority=Priority(payload.get("priority", Priority.SCHEDULED)),
            attempt=attempt,
            revision=revision,
            issued_at_ms=at_ms,
            within_ms=within_ms,
            payload=TASKS[agent].model_validate(payload).model_dump(mode="json"),
        )
        return Task[Any](command, Session.of(guards[agent], command))

    return make
