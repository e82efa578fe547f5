"""SCHEDULING: when and where, what is kept free, and that a command has one appointment."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.errors import PermanentError, RetryableError
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.boards import BookingBoard, earliest
from master_orchestrator_agents.reference.scheduling.opening import WorkDay
from master_orchestrator_agents.reference.scheduling.optimise import PlanTerms, optimise
from master_orchestrator_agents.reference.scheduling.parts import stock
from master_orchestrator_agents.reference.scheduling.store import HOLD_MS, end_workflow_appointments
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.results import SchedulingResult
from master_orchestrator_schemas.vocabulary import AgentType, AppointmentState, Priority

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = 1_768_208_400_000
"""12 January 2026, 10:00 in Berlin."""
DUE = {Priority.URGENT: 24, Priority.HIGH: 48, Priority.SCHEDULED: 14 * 24, Priority.ROUTINE: 90 * 24}
Book = Callable[..., SchedulingResult]


def local(at_ms: int | None) -> datetime:
    assert at_ms is not None
    return datetime.fromtimestamp(at_ms / 1000, BERLIN)


def job(hours: float = 1.0, **more: object) -> dict[str, object]:
    return {"name": "job", "labour_hours": hours, **more}


@pytest.fixture
def store(database: str) -> Iterator[SchedulingStore]:
    opened = SchedulingStore(database, parts=("belt",), workshops=2)
    yield opened
    opened.close()


@pytest.fixture
def book(store: SchedulingStore, task_of: Callable[..., Task[Any]]) -> Book:
    return booking(SchedulingAgent(store), task_of)


def booking(agent: SchedulingAgent, task_of: Callable[..., Task[Any]]) -> Book:
    def run(
        vehicle: str = "vehicle-1", *, priority: Priority = Priority.SCHEDULED, at_ms: int = MONDAY, **given: object
    ) -> SchedulingResult:
        payload = {"operations": [job()], "due_by_ms": at_ms + DUE[priority] * HOUR_MS, **given}
        return agent(task_of(AgentType.SCHEDULING, vehicle=vehicle, priority=priority, at_ms=at_ms, **payload))

    return run


def states(store: SchedulingStore) -> list[tuple[str, str]]:
    with store.database.read() as sql:
        return sql.execute("SELECT vehicle_id, state FROM appointments ORDER BY vehicle_id, start_ms").fetchall()


@pytest.mark.parametrize("priority", list(Priority))
def test_an_appointment_is_in_time_and_within_opening_hours(book: Book, priority: Priority) -> None:
    result = book(priority=priority)
    start, end = local(result.start_ms), local(result.end_ms)

    assert AppointmentState.CONFIRMED == result.status
    assert result.start_ms is not None
    assert MONDAY <= result.start_ms <= MONDAY + DUE[priority] * HOUR_MS
    assert 1.0 == (end - start).total_seconds() / 3600
    assert (7, 30) <= (start.hour, start.minute)
    assert end.hour < 18 or (end.hour, end.minute) == (18, 0)
    assert start.weekday() < 6
    assert (result.model_extra or {})["late"] is False


def test_three_offers_are_held_and_the_others_given_back(book: Book, store: SchedulingStore) -> None:
    result = book()

    assert 3 == len(result.offers)
    assert {MONDAY + HOLD_MS} == {offer.held_until_ms for offer in result.offers}
    assert 3 == len({(offer.workshop_id, offer.start_ms) for offer in result.offers})
    assert [("vehicle-1", "CONFIRMED")] == states(store)


def test_offers_are_held_while_the_customer_chooses(store: SchedulingStore, task_of: Callable[..., Task[Any]]) -> None:
    seen: list[list[tuple[str, str]]] = []

    def choose(offers: Sequence[Offer]) -> int:
        seen.append(states(store))
        return len(offers) - 1

    result = booking(SchedulingAgent(store, choose), task_of)()

    assert [[("vehicle-1", "HELD")] * 3] == seen
    assert result.offers[-1].start_ms == result.start_ms


def test_a_hold_that_ran_out_is_given_to_others(store: SchedulingStore, task_of: Callable[..., Task[Any]]) -> None:
    """While the customer sleeps over it, 15 minutes pass and somebody else books: this one has to try again."""

    def dawdle(offers: Sequence[Offer]) -> int:
        booking(SchedulingAgent(store), task_of)("vehicle-2", at_ms=offers[0].held_until_ms)
        return 0

    with pytest.raises(RetryableError, match="hold"):
        booking(SchedulingAgent(store, dawdle), task_of)()
    assert [("vehicle-2", "CONFIRMED")] == states(store)


def test_a_crash_between_hold_and_confirmation_leaves_nothing_behind(
    store: SchedulingStore, task_of: Callable[..., Task[Any]], book: Book
) -> None:
    def crash(offers: Sequence[Offer]) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        booking(SchedulingAgent(store, crash), task_of)()
    assert 3 == len(states(store))

    book()  # the same command again, within the 15 minutes

    assert [("vehicle-1", "CONFIRMED")] == states(store)


def test_two_runners_with_one_command_at_once_answer_the_same(
    store: SchedulingStore, task_of: Callable[..., Task[Any]], book: Book
) -> None:
    """The second takes up what the first holds, though by now there is something sooner; the first then confirms."""
    before = [book(f"vehicle-{number}") for number in range(2, 22)]
    holding, confirmed = threading.Event(), threading.Event()

    def wait(offers: Sequence[Offer]) -> int:
        holding.set()
        assert confirmed.wait(30)
        return 0

    with ThreadPoolExecutor(1) as other_runner:
        others: list[Future[SchedulingResult]] = []

        def meanwhile(offers: Sequence[Offer]) -> int:
            with store.database.write() as sql:
                for number in range(2, 22):
                    end_workflow_appointments(sql, f"vehicle-{number}~1", AppointmentState.CANCELLED)
            others.append(other_runner.submit(booking(SchedulingAgent(store, wait), task_of)))
            assert holding.wait(30)
            return 0

        try:
            first = booking(SchedulingAgent(store, meanwhile), task_of)()
        finally:
            confirmed.set()

    assert first == others[0].result()
    assert min(each.start_ms or 0 for each in before) < (first.start_ms or 0)
    assert [("vehicle-1", "CONFIRMED")] == [each for each in states(store) if each[1] != "CANCELLED"]


def test_the_same_command_has_the_same_appointment(book: Book, store: SchedulingStore) -> None:
    first = book()

    assert first == book()
    assert 1 == len(states(store))


def test_a_retry_and_a_revision_find_the_appointment_that_stands(book: Book, store: SchedulingStore) -> None:
    """Whichever reply wins in the engine, it names the same appointment."""
    first = book()

    assert first == book(attempt=1)
    assert first == book(revision=1, priority=Priority.HIGH)
    assert 1 == len(states(store))


def test_a_rebooking_is_booked_once_whatever_its_revision(book: Book) -> None:
    """The engine takes the first reply: a second booking would move what the workflow has been told of."""
    replaced = book().appointment_id

    first = book(attempt=1, replaces=replaced, rebook_reason="no_show")

    assert first == book(attempt=1, revision=1, priority=Priority.HIGH, replaces=replaced, rebook_reason="no_show")
    assert first == book(attempt=2, replaces=replaced, rebook_reason="no_show")


def test_revisions_that_run_at_once_book_once(
    store: SchedulingStore, task_of: Callable[..., Task[Any]], book: Book
) -> None:
    """While one holds its offers, the other confirms."""
    other: list[SchedulingResult] = []

    def meanwhile(offers: Sequence[Offer]) -> int:
        other.append(book(revision=1, priority=Priority.HIGH))
        return 0

    first = booking(SchedulingAgent(store, meanwhile), task_of)()

    assert [first] == other
    assert [("vehicle-1", "CONFIRMED")] == states(store)


@pytest.mark.parametrize(
    ("reason", "ended"), [("no_show", "NO_SHOW"), ("service_cancelled", "CANCELLED"), ("parts_missing", "RESCHEDULED")]
)
def test_a_replaced_appointment_frees_its_place(book: Book, store: SchedulingStore, reason: str, ended: str) -> None:
    first = book()

    second = book(attempt=1, replaces=first.appointment_id, rebook_reason=reason)

    assert first.appointment_id != second.appointment_id
    assert {ended, "CONFIRMED"} == {state for _, state in states(store)}
    with store.database.read() as sql:
        owners = {row[0] for row in sql.execute("SELECT DISTINCT appointment_id FROM occupancy")}
    assert {second.appointment_id} == owners


def test_a_preferred_day_is_kept_even_beyond_the_due_time(book: Book) -> None:
    preferred_ms = MONDAY + 20 * DAY_MS

    assert preferred_ms <= (book(preferred_from_ms=preferred_ms).start_ms or 0) <= preferred_ms + 3 * DAY_MS


def test_nothing_is_booked_on_sundays_and_public_holidays(book: Book) -> None:
    """Good Friday to Easter Monday 2026: 3 to 6 April; Saturday is open."""
    thursday_evening = int(datetime(2026, 4, 2, 19, 0, tzinfo=BERLIN).timestamp() * 1000)

    days = {
        local(book(f"vehicle-{number}", priority=Priority.HIGH, at_ms=thursday_evening).start_ms).day
        for number in range(4)
    }

    assert {4} == days


def test_parts_that_are_not_there_delay_all_but_urgent(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("UPDATE parts SET on_hand = 0, lead_ms = ?", (5 * DAY_MS,))
    needs = [job(parts=["belt"])]

    planned = book("vehicle-1", operations=needs)
    urgent = book("vehicle-2", operations=needs, priority=Priority.URGENT)

    assert (planned.start_ms or 0) >= MONDAY + 5 * DAY_MS
    assert (urgent.start_ms or 0) <= MONDAY + DAY_MS


def test_parts_are_reserved_then_used_and_ordered_again(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("UPDATE parts SET on_hand = 1, lead_ms = ?", (2 * DAY_MS,))
    book("vehicle-1", operations=[job(parts=["belt"])])

    def shelf() -> list[tuple[int, int, int, int | None]]:
        with store.database.read() as sql:
            return [(each.on_hand, each.reserved, each.ordered, each.due_ms) for each in stock(sql)]

    assert [(1, 1, 1, MONDAY + 2 * DAY_MS)] == shelf()
    book("vehicle-2", at_ms=MONDAY + 3 * DAY_MS)
    with store.database.read() as sql:
        assert [(1,), (1,)] == sql.execute("SELECT on_hand FROM parts").fetchall()
    assert [] == shelf()


def test_the_last_part_is_promised_once_and_an_order_on_its_way_is_used(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("UPDATE parts SET on_hand = 1, lead_ms = ?", (4 * DAY_MS,))
        sql.execute("DELETE FROM opening_hours WHERE workshop_id = 'workshop-002'")
    needs = [job(parts=["belt"])]

    first = book("vehicle-1", operations=needs)
    second = book("vehicle-2", at_ms=MONDAY + DAY_MS, operations=needs)

    assert (first.start_ms or 0) <= MONDAY + 2 * DAY_MS
    assert MONDAY + 4 * DAY_MS <= (second.start_ms or 0) < MONDAY + 5 * DAY_MS


def test_what_a_cancelled_job_had_reserved_is_free_again(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("UPDATE parts SET on_hand = 1, lead_ms = ?", (9 * DAY_MS,))
        sql.execute("DELETE FROM opening_hours WHERE workshop_id = 'workshop-002'")
    needs = [job(parts=["belt"])]
    book("vehicle-1", operations=needs)
    with store.database.write() as sql:
        end_workflow_appointments(sql, "vehicle-1~1", AppointmentState.CANCELLED)

    assert (book("vehicle-2", operations=needs).start_ms or 0) <= MONDAY + 2 * DAY_MS


def test_a_fast_technician_takes_fewer_hours(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("UPDATE productivity SET factor = 2.0 WHERE technician_id LIKE '%/tech-4'")

    result = book(operations=[job(4, skill="high_voltage", bay="high_voltage")])

    assert 2 * HOUR_MS == (result.end_ms or 0) - (result.start_ms or 0)


def test_shifts_absences_and_closures_are_kept(book: Book, store: SchedulingStore) -> None:
    """The only technician for high voltage: away until Wednesday noon, then the workshop is closed for two days."""
    with store.database.write() as sql:
        sql.execute("DELETE FROM opening_hours WHERE workshop_id = 'workshop-002'")
        sql.execute("INSERT INTO absences VALUES ('workshop-001/tech-4', ?, ?)", (MONDAY, MONDAY + 50 * HOUR_MS))
        sql.execute("INSERT INTO closures VALUES ('workshop-001', '2026-01-14')")
        sql.execute("INSERT INTO closures VALUES ('workshop-001', '2026-01-15')")

    start = local(book(operations=[job(2, skill="high_voltage", bay="high_voltage")]).start_ms)

    assert (16, 9, 30) == (start.day, start.hour, start.minute)  # Friday, at the beginning of the late shift


SATURDAY_EVENING = MONDAY + 5 * DAY_MS + 10 * HOUR_MS
"""17 January 2026, 20:00 in Berlin."""


def test_urgent_on_saturday_evening_goes_to_the_workshop_on_call(book: Book) -> None:
    result = book(priority=Priority.URGENT, at_ms=SATURDAY_EVENING, safe_to_drive=False)

    assert SATURDAY_EVENING == result.start_ms
    assert "workshop-001/tech-3" == result.technician
    assert result.tow
    assert not result.late


def test_an_on_call_night_goes_on_past_midnight(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("UPDATE on_call SET to_min = ? WHERE weekday = 5", (30 * 60,))
        sql.execute("DELETE FROM on_call WHERE weekday = 6")

    result = book(priority=Priority.URGENT, at_ms=SATURDAY_EVENING + 6 * HOUR_MS)

    assert SATURDAY_EVENING + 6 * HOUR_MS == result.start_ms


def test_urgent_without_a_workshop_on_call_is_towed_and_called_late(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        sql.execute("DELETE FROM on_call")

    result = book(priority=Priority.URGENT, at_ms=SATURDAY_EVENING)

    assert result.tow
    assert result.late


def test_only_urgent_work_uses_the_on_call_hours(book: Book) -> None:
    result = book(priority=Priority.HIGH, at_ms=SATURDAY_EVENING)

    assert 0 == local(result.start_ms).weekday()


def test_a_share_is_kept_for_urgent(tmp_path: Path, task_of: Callable[..., Task[Any]]) -> None:
    store = SchedulingStore(tmp_path / "one.sqlite3", workshops=1)
    book = booking(SchedulingAgent(store), task_of)
    number = 0
    while not (book(f"planned-{number}", priority=Priority.HIGH).model_extra or {})["late"]:
        number += 1

    urgent = book("urgent", priority=Priority.URGENT)
    store.close()

    assert number > 50
    assert local(urgent.start_ms).date() == local(MONDAY).date()


def test_what_can_wait_leaves_high_a_share_of_each_day(tmp_path: Path, task_of: Callable[..., Task[Any]]) -> None:
    store = SchedulingStore(tmp_path / "one.sqlite3", workshops=1)
    book = booking(SchedulingAgent(store), task_of)
    for number in range(300):
        book(f"planned-{number}")

    high = book("high", priority=Priority.HIGH)
    store.close()

    assert (high.model_extra or {})["late"] is False


@pytest.mark.parametrize("priority", list(Priority))
def test_a_job_that_takes_more_of_a_day_than_is_not_kept_has_a_place(book: Book, priority: Priority) -> None:
    """The only technician of high voltage works eight and a half hours a day."""
    result = book(priority=priority, operations=[job(8, skill="high_voltage", bay="high_voltage")])

    assert AppointmentState.CONFIRMED == result.status


def test_no_place_is_an_answer_and_is_asked_for_again(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        hours = sql.execute("SELECT * FROM opening_hours").fetchall()
        sql.execute("DELETE FROM opening_hours")
    none = book()
    assert none.no_place

    with store.database.write() as sql:
        sql.executemany("INSERT INTO opening_hours VALUES (?, ?, ?, ?)", hours)

    again = book(attempt=1, at_ms=MONDAY + HOUR_MS)
    assert not again.no_place
    assert AppointmentState.CONFIRMED == again.status


def test_what_waits_for_a_place_gets_one_from_the_nightly_plan(book: Book, store: SchedulingStore) -> None:
    with store.database.write() as sql:
        hours = sql.execute("SELECT * FROM opening_hours").fetchall()
        sql.execute("DELETE FROM opening_hours")
    book()
    with store.database.write() as sql:
        sql.executemany("INSERT INTO opening_hours VALUES (?, ?, ?, ?)", hours)

    (move,) = optimise(store.database, PlanTerms(MONDAY + HOUR_MS), write=True).moves

    again = book(attempt=1, at_ms=MONDAY + 2 * HOUR_MS)
    assert "it waited for a place" == move.why
    assert move.after.start_ms == again.start_ms


def test_a_skill_that_nobody_has_is_permanent(book: Book) -> None:
    with pytest.raises(PermanentError, match="sorcery"):
        book(operations=[job(skill="sorcery")])


def test_a_job_longer_than_a_day_goes_on_the_next_day(book: Book, store: SchedulingStore) -> None:
    result = book(operations=[job(14)])

    start, end = local(result.start_ms), local(result.end_ms)
    assert (start.hour, start.minute) in {(7, 30), (9, 30)}
    assert (end.date() - start.date()).days in {1, 2, 3}
    with store.database.read() as sql:
        (slots,) = sql.execute("SELECT COUNT(*) FROM occupancy WHERE resource_id = ?", (result.technician,)).fetchone()
    assert slots in {26, 28}  # 14 hours at productivity 1 or 1.1


def test_the_technician_has_the_skill_and_the_bay_the_type(book: Book, store: SchedulingStore) -> None:
    result = book(operations=[job(2, skill="high_voltage", bay="high_voltage")])

    workshop = next(w for w in store.network if w.workshop_id == result.workshop_id)
    assert "high_voltage" in workshop.technicians[result.technician or ""].skills
    assert "high_voltage" == workshop.bays[result.bay or ""]


masks = st.integers(0, (1 << 21) - 1)


@given(
    busy=st.dictionaries(st.sampled_from(["b1", "b2", "t1", "t2"]), masks),
    at_work=st.fixed_dictionaries({"t1": masks, "t2": masks}),
    length=st.integers(1, 21),
    not_before=st.integers(90, 130),
)
def test_the_first_fit_is_the_one_that_counting_finds(
    busy: dict[str, int], at_work: dict[str, int], length: int, not_before: int
) -> None:
    slots = range(100, 121)

    def is_free(resource: str, start: int) -> bool:
        mask = at_work.get(resource, (1 << 21) - 1) & ~busy.get(resource, 0)
        return all(slot in slots and mask >> (slot - 100) & 1 for slot in range(start, start + length))

    counted = [
        (start, bay, person)
        for start in range(max(not_before, 100), 121)
        for bay in ("b1", "b2")
        for person in ("t1", "t2")
        if is_free(bay, start) and is_free(person, start)
    ]

    assert (counted[0] if counted else None) == earliest(
        BookingBoard(WorkDay(slots, (1 << 21) - 1, at_work), busy, {}),
        {"t1": length, "t2": length},
        not_before,
        ["b1", "b2"],
    )
