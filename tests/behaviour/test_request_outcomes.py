"""What the command line says of a request to the judge, and how it ends."""

import msgspec
import pytest

from master_orchestrator.cli.conduct import outcome_of
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
