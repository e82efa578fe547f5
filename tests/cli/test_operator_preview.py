"""What an operator asks for is shown before it is done, and closes the dead letters that it makes pointless."""

import json
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from support.dead_letter_records import dead_letter
from support.statuses import status

from master_orchestrator.cli import inspect, operate
from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.client import asking, given_up
from master_orchestrator.client.given_up import by_workflow
from master_orchestrator.ports import EngineAnswer
from master_orchestrator.readers import statuses
from master_orchestrator.readers.dead_letters import GIVEN_UP, LetterId, read_letter
from master_orchestrator.readers.open_letters import LetterFilter
from master_orchestrator_schemas.messages import Cause, OperatorRequest
from master_orchestrator_schemas.vocabulary import State

CAR = "car-1~0"
LETTER = LetterId(2, 117)
FAILED = status(CAR, State.FAILED, attempt=3, attempts=4, seq=9)


class Engine:
    """Answers every request, ``rejection`` or not."""

    def __init__(self) -> None:
        self.rejection: str | None = None
        self.asked: list[OperatorRequest] = []
        self.closed: list[LetterId] = []

    def ask(self, _kafka: object, _topology: object, request: OperatorRequest, _timeout: float) -> EngineAnswer:
        self.asked.append(request)
        return EngineAnswer(cause=Cause(topic="operator.requests", partition=0, offset=1), rejection=self.rejection)

    def close(self, _kafka: object, _topology: object, letters: Collection[LetterId], _operator: object) -> None:
        self.closed.extend(letters)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, off_the_record: None) -> Engine:
    """An engine that has given up on car-1, and left a dead letter of it."""
    fake = Engine()
    monkeypatch.setattr(Invocation, "kafka", None)
    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: None)
    monkeypatch.setattr(operate, "standing", lambda *_: (FAILED, ()))
    monkeypatch.setattr(operate, "newest_status", lambda *_: FAILED)
    monkeypatch.setattr(asking, "ask", fake.ask)
    monkeypatch.setattr(given_up, "given_up_letters", lambda *_: {CAR: [LETTER]})
    monkeypatch.setattr(given_up, "close", fake.close)
    return fake


COMMANDS = [["redrive", CAR], ["cancel", CAR, "--reason", "sold"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_without_yes_nothing_is_done(engine: Engine, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(command)
    shown = capsys.readouterr().out
    assert f"{CAR}, FAILED" in shown
    assert "Nothing was done: say --yes to do it." in shown
    assert 0 == run([*command, "--json"])
    plan: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (False, "FAILED") == (plan["acted"], plan["workflow"]["state"])
    assert ([], []) == (engine.asked, engine.closed)


@pytest.mark.parametrize("command", COMMANDS)
def test_with_yes_it_is(engine: Engine, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run([*command, "--yes", "--json"])
    done = json.loads(capsys.readouterr().out)
    assert (True, True) == (done["acted"], done["accepted"])
    assert [CAR] == [request.workflow_id for request in engine.asked]


def test_a_redrive_closes_the_dead_letters_of_its_workflow(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["redrive", CAR])
    assert "It closes the dead letters 2/117." in capsys.readouterr().out
    assert 0 == run(["redrive", CAR, "--yes"])
    assert [LETTER] == engine.closed


def test_one_that_is_rejected_closes_none(engine: Engine) -> None:
    engine.rejection = "not_redrivable"
    assert 1 == run(["redrive", CAR, "--yes"])
    assert [] == engine.closed


def test_a_cancelled_workflow_leaves_its_letters_open(engine: Engine) -> None:
    assert 0 == run(["cancel", CAR, "--reason", "sold", "--yes"])
    assert [] == engine.closed


def test_letters_belong_to_the_workflow_that_their_command_was_about() -> None:
    ids = ["car-1~0/DIAGNOSIS/3/0", "car-1~1/DIAGNOSIS/0/0", "car-1~0/FEEDBACK/1/0", ""]
    letters: Sequence[Any] = [
        read_letter(dead_letter(0, place, reason=GIVEN_UP, headers=[("ce_id", one.encode())]))
        for place, one in enumerate(ids)
    ]
    assert {CAR: [LetterId(0, 0), LetterId(0, 2)]} == by_workflow(letters, {CAR, "car-2~0"})


@pytest.mark.parametrize(
    ("letter_filter", "read"),
    [
        (LetterFilter(), [0, 1, 2, 3]),
        (LetterFilter(partitions=frozenset({2})), [2]),
        (LetterFilter(ids=frozenset({LetterId(1, 4), LetterId(3, 9)})), [1, 3]),
    ],
)
def test_only_the_partitions_that_may_hold_them_are_read(letter_filter: LetterFilter, read: list[int]) -> None:
    assert read == [partition for partition in range(4) if letter_filter.reads(partition)]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_request_is_made_about_a_workflow_that_is_not_there(
    engine: Engine, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(operate, "newest_status", inspect.newest_status)
    monkeypatch.setattr(statuses, "read_status", lambda *_: None)

    assert 1 == run([*command, "--yes"])
    assert [] == engine.asked
    assert f"no workflow {CAR}" in capsys.readouterr().err
