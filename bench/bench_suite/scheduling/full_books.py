"""Books in which two weeks are taken but for a gap in each technician's day, and how long offers take there."""

import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from bench_suite.scheduling.double_booking import DAY_MS, MONDAY_MS, command
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.fits import ONE_DAY
from master_orchestrator_agents.reference.scheduling.free_times import FreeTimes
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours, local_day
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import AgentType, Priority

FULL_DAYS = 14
GAP_SLOTS = 4
"""Two hours that each technician has left on each day."""
APART_MS = 120_000
"""Between two requests, so that nothing is remembered from one to the next."""
WAIT_MS = 7_200_000
DUE_MS = {Priority.HIGH: 2 * DAY_MS, Priority.SCHEDULED: 14 * DAY_MS, Priority.ROUTINE: 90 * DAY_MS}


def fill(store: SchedulingStore) -> None:
    """Take all but the gaps; each technician works in a bay of their own."""
    rng, opening = random.Random(1), OpeningHours()
    rows = []
    for workshop in store.network:
        first = local_day(workshop, MONDAY_MS)
        for number in range(FULL_DAYS):
            day = opening.day(workshop, first + number * ONE_DAY, urgent=False)
            for who, bay in zip(workshop.technicians, workshop.bays, strict=False):
                slots = [slot for bit, slot in enumerate(day.slots) if day.of(who) >> bit & 1]
                gap = rng.randrange(max(1, len(slots) - GAP_SLOTS))
                taken = slots[:gap] + slots[gap + GAP_SLOTS :]
                rows += [(workshop.workshop_id, slot, each, "taken", 0) for slot in taken for each in (who, bay)]
    with store.database.write() as sql:
        sql.executemany("INSERT INTO occupancy VALUES (?, ?, ?, ?, ?)", rows)


class OfferTime(NamedTuple):
    """Milliseconds that one request took: by the clock, and of this process's CPU."""

    wall_ms: float
    cpu_ms: float


def offer_times(store: SchedulingStore, priority: Priority, count: int) -> list[OfferTime]:
    """Of three held offers, one vehicle after the other."""
    times = FreeTimes(store)

    def show(asked: Command) -> object:
        task = Task[CustomerEngagementTask](asked)
        return times.offers(task, task.expect(CustomerEngagementTask), asked.issued_at_ms + WAIT_MS)

    return list(_timed(show, _commands(AgentType.CUSTOMER_ENGAGEMENT, priority, count)))


def booking_times(store: SchedulingStore, priority: Priority, count: int) -> list[OfferTime]:
    """Of a booking without a choice: three offers, their hold, the confirmation."""
    agent = SchedulingAgent(store)
    return list(_timed(lambda asked: agent(Task(asked)), _commands(AgentType.SCHEDULING, priority, count)))


def _timed(work: Callable[[Command], object], commands: list[Command]) -> Iterator[OfferTime]:
    for asked in commands:
        started, busy = time.perf_counter(), time.process_time()
        work(asked)
        yield OfferTime(1000 * (time.perf_counter() - started), 1000 * (time.process_time() - busy))


def _commands(agent: AgentType, priority: Priority, count: int) -> list[Command]:
    return [_command(agent, priority, number) for number in range(count)]


def _command(agent: AgentType, priority: Priority, number: int) -> Command:
    base, now_ms = command(number), MONDAY_MS + number * APART_MS
    name = f"{priority.name}-{number}"
    due = {"due_by_ms": now_ms + DUE_MS[priority]} if agent is AgentType.SCHEDULING else {}
    return replace(
        base,
        command_id=f"{name}~1/{agent.value}/0/0",
        workflow_id=f"{name}~1",
        vehicle_id=name,
        agent=agent,
        priority=priority,
        step=agent.value,
        issued_at_ms=now_ms,
        payload={"priority": int(priority), "operations": base.payload["operations"], **due},
    )
