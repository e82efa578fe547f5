"""The demo's verdict: good only if every fault was found, everything ended, and the audit trail is clean."""

from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from support.statuses import status

from master_orchestrator.core.audit_chain import Violation
from master_orchestrator.demo.board import Board
from master_orchestrator.demo.conduct import ActorConduct
from master_orchestrator.demo.verdict import DemoVerdict
from master_orchestrator.readers.audit_verdict import AuditVerdict
from master_orchestrator.simulation.gateway import GatewayTally
from master_orchestrator_schemas.messages import ServiceDue, Transition
from master_orchestrator_schemas.vocabulary import Priority, Reason, State

CLEAN = AuditVerdict(workflows=1, records=9, violations=())
FORGED = AuditVerdict(workflows=1, records=9, violations=(Violation("a~0", 3, "edited", "its hash does not fit"),))


def board(state: State, reason: Reason | None) -> Board:
    history = (Transition(at_ms=0, state=State.PENDING), Transition(at_ms=4_000, state=state))
    board = Board(["a"])
    board.apply(
        status("a~0", state, priority=Priority.URGENT, reason=reason, attempts=5, updated_at_ms=4_000, history=history)
    )
    return board


GOOD = DemoVerdict(
    board=board(State.COMPLETED, Reason.SERVICED),
    tally=GatewayTally(sent=7, acknowledged=7),
    audit=CLEAN,
    told=(),
    conduct={"agent:DIAGNOSIS": ActorConduct(3, Counter({"read dtc_kb": 2}), denied=1, score=85.5, band="high")},
    silent=(),
    stopped=None,
    first_completed_s=11.24,
)


def text_of(verdict: DemoVerdict) -> str:
    console = Console(file=StringIO(), width=120)
    console.print(verdict.as_text())
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_good_run_says_so_with_its_figures() -> None:
    assert GOOD.good
    text = text_of(GOOD)
    assert "audit verify: 9 records of 1 workflows, whole" in text
    assert "after 11.2 s" in text
    assert "serviced 1" in text
    assert "read dtc_kb 2" in text
    assert "85.5 high" in text
    assert GOOD.as_json()["good"]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (replace(GOOD, audit=FORGED), "a~0/3 edited"),
        (replace(GOOD, board=board(State.DIAGNOSIS, None)), "still open: a~0 in DIAGNOSIS"),
        (replace(GOOD, silent=("b (abs-failed)",)), "nothing was opened for b (abs-failed)"),
        (replace(GOOD, stopped="interrupted"), "stopped early: interrupted"),
        (replace(GOOD, tally=GatewayTally(sent=7, acknowledged=6, failed=1)), "7, 6"),
    ],
)
def test_whatever_is_wrong_is_said_and_makes_the_run_a_failure(wrong: DemoVerdict, text: str) -> None:
    assert not wrong.good
    assert text in text_of(wrong)
    assert not wrong.as_json()["good"]


def test_a_failed_workflow_has_ended_too() -> None:
    assert replace(GOOD, board=board(State.FAILED, Reason.RETRIES_EXHAUSTED)).good


def test_regular_service_is_told_with_how_it_ended() -> None:
    due = ServiceDue(item="oil", due_ms=1_700_000_000_000, by="date", used=360, every=365, per_day=1.0, overdue=False)
    served = Board(["a"])
    served.apply(status("a~0", State.COMPLETED, reason=Reason.SERVICED, service=(due,)))
    assert "oil of a, due 2023-11-14: serviced" in text_of(replace(GOOD, board=served))
