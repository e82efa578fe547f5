"""The jobs behind the appointments: what the nightly plan needs to know. Inside the caller's transaction."""

import json
from dataclasses import dataclass
from typing import Any

from master_orchestrator_agents.reference.scheduling.fits import Fit
from master_orchestrator_agents.reference.scheduling.need import Need
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS
from master_orchestrator_schemas.vocabulary import Priority

NOTICE_MS: dict[Priority, int] = {
    Priority.URGENT: 0,
    Priority.HIGH: 2 * HOUR_MS,
    Priority.SCHEDULED: DAY_MS,
    Priority.ROUTINE: 3 * DAY_MS,
}
"""How soon a customer can be asked to come; URGENT is towed."""

WAIT_LAPSES_MS = 2 * DAY_MS
"""A workflow that waits for a place asks again every day at least; one that has not has ended."""


@dataclass(frozen=True)
class PlannedJob:
    """What a workflow needs of a workshop.

    Args:
        from_ms, due_ms: not before, and due by; milliseconds since 1970 UTC.
        agreed: the owner knows the time, so it does not change.
        appointment_id, fit: its present place; None: it waits for one.
    """

    workflow_id: str
    vehicle_id: str
    priority: Priority
    safe_to_drive: bool
    need: Need
    from_ms: int
    due_ms: int
    agreed: bool = False
    appointment_id: str | None = None
    fit: Fit | None = None


def note_job(sql: Sql, job: PlannedJob, now_ms: int) -> None:
    """Remember what the workflow's booking, or its wait for a place, is for."""
    sql.execute("DELETE FROM jobs WHERE workflow_id = ?", (job.workflow_id,))
    need = job.need
    sql.execute(
        "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(job.workflow_id, job.vehicle_id, int(job.priority), int(job.safe_to_drive), need.hours, need.bay),
            *(json.dumps(sorted(need.skills)), json.dumps(sorted(need.parts))),
            *(job.from_ms, job.due_ms, int(job.agreed), now_ms),
        ),
    )


def movable_jobs(sql: Sql, now_ms: int, settled_ms: int = 0) -> list[PlannedJob]:
    """Jobs whose time is not agreed, later than ``settled_ms`` from now, and those that wait; by workflow."""
    rows = sql.execute(
        "SELECT j.workflow_id, j.vehicle_id, j.priority, j.safe_to_drive, j.hours, j.bay, j.skills, j.parts, "
        "j.from_ms, j.due_ms, a.appointment_id, a.workshop_id, a.bay_id, a.technician_id FROM jobs j "
        "LEFT JOIN appointments a ON a.workflow_id = j.workflow_id AND a.state = 'CONFIRMED' "
        "WHERE j.agreed = 0 AND (a.start_ms > ? OR (a.start_ms IS NULL AND j.noted_ms > ?)) ORDER BY j.workflow_id",
        (now_ms + settled_ms, now_ms - WAIT_LAPSES_MS),
    ).fetchall()
    return [_job(sql, row) for row in rows]


def _job(sql: Sql, row: Any) -> PlannedJob:
    workflow_id, vehicle_id, priority, safe, *about, from_ms, due_ms, appointment_id, workshop_id, bay, who = row
    hours, bay_type, skills, parts = about
    return PlannedJob(
        workflow_id,
        vehicle_id,
        Priority(priority),
        bool(safe),
        Need(hours, frozenset(json.loads(skills)), bay_type, frozenset(json.loads(parts))),
        from_ms,
        due_ms,
        appointment_id=appointment_id,
        fit=None if appointment_id is None else _fit(sql, appointment_id, workshop_id, bay, who),
    )


def _fit(sql: Sql, appointment_id: str, *place: str) -> Fit:
    workshop_id, bay, technician = place
    slots = sql.execute(
        "SELECT slot FROM occupancy WHERE workshop_id = ? AND resource_id = ? AND appointment_id = ? ORDER BY slot",
        (workshop_id, bay, appointment_id),
    )
    return Fit(workshop_id, bay, technician, tuple(slot for (slot,) in slots))
