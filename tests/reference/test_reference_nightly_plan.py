"""The nightly plan: what is not agreed moves where that helps, everything else stays, and it says why."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.jobs import movable_jobs
from master_orchestrator_agents.reference.scheduling.optimise import PlanOutcome, PlanTerms, optimise
from master_orchestrator_agents.reference.scheduling.told import note_told, take_back, untold_moves
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import SchedulingResult
from master_orchestrator_schemas.vocabulary import AgentType, AppointmentState, Priority, ServiceEventKind

MONDAY = 1_768_208_400_000
"""12 January 2026, 10:00 in Berlin."""
Book = Callable[..., SchedulingResult]
Rows = list[tuple[Any, ...]]


@pytest.fixture
def store(database: str) -> Iterator[SchedulingStore]:
    opened = SchedulingStore(database, parts=("belt",), workshops=1)
    yield opened
    opened.close()


@pytest.fixture
def book(store: SchedulingStore, task_of: Callable[..., Task[Any]]) -> Book:
    """Jobs of five hours for the only technician of high voltage, who works eight and a half a day: one a day."""
    agent = SchedulingAgent(store, plan_ahead_ms=2 * DAY_MS)

    def run(
        vehicle: str, *, priority: Priority, due_days: int, at_ms: int = MONDAY, **given: object
    ) -> SchedulingResult:
        operation = {"name": "job", "labour_hours": 5, "skill": "high_voltage", "bay": "high_voltage"}
        payload = {"operations": [operation], "due_by_ms": MONDAY + due_days * DAY_MS, **given}
        return agent(task_of(AgentType.SCHEDULING, vehicle=vehicle, priority=priority, at_ms=at_ms, **payload))

    return run


def plan(store: SchedulingStore, *, write: bool = True) -> PlanOutcome:
    return optimise(store.database, PlanTerms(MONDAY), write=write)


def places(store: SchedulingStore) -> Rows:
    with store.database.read() as sql:
        return sql.execute(
            "SELECT workflow_id, state, bay_id, technician_id, start_ms FROM appointments ORDER BY workflow_id"
        ).fetchall()


def fill(book: Book) -> None:
    """Tuesday and Wednesday are agreed, ROUTINE work takes Thursday to Tuesday, and what is due on Saturday is late."""
    for number in range(2):
        book(f"soon-{number}", priority=Priority.SCHEDULED, due_days=5)
    for number in range(4):
        book(f"routine-{number}", priority=Priority.ROUTINE, due_days=30)
    late = book("wanted", priority=Priority.SCHEDULED, due_days=5)
    assert late.late


def test_a_late_job_gets_the_place_of_one_that_can_wait(book: Book, store: SchedulingStore) -> None:
    fill(book)

    outcome = plan(store)

    why = {move.job.workflow_id: move.why for move in outcome.moves}
    assert outcome.written
    assert "in time now" in why["wanted~1"]
    assert ["it makes room for wanted~1"] == [text for name, text in why.items() if name != "wanted~1"]
    starts = {row[0]: row[4] for row in places(store)}
    assert starts["wanted~1"] <= MONDAY + 5 * DAY_MS
    assert 7 == len(set(starts.values()))


def test_a_second_run_moves_nothing(book: Book, store: SchedulingStore) -> None:
    fill(book)
    plan(store)

    assert () == plan(store).moves


def test_without_write_it_only_tells(book: Book, store: SchedulingStore) -> None:
    fill(book)
    before = places(store)

    outcome = plan(store, write=False)

    assert outcome.moves
    assert not outcome.written
    assert before == places(store)


def test_what_is_agreed_or_held_stays(book: Book, store: SchedulingStore, task_of: Callable[..., Task[Any]]) -> None:
    fill(book)
    with store.database.write() as sql:
        sql.execute("UPDATE jobs SET agreed = 1 WHERE workflow_id <> 'wanted~1'")
        sql.execute(
            "UPDATE appointments SET state = 'HELD', held_until_ms = ? WHERE workflow_id = 'routine-0~1'",
            (MONDAY + DAY_MS,),
        )
    before = places(store)

    assert () == plan(store).moves
    assert before == places(store)


def test_a_time_that_the_owner_chose_stays(book: Book, store: SchedulingStore) -> None:
    _, free, _ = book("first", priority=Priority.ROUTINE, due_days=30).offers

    chosen = book("second", priority=Priority.ROUTINE, due_days=30, chosen=free)

    assert (free.start_ms, AppointmentState.CONFIRMED) == (chosen.start_ms, chosen.status)
    with store.database.read() as sql:
        assert ["first~1"] == [job.workflow_id for job in movable_jobs(sql, MONDAY)]


def test_the_moved_job_is_answered_with_its_new_place(book: Book, store: SchedulingStore) -> None:
    """To a command that comes again after the move."""
    fill(book)
    plan(store)

    again = book("wanted", priority=Priority.SCHEDULED, due_days=5)

    starts = {row[0]: row[4] for row in places(store)}
    assert AppointmentState.HELD == again.status
    assert starts["wanted~1"] == again.start_ms


def test_books_that_changed_meanwhile_are_left_alone(
    book: Book, store: SchedulingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(book)
    write = store.database.write

    def agreed_just_before() -> Any:
        monkeypatch.undo()
        with write() as sql:
            sql.execute("UPDATE jobs SET agreed = 1 WHERE workflow_id = 'wanted~1'")
        return write()

    monkeypatch.setattr(store.database, "write", agreed_just_before)
    outcome = plan(store)

    assert outcome.moves
    assert not outcome.written


def test_a_move_waits_for_the_parts_and_for_the_owner(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("UPDATE parts SET on_hand = 0, lead_ms = ?", (3 * DAY_MS,))
    for number in range(6):
        book(f"routine-{number}", priority=Priority.ROUTINE, due_days=30)
    operation = {"name": "job", "labour_hours": 5, "skill": "high_voltage", "bay": "high_voltage", "parts": ["belt"]}
    book("wanted", priority=Priority.SCHEDULED, due_days=2, operations=[operation])

    plan(store)

    starts = {row[0]: row[4] for row in places(store)}
    assert MONDAY + 3 * DAY_MS <= starts["wanted~1"] < MONDAY + 4 * DAY_MS + 8 * HOUR_MS


def test_each_move_is_told_until_it_is_accepted(book: Book, store: SchedulingStore) -> None:
    """The engine hears the present place of each, under one id however often it is told."""
    fill(book)
    moves = {move.job.workflow_id: move for move in plan(store).moves}

    with store.database.read() as sql:
        events = untold_moves(sql, MONDAY)
        assert events == untold_moves(sql, MONDAY)
    assert set(moves) == {event.workflow_id for event in events}
    for event in events:
        after = moves[event.workflow_id].after
        assert (ServiceEventKind.MOVED, after.start_ms, after.end_ms) == (event.kind, event.start_ms, event.end_ms)
        assert moves[event.workflow_id].why == event.note

    with store.database.write() as sql:
        note_told(sql, events[:1])
        assert events[1:] == untold_moves(sql, MONDAY)
        assert [] == untold_moves(sql, MONDAY + 60 * DAY_MS)


def test_a_move_that_is_refused_is_taken_back_and_not_tried_again(book: Book, store: SchedulingStore) -> None:
    fill(book)
    before = places(store)
    plan(store)

    with store.database.write() as sql:
        assert [] == take_back(sql, untold_moves(sql, MONDAY), MONDAY)

    assert before == places(store)
    with store.database.read() as sql:
        assert [] == untold_moves(sql, MONDAY)
    again = plan(store)
    assert not {"wanted~1"} & {move.job.workflow_id for move in again.moves}


def test_a_refused_move_gives_up_an_appointment_whose_place_is_taken(book: Book, store: SchedulingStore) -> None:
    """The engine is told, so that it books again; what took the place keeps it."""
    fill(book)
    moves = {move.job.workflow_id: move for move in plan(store).moves}
    (yielding,) = moves.keys() - {"wanted~1"}

    with store.database.write() as sql:
        events = {event.workflow_id: event for event in untold_moves(sql, MONDAY)}
        note_told(sql, [events["wanted~1"]])
        (given_up,) = take_back(sql, [events[yielding]], MONDAY)

    assert (ServiceEventKind.CANCELLED, yielding) == (given_up.kind, given_up.workflow_id)
    stands = {row[0]: (row[1], row[4]) for row in places(store)}
    assert "CANCELLED" == stands[yielding][0]
    assert ("CONFIRMED", moves["wanted~1"].after.start_ms) == stands["wanted~1"]
    with store.database.read() as sql:
        assert (7 * 10 - 10) * 2 == sql.execute("SELECT COUNT(*) FROM occupancy").fetchone()[0]
