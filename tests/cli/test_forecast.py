"""`schedule forecast` on books that hold nothing, one week, and some; no broker is needed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import command_for

from master_orchestrator.cli.main import run
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.zoned import DAY_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.vocabulary import AgentType

Forecast = Callable[..., tuple[int, str, str]]

MONDAY = 1_768_208_400_000
"""12 January 2026, 10:00 in Berlin."""


def book(path: Path, days: range) -> None:
    """Two jobs of two hours a day, one of them with brake pads."""
    store = SchedulingStore(path, workshops=2)
    agent = SchedulingAgent(store)
    for day in days:
        for number in range(2):
            parts = ["pads"] if number else []
            operation = {"name": "job", "labour_hours": 2, "parts": parts}
            issued_at_ms = MONDAY + day * DAY_MS
            payload = {"priority": 3, "operations": [operation], "due_by_ms": issued_at_ms + 14 * DAY_MS}
            workflow_id = f"vehicle-{day}-{number}~1"
            agent(Task(command_for(AgentType.SCHEDULING, workflow_id, issued_at_ms=issued_at_ms, payload=payload)))
    store.close()


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "agents" / "appointments.sqlite3"


@pytest.fixture
def forecast(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Forecast:
    def runs(*words: str, day: int = 0) -> tuple[int, str, str]:
        monkeypatch.setattr("master_orchestrator.cli.forecast._now_ms", lambda: MONDAY + day * DAY_MS)
        code = run(["--data-dir", str(tmp_path), "schedule", "forecast", "--no-workflows", *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return runs


def test_empty_books_say_that_nothing_is_foretold(books: Path, forecast: Forecast) -> None:
    book(books, range(0))

    code, shown, _ = forecast("--json")

    value = json.loads(shown)
    assert 0 == code
    assert 0 == value["history_weeks"]
    assert {"expected": 0.0, "low": 0.0, "high": None} == value["workshops"][0]["weeks"][0]["hours"]
    assert "no complete week yet" in forecast()[1]


def test_one_week_of_books_gives_a_wide_interval(books: Path, forecast: Forecast) -> None:
    book(books, range(7))

    value = json.loads(forecast("--json", day=7)[1])

    (*_, of_all) = value["workshops"]
    hours = of_all["weeks"][3]["hours"]
    assert "all workshops" == of_all["workshop"]
    assert 14 < hours["expected"] < 42  # 28 h a week were booked
    assert hours["low"] < 0.6 * hours["expected"]
    assert 1.4 * hours["expected"] < hours["high"]
    assert "The books are 1 week old" in value["notes"][0]


def test_what_is_booked_counts_and_the_interval_is_around_it(books: Path, forecast: Forecast, tmp_path: Path) -> None:
    book(books, range(28))
    plots = [tmp_path / "demand.svg", tmp_path / "demand.PNG"]

    answers = [json.loads(forecast("--json", "--plot", str(plot), day=28)[1]) for plot in plots]
    value = answers[0]

    for row in value["workshops"]:
        for week in row["weeks"]:
            hours = week["hours"]
            assert hours["low"] < hours["expected"] < hours["high"]
            assert week["booked_h"] + week["open_h"] + week["new_h"] == pytest.approx(hours["expected"], abs=0.3)
            assert week["all_parts"]["expected"] == pytest.approx(week["parts"]["pads"]["expected"])
    assert [b"<?xml", b"\x89PNG\r"] == [plot.read_bytes()[:5] for plot in plots]
    shown = forecast("--workshop", "workshop-001", day=28)[1]
    assert "pads" in shown
    assert "all workshops" not in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workshop", "garage"], "there is no workshop 'garage'"),
        (["--plot", "demand.pdf"], "ends in .svg or .png"),
        (["--plot", "nowhere/demand.svg"], "there is no folder nowhere"),
        (["--weeks", "0"], "greater than or equal to 1"),
        (["--database", "missing.sqlite3"], "there are no books of SCHEDULING"),
    ],
)
def test_a_mistake_is_told_in_a_line(words: list[str], message: str, books: Path, forecast: Forecast) -> None:
    book(books, range(0))

    code, shown, told = forecast(*words)

    assert (2, "") == (code, shown)
    assert message in told
    assert "Traceback" not in told
