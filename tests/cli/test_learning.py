"""`learning show|propose|accept`, on lessons that are given; `test_kafka_commands` reads them from a broker."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.core.lessons import Lesson
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator_agents.harness import AgentHarness
from master_orchestrator_agents.reference import reference_agent
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.vocabulary import AgentType

pytestmark = pytest.mark.usefixtures("off_the_record")
Command = Callable[..., tuple[int, str, str]]
MAY_2026 = 1_777_600_000_000


def repair(number: int, label: str) -> Lesson:
    result = {
        "labels": [{"rule": "coolant_hot", "label": label}],
        "cause_labels": [{"cause": "water_pump", "label": label}],
        "components": ["water_pump"] if label == "CONFIRMED" else [],
        "unmapped": label == "WRONG_SUBSYSTEM",
        "csat": 1 if number == 0 else 5,
    }
    return Lesson(f"v-{number}~0", f"v-{number}", MAY_2026, FeedbackResult.model_validate(result))


@pytest.fixture(autouse=True)
def lessons(monkeypatch: pytest.MonkeyPatch) -> list[Lesson]:
    taught = [repair(number, "CONFIRMED") for number in range(20)] + [repair(20, "WRONG_SUBSYSTEM")]
    monkeypatch.setattr("master_orchestrator.readers.lessons.read_lessons", lambda *_: taught)
    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: None)
    return taught


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def runs(*words: str) -> tuple[int, str, str]:
        code = run(["--data-dir", str(tmp_path), "learning", *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return runs


def test_precision_and_satisfaction_are_shown(command: Command) -> None:
    code, text, _ = command("show")
    _, told, _ = command("show", "--json")
    value = json.loads(told)

    assert 0 == code
    assert "coolant_hot" in text
    assert "95%" in text
    (rule,) = value["rules"]
    assert ("coolant_hot", 20, 21, False) == (
        rule["name"],
        rule["precision"]["hits"],
        rule["precision"]["total"],
        rule["below_floor"],
    )
    assert (21, 1, 21) == (value["repairs"], value["unmapped"], value["owners"]["rated"])


def test_a_rule_below_the_floor_is_marked(command: Command, lessons: list[Lesson]) -> None:
    lessons[:] = [repair(number, "FALSE") for number in range(20)]

    assert "below the floor" in command("show")[1]


def test_a_proposal_changes_nothing_until_it_is_accepted(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "proposal.json"
    diagnosis = AgentHarness(reference_agent(AgentType.DIAGNOSIS, tmp_path / "agents"), AgentType.DIAGNOSIS)
    hot: dict[str, Any] = {
        "anomalies": [{"subsystem": "cooling", "description": "hot", "severity": 0.7, "rule": "coolant_hot"}],
        "findings": [{"rule": "coolant_hot", "subsystem": "cooling", "priority": 2, "at_ms": 0}],
    }

    def ranked() -> tuple[Any, float]:
        result = diagnosis.run(**hot)
        share = next(cause.probability for cause in result.causes if cause.component == "water_pump")
        return (result.model_extra or {})["priors_version"], share

    version, before = ranked()
    assert 0 == command("propose", str(file))[0]
    assert (version, before) == ranked()
    assert 0 == command("accept", str(file), "--reason", "20 repairs")[0]
    after = ranked()
    assert (0, 1) == (version, after[0])
    assert before < after[1]
    code, _, told = command("accept", str(file), "--reason", "again")
    assert ExitCode.MISTAKE == code
    assert "version 1 is in force" in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"priors": 3, "base_version": 0, "repairs": 1}',
        '{"priors": {"x": "y"}, "base_version": 0, "repairs": 1}',
    ],
)
def test_what_is_not_a_proposal_is_refused(command: Command, tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    code, _, told = command("accept", str(file), "--reason", "x")

    assert ExitCode.MISTAKE == code
    assert "this is not a proposal" in told


def test_a_prior_out_of_bounds_is_refused(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "far.json"
    file.write_text('{"priors": {"water_pump": 0.94}, "base_version": 0, "repairs": 1}')
    code, _, told = command("accept", str(file), "--reason", "x")

    assert ExitCode.MISTAKE == code
    assert "out of bounds: water_pump" in told


def test_a_missing_file_and_a_wrong_age_are_said(command: Command, tmp_path: Path) -> None:
    assert "No such file" in command("accept", str(tmp_path / "none.json"), "--reason", "x")[2]
    assert "--since" in command("show", "--since", "soon")[2]
