"""Several processes book at once while one after another is killed; then it is counted whether anything overlaps.

Run as a program, this file is one of the processes: ``<file or URL> <first> <last>`` books and prints each appointment.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.sql import AgentDatabase
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.vocabulary import AgentType, Priority

MONDAY_MS = 1_768_208_400_000
"""12 January 2026, 10:00 in Berlin."""
DAY_MS = 86_400_000
BENCH = Path(__file__).parents[2]
WORKSHOPS = 3
"""Few, and all wanted at the same time: the contention is the point."""


def command(number: int) -> Command:
    """The booking of one vehicle."""
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
        issued_at_ms=MONDAY_MS,
        deadline_ms=MONDAY_MS + 60_000,
        payload={
            "priority": 3,
            "operations": [{"name": "job", "labour_hours": 0.5 + number % 4}],
            "due_by_ms": MONDAY_MS + 14 * DAY_MS,
        },
    )


def book(agent: SchedulingAgent, number: int) -> str | None:
    """The appointment of one vehicle."""
    return agent(Task(command(number))).appointment_id


class BookingError(Exception):
    """The trial has failed."""


@dataclass
class BookingProcess:
    """One process that books a range of vehicles; started again, it is given the same commands."""

    where: str
    numbers: range
    booked: list[str] = field(default_factory=list)

    def start(self) -> "BookingProcess":
        """Start it, from its first command on."""
        environment = {**os.environ, "PYTHONPATH": f"{BENCH}:{os.environ.get('PYTHONPATH', '')}"}
        words = [sys.executable, __file__, self.where, str(self.numbers.start), str(self.numbers.stop)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        self.booked = []
        return self

    def kill_after(self, count: int) -> "BookingProcess":
        """Kill it once it has booked that many, in the middle of the next ones, and start it again."""
        lines = iter(self._process.stdout or ())
        before = [next(lines).strip() for _ in range(count)]
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()
        self.start().finish()
        if before != self.booked[: len(before)]:
            raise BookingError("a command that was answered was answered differently after the kill")
        return self

    def finish(self) -> list[str]:
        """Wait for its end; the appointments, in the order of the commands."""
        output, _ = self._process.communicate(timeout=600)
        if self._process.returncode:
            raise BookingError(f"a booking process ended with {self._process.returncode}")
        self.booked = output.split()
        return self.booked


def book_at_once(where: str, bookings: int, *, processes: int, kills: Sequence[int]) -> list[str]:
    """All appointments. The process ``n`` of ``kills`` is killed after a third of its bookings, the others go on."""
    each = bookings // processes
    running = [BookingProcess(where, range(n * each, (n + 1) * each)).start() for n in range(processes)]
    for number in kills:
        running[number].kill_after(each // 3)
    return [appointment for process in running for appointment in process.booked or process.finish()]


def overlaps(database: AgentDatabase) -> int:
    """Double bookings, counted from the appointments, not from the table whose constraint prevents them."""
    count = 0
    with database.read() as sql:
        for resource in ("bay_id", "technician_id"):
            spans: dict[str, list[tuple[int, int]]] = {}
            query = f"SELECT {resource}, start_ms, end_ms FROM appointments WHERE state = 'CONFIRMED' ORDER BY start_ms"  # noqa: S608  two constants
            for name, start, end in sql.execute(query):
                spans.setdefault(name, []).append((start, end))
            count += sum(earlier[1] > later[0] for of_one in spans.values() for earlier, later in pairwise(of_one))
    return count


def main(where: str, first: str, last: str) -> None:
    """Book a range of vehicles, a line of output each."""
    store = SchedulingStore(where, workshops=WORKSHOPS)
    agent = SchedulingAgent(store)
    for number in range(int(first), int(last)):
        print(book(agent, number), flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
