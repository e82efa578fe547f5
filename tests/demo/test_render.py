"""What the demo shows: the live table, the plain line, a timeline."""

import pytest
from rich.console import Console, RenderableType

from master_orchestrator.demo.board import Board
from master_orchestrator.demo.render import Pulse, live_view, progress_line, timeline
from master_orchestrator_schemas.messages import AuditRecord, Cause, Status, Transition
from master_orchestrator_schemas.vocabulary import Priority, Reason, State

PULSE = Pulse(elapsed_s=3.25, readings=12_345, readings_per_s=800.4, changes_per_s=12.0)


def workflow(vehicle: str, state: State, **over: object) -> Status:
    fields = {
        "workflow_id": f"{vehicle}~0",
        "vehicle_id": vehicle,
        "state": state,
        "priority": Priority.URGENT,
        "reason": None,
        "step": "DIAGNOSIS",
        "attempt": 1,
        "attempts": 4,
        "findings": ("abs_error",),
        "created_at_ms": 0,
        "updated_at_ms": 0,
        "seq": 1,
        "history": (Transition(at_ms=0, state=State.RETRY),),
        **over,
    }
    return Status(**fields)  # type: ignore[arg-type]  # mixed keywords


def record(seq: int, before: State | None, after: State, **over: object) -> AuditRecord:
    fields = {
        "workflow_id": "demo-1~0",
        "vehicle_id": "demo-1",
        "seq": seq,
        "at_ms": 10_000 + seq * 250,
        "event": "state_changed",
        "actor": "engine",
        "from_state": before,
        "to_state": after,
        "priority": Priority.HIGH,
        "reason": "reply",
        "attempt": 0,
        "details": "{}",
        "cause": Cause(topic="agent.replies", partition=0, offset=seq),
        "positions": {},
        "prev_hash": "0" * 64,
        "hash": "1" * 64,
        **over,
    }
    return AuditRecord(**fields)  # type: ignore[arg-type]  # mixed keywords


def text_of(renderable: RenderableType, width: int = 140) -> str:
    console = Console(width=width, record=True, force_terminal=False, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - a sink
    with console.file:
        console.print(renderable)
    return console.export_text()


@pytest.fixture
def board() -> Board:
    board = Board(["demo-1", "demo-2", "demo-3"])
    board.apply(workflow("demo-1", State.RETRY))
    board.apply(workflow("demo-2", State.COMPLETED, reason=Reason.SERVICED, priority=Priority.HIGH))
    board.apply(workflow("demo-3", State.COMPLETED, reason=Reason.DECLINED, priority=Priority.HIGH))
    return board


def test_the_live_table_says_what_is_broken_and_where_it_stands(board: Board) -> None:
    lines = text_of(live_view(board, PULSE, 19_000, 10, {"demo-1": "abs-failed"})).splitlines()
    assert ["demo-1", "abs-failed", "abs_error", "RETRY", "DIAGNOSIS", "URGENT", "4", "19.0"] == lines[1].split()[:8]
    assert "COMPLETED (serviced)" in text_of(live_view(board, PULSE, 0, 10, {}))


def test_what_does_not_fit_is_counted(board: Board) -> None:
    shown = text_of(live_view(board, PULSE, 0, 1, {}))
    assert "demo-1" in shown
    assert "demo-2" not in shown
    assert "and 2 more" in shown


def test_a_narrow_terminal_still_shows_vehicle_and_state(board: Board) -> None:
    shown = text_of(live_view(board, PULSE, 0, 10, {"demo-1": "coolant-sensor-shorted"}), width=80)
    assert "demo-1" in shown
    assert "RETRY DIAGNOSIS" in shown


def test_the_plain_line_has_the_counts_per_state_and_the_rates(board: Board) -> None:
    line = progress_line(board, PULSE)
    assert "12,345 readings (800/s)" in line
    assert "1 retries" in line
    assert "COMPLETED 2, RETRY 1" in line
    assert "no workflow yet" in progress_line(Board([]), PULSE)


def test_a_timeline_counts_from_the_opening_and_names_who_and_why() -> None:
    trail = [record(0, None, State.PENDING, actor="gateway"), record(1, State.PENDING, State.DATA_ANALYSIS)]
    lines = text_of(timeline(trail)).splitlines()
    assert "timeline of demo-1~0, HIGH" == lines[0].strip()
    assert ["0", "0.000", "PENDING", "gateway", "reply"] == lines[2].split()
    assert ["1", "0.250", "DATA_ANALYSIS", "engine", "reply"] == lines[3].split()


def test_a_narrow_terminal_breaks_no_word_of_a_timeline() -> None:
    by = "agent:CUSTOMER_ENGAGEMENT@customer-engagement-runner"
    trail = [record(0, State.URGENCY_ASSESSMENT, State.CUSTOMER_ENGAGEMENT, actor=by, reason="repair_confirmed")]
    narrow, wide = (text_of(timeline(trail), width=width).splitlines()[2:] for width in (80, 200))
    assert [["0", "0.000", "CUSTOMER_ENGAGEMENT", "agent:CUSTOMER_ENGAGEMENT", "repair_confirmed"]] == [
        line.split() for line in narrow
    ]
    assert [["0", "0.000", "CUSTOMER_ENGAGEMENT", by, "repair_confirmed"]] == [line.split() for line in wide]
