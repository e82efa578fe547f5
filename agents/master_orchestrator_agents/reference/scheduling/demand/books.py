"""Reads what a forecast is made of: SCHEDULING's books, and where the workflows stand."""

import json
from collections.abc import Iterable, Sequence

from master_orchestrator_agents.reference.scheduling.demand.records import (
    WEEK_MS,
    DemandBooks,
    DemandJob,
    OpenCase,
    monday,
    week_of,
)
from master_orchestrator_agents.reference.scheduling.fits import ONE_DAY
from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.opening import OpeningHours, open_h
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.scheduling.search import by_distance
from master_orchestrator_agents.reference.scheduling.store import HOLD_MS
from master_orchestrator_agents.reference.scheduling.week import SLOT_H, WEEK_DAYS
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import HOUR_MS
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.vocabulary import AppointmentState, State

MAX_READ_WEEKS = 160
"""How far back the books are read: three years and a little."""
ENDED = frozenset({State.COMPLETED, State.FAILED})


def read_books(
    sql: Sql, network: Sequence[Workshop], statuses: Iterable[Status], now_ms: int, weeks: int
) -> DemandBooks:
    """What is known now. ``statuses``: the newest of each workflow; ``weeks``: how many weeks are looked ahead."""
    workflows = {status.workflow_id: status for status in statuses}
    zones = {workshop.workshop_id: workshop.zone for workshop in network}
    rows = sql.execute(
        "SELECT a.workshop_id, a.workflow_id, a.start_ms, a.end_ms, a.state, a.held_until_ms, j.noted_ms, j.parts, "
        "(SELECT COUNT(*) FROM occupancy o WHERE o.workshop_id = a.workshop_id AND o.slot >= a.start_ms / ? "
        "AND o.slot <= a.end_ms / ? AND o.resource_id = a.technician_id AND o.appointment_id = a.appointment_id) "
        "FROM appointments a LEFT JOIN jobs j ON j.workflow_id = a.workflow_id "
        "WHERE a.state <> 'HELD' AND a.start_ms > ? ORDER BY a.start_ms, a.appointment_id",
        (SLOT_MS, SLOT_MS, now_ms - MAX_READ_WEEKS * WEEK_MS),
    ).fetchall()
    fallen = {row[1] for row in rows if row[4] != AppointmentState.CONFIRMED}
    jobs = []
    for workshop, workflow_id, start_ms, end_ms, state, held_until_ms, noted_ms, parts, slots in rows:
        if workshop not in zones:
            continue
        booked_ms = held_until_ms - HOLD_MS if held_until_ms else noted_ms or start_ms
        opened = workflows.get(workflow_id) if workflow_id not in fallen else None
        known_ms = booked_ms if opened is None else min(booked_ms, opened.created_at_ms)
        zone = zones[workshop]
        jobs.append(
            DemandJob(
                workshop_id=workshop,
                start=week_of(start_ms, zone),
                booked=week_of(booked_ms, zone),
                known=week_of(known_ms, zone),
                hours=SLOT_H * slots if slots else (end_ms - start_ms) / HOUR_MS,
                parts=tuple(json.loads(parts or "[]")),
                stands=state == AppointmentState.CONFIRMED,
            )
        )
    booked_ids = {row[1] for row in rows}
    unbooked = [status for status in workflows.values() if status.workflow_id not in booked_ids]
    last = int(week_of(now_ms, "UTC")) + weeks + 2
    first = int(min((job.booked for job in jobs), default=float(last)))
    return DemandBooks(
        jobs=jobs,
        cases=[_case(status, network) for status in unbooked if network and _is_open(status)],
        opens_h={each.workshop_id: {week: _opens_h(each, week) for week in range(first, last)} for each in network},
        lapsed=[
            (week_of(status.created_at_ms, "UTC"), week_of(status.updated_at_ms, "UTC"))
            for status in unbooked
            if status.state in ENDED
        ],
    )


def capacity_h(workshop: Workshop, week: int, opening: OpeningHours) -> float:
    """Hours that its technicians work in a week."""
    days = (opening.day(workshop, monday(week) + number * ONE_DAY, urgent=False) for number in range(WEEK_DAYS))
    return SLOT_H * sum(mask.bit_count() for day in days for mask in day.technicians.values())


def _is_open(status: Status) -> bool:
    return status.state not in ENDED and status.appointment_id is None


def _case(status: Status, network: Sequence[Workshop]) -> OpenCase:
    """A workflow goes to the workshop at home, mostly."""
    home = by_distance(network, status.vehicle_id)[0]
    crossings = [each.crossing_ms for each in status.evidence if each.crossing_ms is not None and not each.dismissed]
    return OpenCase(home.workshop_id, week_of(min(crossings), home.zone) if crossings else None)


def _opens_h(workshop: Workshop, week: int) -> float:
    return sum(open_h(workshop, monday(week) + number * ONE_DAY) for number in range(WEEK_DAYS))
