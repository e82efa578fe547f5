"""The handlers of a chaos run: who fails how often, and the one that dies on order."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from chaos_suite import agents, dying
from chaos_suite.agents import ChaosAgent
from chaos_suite.dying import BETWEEN_OF, DeathMoment, die_if_ordered, order, taken_by, withdraw
from chaos_suite.fates import QUICK, AgentFate, failures_of, fate_of
from support.commands import command_for

from master_orchestrator_agents.errors import PermanentError
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.vocabulary import AgentType, Priority

NOW_MS = 1_768_208_400_000
RARE = (AgentFate.EXHAUSTS, AgentFate.REJECTS, AgentFate.SLOW)
WORKFLOWS = [f"chaos-1-gateway-1-{number:05d}~0" for number in range(15_000)]


def task(agent: AgentType, workflow_id: str, *, attempt: int = 0) -> Task:
    payload: dict[str, object] = {}
    if agent is AgentType.SCHEDULING:
        payload = {"priority": int(Priority.HIGH), "due_by_ms": NOW_MS + 48 * 3_600_000}
    return Task(
        command_for(agent, workflow_id, attempt=attempt, issued_at_ms=NOW_MS, within_ms=20_000, payload=payload)
    )


def first_with(fate: AgentFate, agent: AgentType) -> str:
    return next(workflow for workflow in WORKFLOWS if fate is fate_of(workflow, agent))


def test_rare_fates_are_as_rare_as_they_are_meant_to_be() -> None:
    rare: Counter[AgentFate] = Counter()
    for workflow in WORKFLOWS:
        befallen = [(agent, fate) for agent in AgentType if (fate := fate_of(workflow, agent)) in RARE]
        assert len(befallen) <= 1
        rare.update(fate for _, fate in befallen)
        assert all(agent in QUICK for agent, fate in befallen if fate is AgentFate.SLOW)
    assert all(30 <= rare[fate] <= 70 for fate in RARE), rare


def test_about_one_agent_in_eight_stumbles() -> None:
    stumbling = sum(fate_of(workflow, AgentType.DIAGNOSIS) is AgentFate.STUMBLES for workflow in WORKFLOWS)
    assert 1_600 < stumbling < 2_150


def outcomes(agent: AgentType, workflow: str, attempts: int) -> list[bool]:
    """Whether each try succeeds."""
    handler, successes = ChaosAgent(agent), []
    for attempt in range(attempts):
        try:
            handler(task(agent, workflow, attempt=attempt))
        except Exception:  # noqa: BLE001  any failure is one: handlers may raise what they like
            successes.append(False)
        else:
            successes.append(True)
    return successes


def test_one_that_stumbles_succeeds_in_the_end_and_one_that_exhausts_never() -> None:
    workflow = first_with(AgentFate.STUMBLES, AgentType.DATA_ANALYSIS)
    fails = failures_of(workflow, AgentType.DATA_ANALYSIS)
    assert [attempt >= fails for attempt in range(4)] == outcomes(AgentType.DATA_ANALYSIS, workflow, 4)
    workflow = first_with(AgentFate.EXHAUSTS, AgentType.DATA_ANALYSIS)
    assert [False] * 4 == outcomes(AgentType.DATA_ANALYSIS, workflow, 4)


def test_one_that_rejects_does_so_for_good() -> None:
    with pytest.raises(PermanentError, match="never work"):
        ChaosAgent(AgentType.DIAGNOSIS)(task(AgentType.DIAGNOSIS, first_with(AgentFate.REJECTS, AgentType.DIAGNOSIS)))


def test_the_handler_ordered_to_die_kills_its_process_and_says_which(tmp_path: Path) -> None:
    file = tmp_path / "die"
    order(file, AgentType.DIAGNOSIS, DeathMoment.AFTER)
    program = (
        "from chaos_suite.dying import *\n"
        "die_if_ordered(AgentType.DIAGNOSIS, DeathMoment.BEFORE)\n"
        "die_if_ordered(AgentType.FEEDBACK, DeathMoment.AFTER)\n"
        "print('lives', flush=True)\n"
        "die_if_ordered(AgentType.DIAGNOSIS, DeathMoment.AFTER)\n"
        "print('lives on')\n"
    )
    environment = {**os.environ, dying.VARIABLE: str(file), "PYTHONPATH": str(Path(dying.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True) as died:
        output, _ = died.communicate(timeout=60)
    assert ("lives\n", -signal.SIGKILL) == (output, died.returncode)
    assert {died.pid} == taken_by(file)
    assert not withdraw(file)


def test_an_order_taken_back_kills_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "die"
    monkeypatch.setenv(dying.VARIABLE, str(file))
    order(file, AgentType.DIAGNOSIS, DeathMoment.BEFORE)
    assert withdraw(file)
    die_if_ordered(AgentType.DIAGNOSIS, DeathMoment.BEFORE)
    assert not taken_by(file)


@pytest.mark.parametrize("agent", sorted(set(AgentType) - BETWEEN_OF))
def test_an_agent_without_books_has_nothing_between(agent: AgentType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{agent} has no moment between"):
        order(tmp_path / "die", agent, DeathMoment.BETWEEN)


class KilledError(BaseException):
    """Stands for the end of the process."""


def test_between_the_appointments_are_held_and_a_repeat_confirms_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_pid: int, _signal: int) -> None:
        raise KilledError

    monkeypatch.setattr(os, "kill", killed)
    monkeypatch.setattr(agents, "WORKSHOPS", 3)
    monkeypatch.setenv("MASTER_ORCHESTRATOR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(dying.VARIABLE, str(tmp_path / "die"))
    order(tmp_path / "die", AgentType.SCHEDULING, DeathMoment.BETWEEN)
    smooth = task(AgentType.SCHEDULING, first_with(AgentFate.SMOOTH, AgentType.SCHEDULING))
    with pytest.raises(KilledError):
        ChaosAgent(AgentType.SCHEDULING)(smooth)
    assert {"HELD": 3} == appointments(tmp_path)
    ChaosAgent(AgentType.SCHEDULING)(smooth)
    assert {"CONFIRMED": 1} == appointments(tmp_path)


def appointments(folder: Path) -> dict[str, int]:
    with sqlite3.connect(folder / "agents" / "appointments.sqlite3") as sql:
        counts = dict(sql.execute("SELECT state, count(*) FROM appointments GROUP BY state").fetchall())
    sql.close()
    return counts
