"""What the command line says of a request to the judge, and how it ends."""

import msgspec
import pytest

from master_orchestrator.cli.conduct import outcome_of
from master_orchestrator.cli.main import run
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator_schemas.messages import ActorRecord, Cause


@pytest.mark.parametrize(
    ("event", "details", "text", "code"),
    [
        ("request_refused", {"why": "v is not controlled"}, "Refused: v is not controlled", ExitCode.MISTAKE),
        ("control_released", {}, "control released: agent:DIAGNOSIS", ExitCode.DONE),
    ],
)
def test_a_refused_request_is_on_the_record_and_a_mistake(
    event: str, details: dict[str, str], text: str, code: ExitCode
) -> None:
    record = ActorRecord(
        actor="agent:DIAGNOSIS", seq=3, at_ms=0, event=event, by="operator:ada", finding_id=None, score=0.0,
        band="quiet", details=msgspec.json.encode(details).decode(), cause=Cause(topic="t", partition=0, offset=0),
        positions={}, prev_hash="", hash="",
    )  # fmt: skip

    assert (f"{text} (on the record as agent:DIAGNOSIS/3, by operator:ada)", code) == outcome_of(record)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["release", "nobody"], "'nobody' names no actor: write agent:NAME"),
        (["ack", "wizard:merlin/0", "--benign"], "'wizard:merlin' names no actor"),
        (["release", f"operator:{'x' * 300}"], "the actor's name has 309 characters"),
        (["window", "agent:FEEDBACK", "--for", "400d"], "--for: 400d is too long; write 366d at most"),
    ],
)
def test_what_the_judge_could_not_answer_is_told_before_it_is_asked(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ExitCode.MISTAKE == run(["ueba", *words, "--reason", "a drill"])
    assert text in capsys.readouterr().err
