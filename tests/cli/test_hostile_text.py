"""Whatever a stranger writes into a record, no command lets it steer the terminal of who looks at it."""

import json
from collections.abc import Iterator

import pytest
from rich.console import Group
from rich.text import Text
from support.dead_letter_records import dead_letter

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.letters import letter_text
from master_orchestrator.cli.main import run
from master_orchestrator.cli.output import answer, harmless_json, harmless_text
from master_orchestrator.cli.tables import plain_table
from master_orchestrator.readers import audit
from master_orchestrator.readers.dead_letters import read_letter
from master_orchestrator.readers.letter_value import LetterValue
from master_orchestrator_schemas.messages import AuditRecord, Cause
from master_orchestrator_schemas.vocabulary import Priority, State

HOSTILE = "\x1b]0;gone\x07\x9b2J\x7f\r\u202e ann"


def is_harmless(shown: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in shown)


@pytest.fixture
def operated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trail of one record, whose operator has a hostile name."""
    record = AuditRecord(
        workflow_id="car-1~0",
        vehicle_id="car-1",
        seq=0,
        at_ms=1_000,
        event="rejected",
        actor=f"operator:{HOSTILE}",
        from_state=State.FAILED,
        to_state=State.FAILED,
        priority=Priority.HIGH,
        reason=HOSTILE,
        attempt=0,
        details="{}",
        cause=Cause(topic="operator.requests", partition=0, offset=0),
        positions={},
        prev_hash="",
        hash="",
    )

    def follow(*_: object, **__: object) -> Iterator[AuditRecord]:
        return iter([record])

    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: None)
    monkeypatch.setattr(audit, "follow_audit", follow)


@pytest.mark.usefixtures("operated", "off_the_record")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_operators_name_in_the_audit_trail(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["audit", "tail", *options])
    shown = capsys.readouterr().out
    assert "ann" in shown
    assert is_harmless(shown)


def test_a_dead_letter(capsys: pytest.CaptureFixture[str]) -> None:
    letter = read_letter(dead_letter(0, 1, reason=HOSTILE))
    answer(None, lambda: letter_text(letter, [], LetterValue("json", {HOSTILE: HOSTILE}), None), as_json=False)
    shown = capsys.readouterr().out
    assert "0/1" in shown
    assert is_harmless(shown)


def test_any_text_table_or_document_of_any_command(capsys: pytest.CaptureFixture[str]) -> None:
    table = plain_table("workflow", "who")
    table.add_row(HOSTILE, Text(HOSTILE, style="red"))
    for shown in (HOSTILE, f"two\n{HOSTILE}", table, Group(Text("head"), table)):
        answer(None, lambda shown=shown: shown, as_json=False)  # type: ignore[misc]  # bound per round
        assert is_harmless(capsys.readouterr().out)
    answer({HOSTILE: HOSTILE}, lambda: "", as_json=True)
    shown = capsys.readouterr().out
    assert is_harmless(shown)
    assert {HOSTILE: HOSTILE} == json.loads(shown)


@pytest.mark.parametrize("text", ["hose [/red] leaks", "pump [bold]x", "belt :smile: off"])
def test_no_text_is_read_as_markup(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first ended `learning show` with a traceback; the others lost their brackets or colons."""
    table = plain_table("cause")
    table.add_row(text)
    answer(None, lambda: Group(text, table), as_json=False)
    assert [text, text] == [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.rstrip() != "cause"]


def test_what_can_be_read_stays_as_it_is() -> None:
    assert "Zoë 車 ~0" == harmless_text("Zoë 車 ~0") == harmless_json("Zoë 車 ~0")
    assert ["\U000e0001"] == json.loads(harmless_json('["\U000e0001"]'))
