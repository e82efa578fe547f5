"""`schedule show|optimise` on books that an agent has filled; no broker is needed."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.commands import command_for

from master_orchestrator.cli.main import run
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.vocabulary import AgentType, Priority

SVG = "{http://www.w3.org/2000/svg}"
Command = Callable[..., tuple[int, str, str]]


MONDAY = 1_768_208_400_000
"""12 January 2026, 10:00 in Berlin."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("master_orchestrator.cli.schedule._now_ms", lambda: MONDAY)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """One workshop. Its technician for high voltage does one such job a day: the last one comes after its due time."""
    path = tmp_path / "agents" / "appointments.sqlite3"
    store = SchedulingStore(path, workshops=1)
    agent = SchedulingAgent(store, plan_ahead_ms=2 * DAY_MS)
    operation = {"name": "job", "labour_hours": 5, "skill": "high_voltage", "bay": "high_voltage"}
    priorities = [Priority.SCHEDULED] * 2 + [Priority.ROUTINE] * 4 + [Priority.SCHEDULED]
    for number, priority in enumerate(priorities):
        due_ms = MONDAY + (5 if priority is Priority.SCHEDULED else 90) * DAY_MS
        payload = {"priority": priority, "operations": [operation], "due_by_ms": due_ms}
        workflow_id = f"vehicle-{number}~1"
        agent(Task(command_for(AgentType.SCHEDULING, workflow_id, issued_at_ms=MONDAY, payload=payload)))
    store.close()
    return path


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def runs(*words: str) -> tuple[int, str, str]:
        code = run(["--data-dir", str(tmp_path), "schedule", *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return runs


def test_the_plan_says_what_it_would_move_then_moves_it(books: Path, command: Command) -> None:
    code, told, _ = command("optimise", "--dry-run", "--json")
    dry = json.loads(told)
    assert 0 == code
    assert not dry["written"]
    assert "vehicle-6~1" in {move["workflow_id"] for move in dry["moves"]}

    code, told, _ = command("optimise", "--no-tell", "--json")

    assert 0 == code
    assert {**dry, "written": True} == json.loads(told)
    assert "0 moved" in command("optimise", "--no-tell")[1]


def test_a_week_is_shown_and_drawn(books: Path, command: Command, tmp_path: Path) -> None:
    plot = tmp_path / "week.svg"

    code, shown, _ = command("show", "--week", "2026-01-21", "--json", "--plot", str(plot))

    (row,) = json.loads(shown)["workshops"]
    assert 0 == code
    assert 2 == row["movable"]
    assert row["taken_h"] == 5 * row["movable"]
    assert 0 < row["taken_h"] < row["technician_h"]
    tips = [title.text or "" for title in ElementTree.parse(plot).iter(f"{SVG}title")]  # noqa: S314  our own file
    assert 2 * row["movable"] == len(tips)
    assert all(", not agreed" in tip for tip in tips)
    assert "workshop-001" in command("show")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show"], "there are no books of SCHEDULING"),
        (["show", "--database", "FILE"], "these are not books of SCHEDULING"),
        (
            ["optimise", "--no-tell", "--database", "postgresql://u:secret@127.0.0.1:1/x"],
            "the database server cannot be used",
        ),
        (["optimise", "--no-tell", "--database", "mysql://x"], "begins with postgresql://"),
    ],
)
def test_what_cannot_be_opened_is_told_in_a_line(
    words: list[str], message: str, command: Command, tmp_path: Path
) -> None:
    wrong = tmp_path / "notes.txt"
    wrong.write_text("not a database, but long enough to be read as the beginning of one")

    code, shown, told = command(*(str(wrong) if word == "FILE" else word for word in words))

    assert (2, "") == (code, shown)
    assert message in told
    assert "secret" not in told
    assert "Traceback" not in told


def test_a_day_or_workshop_that_is_not_there_is_told(books: Path, command: Command) -> None:
    assert "'soon' is not a date" in command("show", "--week", "soon")[2]
    assert "no workshop 'garage'" in command("show", "--workshop", "garage")[2]
