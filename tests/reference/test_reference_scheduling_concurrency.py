"""SCHEDULING under concurrency, on SQLite and PostgreSQL: threads and killed processes, and nothing booked twice.

The same with 2,000 bookings: ``python bench scheduling double-booking``.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from bench_suite.scheduling.double_booking import WORKSHOPS, book, book_at_once, overlaps

from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore


def assert_booked_once(where: str, expected: int) -> None:
    store = SchedulingStore(where)
    with store.database.read() as sql:
        states = sql.execute("SELECT state, COUNT(*) FROM appointments GROUP BY state").fetchall()
        taken = sql.execute("SELECT COUNT(DISTINCT appointment_id) FROM occupancy").fetchone()
    assert 0 == overlaps(store.database)
    store.close()
    assert [("CONFIRMED", expected)] == states
    assert (expected,) == taken


def test_threads_do_not_book_twice(database: str) -> None:
    store = SchedulingStore(database, workshops=WORKSHOPS)
    agent = SchedulingAgent(store)

    with ThreadPoolExecutor(8) as threads:
        appointments = list(threads.map(lambda number: book(agent, number), range(80)))
    store.close()

    assert 80 == len(set(appointments))
    assert_booked_once(database, 80)


def test_processes_that_are_killed_do_not_book_twice(database: str) -> None:
    """Four open the same empty database at once; one is killed, and given the same commands again."""
    appointments = book_at_once(database, 40, processes=4, kills=[0])

    assert 40 == len(set(appointments))
    assert_booked_once(database, 40)


def test_the_store_itself_refuses_a_double_booking(database: str) -> None:
    """Whatever the agent's code does: the second row cannot be written."""
    store = SchedulingStore(database, workshops=1)
    row = ("workshop-001", 1_000, "workshop-001/bay-1")

    def occupy(by: str) -> Callable[[], None]:
        def write() -> None:
            with store.database.write() as sql:
                sql.execute("INSERT INTO occupancy VALUES (?, ?, ?, ?, 0)", (*row, by))

        return write

    occupy("A-1")()
    with pytest.raises(Exception, match=r"(?i)unique"):  # sqlite3.IntegrityError, psycopg.errors.UniqueViolation
        occupy("A-2")()
    with store.database.read() as sql:
        owners = sql.execute("SELECT appointment_id FROM occupancy").fetchall()
    store.close()

    assert [("A-1",)] == owners
