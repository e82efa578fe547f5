"""Statuses folded into the rows of the live table."""

from master_orchestrator.demo.board import Board
from master_orchestrator_schemas.messages import Status, Transition
from master_orchestrator_schemas.vocabulary import Priority, Reason, State


def status(vehicle: str, seq: int, state: State, **over: object) -> Status:
    fields = {
        "workflow_id": f"{vehicle}~0",
        "vehicle_id": vehicle,
        "state": state,
        "priority": Priority.HIGH,
        "reason": None,
        "step": state.value,
        "attempt": 0,
        "attempts": 1,
        "findings": ("coolant_hot",),
        "created_at_ms": 1_000,
        "updated_at_ms": 1_000 + seq * 100,
        "seq": seq,
        "history": (Transition(at_ms=1_000, state=State.PENDING),),
        **over,
    }
    return Status(**fields)  # type: ignore[arg-type]  # mixed keywords


def test_the_newest_status_counts_whatever_the_order_it_comes_in() -> None:
    board = Board(["a"])
    assert board.apply(status("a", 3, State.DIAGNOSIS))
    assert not board.apply(status("a", 2, State.DATA_ANALYSIS))
    assert not board.apply(status("a", 3, State.DIAGNOSIS))
    assert {State.DIAGNOSIS: 1} == board.counts()
    assert 1 == board.changes


def test_vehicles_of_others_are_left_out() -> None:
    board = Board(["a"])
    assert not board.apply(status("stranger", 1, State.PENDING))
    assert () == board.rows(0)


def test_open_workflows_come_first_the_most_pressing_at_the_top() -> None:
    board = Board(["a", "b", "c", "d"])
    board.apply(status("a", 1, State.COMPLETED, priority=Priority.URGENT, reason=Reason.SERVICED))
    board.apply(status("b", 1, State.DIAGNOSIS, priority=Priority.SCHEDULED))
    board.apply(status("c", 1, State.DIAGNOSIS, priority=Priority.URGENT))
    board.apply(status("d", 9, State.FAILED, reason=Reason.CANCELLED))
    rows = board.rows(5_000)
    assert ["c", "b", "d", "a"] == [row.vehicle_id for row in rows]
    assert ["cancelled", "serviced"] == [row.reason for row in rows[2:]]


def test_an_open_workflow_ages_and_an_ended_one_does_not() -> None:
    board = Board(["a", "b"])
    board.apply(status("a", 1, State.DIAGNOSIS))
    board.apply(status("b", 5, State.COMPLETED, reason=Reason.SERVICED))
    assert {"a": 9.0, "b": 0.5} == {row.vehicle_id: row.age_s for row in board.rows(10_000)}


def test_retries_are_counted_by_entries_into_retry() -> None:
    board = Board(["a"])
    history = (Transition(at_ms=1, state=State.RETRY),)
    for seq, state in enumerate((State.DIAGNOSIS, State.RETRY, State.RETRY, State.DIAGNOSIS, State.RETRY)):
        board.apply(status("a", seq, state, history=history))
    assert 2 == board.retries
    assert board.rows(0)[0].retried


def test_faulty_vehicles_without_a_workflow_are_named() -> None:
    board = Board(["a", "b", "c"])
    board.apply(status("a", 1, State.PENDING))
    assert ("b",) == board.without_workflow(["a", "b"])


def test_the_most_telling_workflow_went_the_whole_way_with_most_to_tell() -> None:
    board = Board(["a", "b", "c"])
    assert board.most_telling() is None
    long = tuple(Transition(at_ms=number, state=State.RETRY) for number in range(9))
    board.apply(status("a", 1, State.COMPLETED, reason=Reason.NOTHING_FOUND))
    board.apply(status("b", 1, State.COMPLETED, reason=Reason.SERVICED, history=long[:7]))
    board.apply(status("c", 1, State.FAILED, reason=Reason.RETRIES_EXHAUSTED, history=long))
    telling = board.most_telling()
    assert telling is not None
    assert "b~0" == telling.workflow_id
    assert {"nothing_found": 1, "serviced": 1, "retries_exhausted": 1} == board.reasons()
