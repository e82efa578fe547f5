"""Making reference agents: all six, each for its own tasks, where their files go."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator_agents.errors import AgentError, PermanentError
from master_orchestrator_agents.handler import SingleHandler
from master_orchestrator_agents.harness import AgentHarness
from master_orchestrator_agents.reference import reference_agent, reference_agents
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import RESULTS
from master_orchestrator_schemas.vocabulary import AgentType

PAYLOADS: dict[AgentType, dict[str, object]] = {
    AgentType.DATA_ANALYSIS: {"dtcs": ["P0301"]},
    AgentType.DIAGNOSIS: {"dtcs": ["P0301"]},
    AgentType.CUSTOMER_ENGAGEMENT: {"priority": 1},
    AgentType.SCHEDULING: {"priority": 1, "due_by_ms": 1_767_344_400_000},
    AgentType.FEEDBACK: {},
    AgentType.MANUFACTURING_QUALITY: {"confirmed_cause": "alternator", "repaired_at_ms": 1},
}


@pytest.mark.parametrize("agent_type", list(AgentType))
def test_each_agent_answers_as_it_would_on_the_wire(
    agents: dict[AgentType, SingleHandler], agent_type: AgentType
) -> None:
    """Through the harness: task decoded, result encoded and decoded, extra keys kept as JSON."""
    result = AgentHarness(agents[agent_type], agent_type).run(**PAYLOADS[agent_type])

    assert isinstance(result, RESULTS[agent_type])


@pytest.mark.parametrize("agent_type", list(AgentType))
def test_another_agents_task_is_refused_for_good(
    agents: dict[AgentType, SingleHandler], agent_type: AgentType, task_of: Callable[..., Task[Any]]
) -> None:
    other = next(each for each in AgentType if each != agent_type)

    with pytest.raises(PermanentError, match="its own agent"):
        agents[agent_type](task_of(other, **PAYLOADS[other]))


def test_a_repeat_after_a_restart_has_the_same_result(tmp_path: Path, task_of: Callable[..., Task[Any]]) -> None:
    """What a runner that was killed after the handler, before the reply, has to rely on."""
    for agent_type, payload in PAYLOADS.items():
        task = task_of(agent_type, **payload)
        before = reference_agent(agent_type, tmp_path, seed=1)(task)
        assert before == reference_agent(agent_type, tmp_path, seed=2)(task), agent_type


def test_files_go_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_ORCHESTRATOR_DATA_DIR", str(tmp_path))
    reference_agents()

    assert ["appointments", "contacts", "priors", "quality", "surveys"] == sorted(
        path.stem for path in (tmp_path / "agents").glob("*.sqlite3")
    )


def test_a_plan_ahead_that_is_not_a_duration_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_ORCHESTRATOR_SCHEDULING_PLAN_AHEAD", "a day")

    with pytest.raises(AgentError, match="MASTER_ORCHESTRATOR_SCHEDULING_PLAN_AHEAD: 'a day' is not a duration"):
        reference_agent(AgentType.SCHEDULING, tmp_path, workshops=1)
