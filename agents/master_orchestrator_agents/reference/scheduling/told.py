"""What the engine has to be told of the nightly plan: a service event MOVED for each appointment that was moved.

A move is told until the engine has answered or the appointment has begun; the event's id stays the same, so that one
which is told twice counts once. A move that the engine refuses (the episode is diagnosed again, the work is done) is
taken back: the books follow the engine.
"""

import json
from collections.abc import Iterable

from master_orchestrator_agents.reference.scheduling.fits import Fit
from master_orchestrator_agents.reference.scheduling.jobs import movable_jobs
from master_orchestrator_agents.reference.scheduling.store import end_workflow_appointments, free, is_free, put
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_schemas.messages import ServiceEvent
from master_orchestrator_schemas.vocabulary import AppointmentState, ServiceEventKind

TAKEN_BACK = "the plan moved it, which did not count any more, and its place is taken by now"


def note_left(sql: Sql, appointment_id: str | None, fit: Fit) -> None:
    """Remember the place that a moved appointment has left: of moves that the engine has not heard of, the first."""
    sql.execute(
        "INSERT INTO left_places VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (appointment_id, fit.bay, fit.technician, json.dumps(fit.slots)),
    )


def untold_moves(sql: Sql, now_ms: int) -> list[ServiceEvent]:
    """The newest move of each appointment to come, if the engine has not answered it yet."""
    rows = sql.execute(
        "SELECT a.appointment_id, a.vehicle_id, a.workflow_id, a.workshop_id, a.start_ms, a.end_ms, "
        "m.moved_at_ms, m.why FROM moves m JOIN appointments a ON a.appointment_id = m.appointment_id "
        "WHERE m.told = 0 AND a.state = 'CONFIRMED' AND a.start_ms > ? AND m.moved_at_ms = "
        "(SELECT MAX(n.moved_at_ms) FROM moves n WHERE n.appointment_id = m.appointment_id) ORDER BY a.appointment_id",
        (now_ms,),
    ).fetchall()
    return [
        ServiceEvent(
            vehicle_id=vehicle_id,
            workflow_id=workflow_id,
            event_id=f"{appointment_id}@{moved_at_ms}",
            kind=ServiceEventKind.MOVED,
            ts_ms=moved_at_ms,
            workshop_id=workshop_id,
            start_ms=start_ms,
            end_ms=end_ms,
            note=why,
        )
        for appointment_id, vehicle_id, workflow_id, workshop_id, start_ms, end_ms, moved_at_ms, why in rows
    ]


def note_told(sql: Sql, events: Iterable[ServiceEvent]) -> None:
    """The engine has answered these moves: each appointment is where it takes it to be."""
    for event in events:
        appointment_id, _, moved_at_ms = event.event_id.rpartition("@")
        sql.execute(
            "UPDATE moves SET told = 1 WHERE appointment_id = ? AND moved_at_ms <= ?",
            (appointment_id, int(moved_at_ms)),
        )
        sql.execute("DELETE FROM left_places WHERE appointment_id = ?", (appointment_id,))


def take_back(sql: Sql, events: Iterable[ServiceEvent], now_ms: int) -> list[ServiceEvent]:
    """The engine has refused these moves: each appointment goes back to the place it left, and is not moved any more.

    Where that is taken by now the appointment is given up; returns what the engine is to be told of these, CANCELLED.
    """
    refused = {event.event_id.rpartition("@")[0]: event for event in events}
    jobs = [job for job in movable_jobs(sql, now_ms) if job.appointment_id in refused]
    left = {job.workflow_id: _left(sql, job.appointment_id, job.fit) for job in jobs}
    for job in jobs:
        free(sql, str(job.appointment_id))
    given_up = []
    for job in jobs:
        fit = left[job.workflow_id]
        if fit is not None and is_free(sql, fit):
            put(sql, job, fit, now_ms)
            sql.execute("UPDATE jobs SET agreed = 1 WHERE workflow_id = ?", (job.workflow_id,))
        else:
            end_workflow_appointments(sql, job.workflow_id, AppointmentState.CANCELLED)
            given_up.append(_cancelled(refused[str(job.appointment_id)], now_ms))
    note_told(sql, refused.values())
    return given_up


def _left(sql: Sql, appointment_id: str | None, now: Fit | None) -> Fit | None:
    row = sql.execute(
        "SELECT bay_id, technician_id, slots FROM left_places WHERE appointment_id = ?", (appointment_id,)
    ).fetchone()
    if row is None or now is None:
        return None
    bay, technician, slots = row
    return Fit(now.workshop_id, bay, technician, tuple(json.loads(slots)))


def _cancelled(event: ServiceEvent, now_ms: int) -> ServiceEvent:
    return ServiceEvent(
        vehicle_id=event.vehicle_id,
        workflow_id=event.workflow_id,
        event_id=f"{event.event_id}/given-up",
        kind=ServiceEventKind.CANCELLED,
        ts_ms=now_ms,
        workshop_id=event.workshop_id,
        note=TAKEN_BACK,
    )
