"""SCHEDULING under concurrency: threads and processes on one store, and nothing booked twice.

Run as a program, this file is one of the processes: ``<store> <first> <last>`` books and prints the appointments.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.vocabulary import AgentType, Priority

MONDAY = 1_768_208_400_000
DAY_MS = 86_400_000


def command(number: int) -> Command:
    """Few workshops, all wanted at the same time: the contention is the point."""
    workflow_id = f"vehicle-{number}~1"
    return Command(
        command_id=f"{workflow_id}/SCHEDULING/0/0",
        workflow_id=workflow_id,
        vehicle_id=f"vehicle-{number}",
        agent=AgentType.SCHEDULING,
        priority=Priority.SCHEDULED,
        step="SCHEDULING",
        attempt=0,
        revision=0,
        issued_at_ms=MONDAY,
        deadline_ms=MONDAY + 60_000,
        payload={
            "priority": 3,
            "operations": [{"name": "job", "labour_hours": 0.5 + number % 4}],
            "due_by_ms": MONDAY + 14 * DAY_MS,
        },
    )


def book(agent: SchedulingAgent, numbers: range) -> list[str | None]:
    return [agent(Task(command(number))).appointment_id for number in numbers]


def book_in_a_process(path: Path, numbers: range) -> list[str | None]:
    """A runner of its own: its own store object on the same file, and threads within."""
    store = SchedulingStore(path, workshops=2)
    agent = SchedulingAgent(store)
    half = len(numbers) // 2
    with ThreadPoolExecutor(2) as threads:
        parts = list(threads.map(lambda part: book(agent, part), (numbers[:half], numbers[half:])))
    store.close()
    return [appointment for part in parts for appointment in part]


def assert_nothing_overlaps(path: Path, expected: int) -> None:
    """Counted from the appointments, not from the table whose constraint prevents it."""
    connection = sqlite3.connect(path)
    for resource in ("bay_id", "technician_id"):
        spans: dict[str, list[tuple[int, int]]] = {}
        query = f"SELECT {resource}, start_ms, end_ms FROM appointments WHERE state = 'CONFIRMED' ORDER BY start_ms"  # noqa: S608  two constants
        for name, start, end in connection.execute(query):
            spans.setdefault(name, []).append((start, end))
        assert expected == sum(map(len, spans.values()))
        for of_one in spans.values():
            assert all(earlier[1] <= later[0] for earlier, later in pairwise(of_one))
    assert [(0,)] == connection.execute("SELECT COUNT(*) FROM appointments WHERE state = 'HELD'").fetchall()
    connection.close()


def test_threads_do_not_book_twice(tmp_path: Path) -> None:
    store = SchedulingStore(tmp_path / "appointments.sqlite3", workshops=2)
    agent = SchedulingAgent(store)

    with ThreadPoolExecutor(8) as threads:
        parts = threads.map(lambda start: book(agent, range(start, start + 25)), range(0, 200, 25))
        appointments = [appointment for part in parts for appointment in part]
    store.close()

    assert 200 == len(set(appointments))
    assert_nothing_overlaps(tmp_path / "appointments.sqlite3", 200)


def test_processes_do_not_book_twice_and_repeats_get_the_same(tmp_path: Path) -> None:
    """Three processes open the same new file at once; two of them are given the same commands."""
    path = tmp_path / "appointments.sqlite3"
    shares = ((0, 100), (0, 100), (100, 200))

    processes = [
        subprocess.Popen([sys.executable, __file__, path, str(start), str(stop)], stdout=subprocess.PIPE)
        for start, stop in shares
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [0, 0, 0] == [process.returncode for process in processes]
    first, repeat, other = (json.loads(output) for output in outputs)

    assert first == repeat
    assert 200 == len({*first, *other})
    assert_nothing_overlaps(path, 200)


def test_the_store_itself_refuses_a_double_booking(tmp_path: Path) -> None:
    """Whatever the agent's code does: the second row cannot be written."""
    store = SchedulingStore(tmp_path / "appointments.sqlite3", workshops=1)
    row = ("workshop-001", 1_000, "workshop-001/bay-1")

    def occupy(by: str) -> Callable[[], None]:
        def write() -> None:
            with store.database.write() as sql:
                sql.execute("INSERT INTO occupancy VALUES (?, ?, ?, ?, 0)", (*row, by))

        return write

    occupy("A-1")()
    with pytest.raises(sqlite3.IntegrityError):
        occupy("A-2")()
    with store.database.read() as sql:
        owners = sql.execute("SELECT appointment_id FROM occupancy").fetchall()
    store.close()

    assert [("A-1",)] == owners


if __name__ == "__main__":
    booked = book_in_a_process(Path(sys.argv[1]), range(int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(json.dumps(booked))
