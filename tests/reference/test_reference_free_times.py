"""The times that an owner may choose from: held while the contact waits, and the one that is chosen is booked."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.free_times import FreeTimes
from master_orchestrator_agents.reference.scheduling.store import HOLD_MS
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.results import SchedulingResult
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import AgentType, AppointmentState, Priority

MONDAY = 1_768_208_400_000
"""12 January 2026, 10:00 in Berlin."""
WAIT_MS = 2 * HOUR_MS
JOB = {"name": "job", "labour_hours": 5, "skill": "high_voltage", "bay": "high_voltage"}
"""One a day: the workshop has one technician of high voltage."""
Show = Callable[..., Sequence[Offer]]
Book = Callable[..., SchedulingResult]


@pytest.fixture
def store(database: str) -> Iterator[SchedulingStore]:
    opened = SchedulingStore(database, workshops=1)
    yield opened
    opened.close()


@pytest.fixture
def show(store: SchedulingStore, task_of: Callable[..., Task[Any]]) -> Show:
    times = FreeTimes(store)

    def run(vehicle: str = "asked", *, at_ms: int = MONDAY, attempt: int = 0, hours: float = 5) -> Sequence[Offer]:
        operation = {**JOB, "labour_hours": hours}
        task = task_of(
            AgentType.CUSTOMER_ENGAGEMENT,
            vehicle=vehicle,
            priority=Priority.SCHEDULED,
            at_ms=at_ms,
            attempt=attempt,
            operations=[operation],
        )
        return times.offers(task, task.expect(CustomerEngagementTask), at_ms + WAIT_MS)

    return run


@pytest.fixture
def book(store: SchedulingStore, task_of: Callable[..., Task[Any]]) -> Book:
    agent = SchedulingAgent(store)

    def run(vehicle: str = "asked", *, at_ms: int = MONDAY, **given: object) -> SchedulingResult:
        payload = {"operations": [JOB], "due_by_ms": MONDAY + 14 * DAY_MS, **given}
        return agent(
            task_of(AgentType.SCHEDULING, vehicle=vehicle, priority=Priority.SCHEDULED, at_ms=at_ms, **payload)
        )

    return run


def accept(book: Book, offer: Offer, at_ms: int, vehicle: str = "asked") -> SchedulingResult:
    return book(vehicle, at_ms=at_ms, chosen=offer, preferred_from_ms=offer.start_ms)


def held(store: SchedulingStore) -> int:
    with store.database.read() as sql:
        return int(sql.execute("SELECT COUNT(*) FROM appointments WHERE state = 'HELD'").fetchone()[0])


def test_what_is_shown_is_held_until_the_answer_and_the_chosen_one_is_booked(
    show: Show, book: Book, store: SchedulingStore
) -> None:
    offers = show()
    assert [MONDAY + WAIT_MS + HOLD_MS] * 3 == [offer.held_until_ms for offer in offers]

    other = book("other", at_ms=MONDAY + WAIT_MS)
    assert other.start_ms not in {offer.start_ms for offer in offers}
    accepted = accept(book, offers[1], MONDAY + WAIT_MS)

    assert (offers[1].start_ms, AppointmentState.CONFIRMED) == (accepted.start_ms, accepted.status)
    assert 0 == held(store)
    assert accepted == accept(book, offers[1], MONDAY + WAIT_MS)


def test_the_next_contact_shows_the_same_times_and_holds_them_on(show: Show, book: Book) -> None:
    first = show()
    later_ms = MONDAY + WAIT_MS

    second = show(at_ms=later_ms, attempt=1)

    assert [offer.start_ms for offer in first] == [offer.start_ms for offer in second]
    assert {later_ms + WAIT_MS + HOLD_MS} == {offer.held_until_ms for offer in second}
    book("other", at_ms=later_ms + WAIT_MS)
    assert first[2].start_ms == accept(book, first[2], later_ms + WAIT_MS).start_ms


def test_other_work_is_shown_other_times(show: Show, store: SchedulingStore) -> None:
    """The diagnosis has changed since: what is held is too short."""
    show(hours=1)

    offers = show(at_ms=MONDAY + HOUR_MS, attempt=1)

    assert [5 * HOUR_MS] * 3 == [offer.end_ms - offer.start_ms for offer in offers]
    assert 3 == held(store)


def test_no_time_is_shown_that_begins_before_the_answer_is_due(show: Show) -> None:
    assert MONDAY + WAIT_MS <= min(offer.start_ms for offer in show())


def test_a_hold_that_ran_out_is_booked_all_the_same_if_nobody_has_it(show: Show, book: Book) -> None:
    offers = show()

    accepted = accept(book, offers[1], offers[1].held_until_ms)

    assert (offers[1].start_ms, AppointmentState.CONFIRMED) == (accepted.start_ms, accepted.status)


def test_where_the_chosen_time_is_taken_another_one_is_not_called_agreed(show: Show, book: Book) -> None:
    offers = show()
    late_ms = offers[1].held_until_ms
    assert offers[1].start_ms == accept(book, offers[1], late_ms, "other").start_ms

    accepted = accept(book, offers[1], late_ms)

    assert accepted.start_ms != offers[1].start_ms
    assert AppointmentState.HELD == accepted.status


def test_a_wish_of_ones_own_gives_back_what_was_shown(show: Show, book: Book, store: SchedulingStore) -> None:
    offers = show()

    book(at_ms=MONDAY + HOUR_MS, preferred_from_ms=MONDAY + 20 * DAY_MS)

    assert 0 == held(store)
    assert offers[1].start_ms == accept(book, offers[1], MONDAY + HOUR_MS, "other").start_ms
