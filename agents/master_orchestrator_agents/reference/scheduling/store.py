"""Appointments in the store: held, confirmed, released. Each function runs inside the caller's transaction."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from master_orchestrator_agents.reference.scheduling import parts as stocks
from master_orchestrator_agents.reference.scheduling.fits import Fit
from master_orchestrator_agents.reference.scheduling.jobs import PlannedJob
from master_orchestrator_agents.reference.scheduling.network import Workshop, load_network
from master_orchestrator_agents.reference.scheduling.schema import SCHEMA, SLOT_MS
from master_orchestrator_agents.reference.scheduling.seeding import DEFAULT_WORKSHOPS, seed_workshops
from master_orchestrator_agents.reference.sql import Sql, open_database
from master_orchestrator_agents.reference.zoned import MINUTE_MS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Offer
from master_orchestrator_schemas.results import SchedulingResult
from master_orchestrator_schemas.vocabulary import AppointmentState, Priority

HOLD_MS = 15 * MINUTE_MS
EVERYBODY = "*"
"""Whom an act concerns that is not about one vehicle."""
PLANNED_BY = "nightly"
"""Begins the command id of what the nightly plan has booked."""


class SchedulingStore:
    """The agent's database, a file or a URL (``reference/sql.py``). ``parts``: what the default network stocks."""

    def __init__(
        self, where: Path | str, *, parts: Iterable[str] = (), workshops: int = DEFAULT_WORKSHOPS, seed: int = 0
    ) -> None:
        self.database = open_database(where, SCHEMA)
        with self.database.write() as sql:
            seed_workshops(sql, parts, count=workshops, seed=seed)
            self.network: tuple[Workshop, ...] = load_network(sql)
        self._loaded_ms: int | None = None

    def refresh(self, sql: Sql, now_ms: int) -> None:
        """Read the workshops again, once in a minute: their hours, bays and people may have changed."""
        if self._loaded_ms is None or abs(now_ms - self._loaded_ms) >= MINUTE_MS:
            self.network, self._loaded_ms = load_network(sql), now_ms

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def booked_by(sql: Sql, command_id: str) -> SchedulingResult | None:
    """What this command has booked already."""
    row = sql.execute("SELECT result FROM bookings WHERE command_id = ?", (command_id,)).fetchone()
    return None if row is None else SchedulingResult.model_validate_json(row[0])


def standing(sql: Sql, workflow_id: str, now_ms: int) -> SchedulingResult | None:
    """The confirmed appointment of a workflow that is still to come, booked by an earlier command."""
    row = sql.execute(
        "SELECT b.result FROM appointments a JOIN bookings b ON b.command_id = a.command_id "
        "WHERE a.workflow_id = ? AND a.state = 'CONFIRMED' AND a.start_ms >= ?",
        (workflow_id, now_ms),
    ).fetchone()
    return None if row is None else SchedulingResult.model_validate_json(row[0])


def hold(
    sql: Sql, task: Task, fits: Iterable[Fit], *, urgent: bool, holder: str | None = None, until_ms: int | None = None
) -> dict[str, Fit]:
    """Hold each fit; returns them by appointment id. The database raises if one is taken.

    ``holder``: whose they are; by default the command's. ``until_ms``: by default for 15 minutes.
    """
    held_by, held_until_ms = holder or task.command_id, until_ms or task.issued_at_ms + HOLD_MS
    held = {_appointment_id(held_by, fit): fit for fit in fits}
    for appointment_id, fit in held.items():
        key = (appointment_id, held_by, task.workflow_id, task.vehicle_id)
        place = (fit.workshop_id, fit.bay, fit.technician, fit.start_ms, fit.end_ms)
        sql.execute(
            "INSERT INTO appointments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'HELD', ?)", (*key, *place, held_until_ms)
        )
        _occupy(sql, appointment_id, fit, urgent=urgent)
    return held


def shown_in(workflow_id: str) -> str:
    """Who holds the times that a workflow's owner may choose from, over all contacts of the conversation."""
    return f"{workflow_id}/shown"


def keep_holds(sql: Sql, holder: str, until_ms: int) -> None:
    """Hold for longer what is held."""
    sql.execute("UPDATE appointments SET held_until_ms = ? WHERE state = 'HELD' AND command_id = ?", (until_ms, holder))


def take_over(sql: Sql, appointment_id: str, holder: str, until_ms: int) -> None:
    """A hold is another's from now on."""
    sql.execute(
        "UPDATE appointments SET command_id = ?, held_until_ms = ? WHERE appointment_id = ?",
        (holder, until_ms, appointment_id),
    )


def _occupy(sql: Sql, appointment_id: str, fit: Fit, *, urgent: bool) -> None:
    sql.executemany(
        "INSERT INTO occupancy VALUES (?, ?, ?, ?, ?)",
        [
            (fit.workshop_id, slot, resource, appointment_id, int(urgent))
            for slot in fit.slots
            for resource in (fit.bay, fit.technician)
        ],
    )


def holds_of(sql: Sql, holder: str) -> dict[str, Fit]:
    """What is held already, the earliest first; by a command: left by a crash or by another runner that handles it."""
    rows = sql.execute(
        "SELECT a.appointment_id, a.workshop_id, a.bay_id, a.technician_id, o.slot FROM appointments a "
        "JOIN occupancy o ON o.workshop_id = a.workshop_id "
        "AND o.slot >= a.start_ms / ? AND o.slot < a.end_ms / ? "
        "AND o.resource_id = a.bay_id AND o.appointment_id = a.appointment_id "
        "WHERE a.state = 'HELD' AND a.command_id = ? ORDER BY a.start_ms, a.workshop_id, o.slot",
        (SLOT_MS, SLOT_MS, holder),
    )
    by_place = groupby(rows, key=lambda row: row[:4])
    return {
        appointment_id: Fit(workshop, bay, technician, tuple(row[4] for row in slots))
        for (appointment_id, workshop, bay, technician), slots in by_place
    }


def confirm(sql: Sql, task: Task, appointment_id: str) -> bool:
    """Confirm a held appointment and release the other offers of its command; False if the hold was lost."""
    changed = sql.execute(
        "UPDATE appointments SET state = 'CONFIRMED' WHERE appointment_id = ? AND state = 'HELD'", (appointment_id,)
    ).rowcount
    drop_holds(sql, task.command_id)
    return bool(changed)


def record(sql: Sql, task: Task, result: SchedulingResult) -> None:
    """Keep what a command was answered."""
    sql.execute(
        "INSERT INTO bookings VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (task.command_id, task.workflow_id, result.model_dump_json()),
    )


def drop_holds(sql: Sql, holder: str) -> None:
    """Give back what is still held: the offers not taken."""
    _give_back(
        sql,
        sql.execute("SELECT appointment_id FROM appointments WHERE state = 'HELD' AND command_id = ?", (holder,)),
    )


def drop_expired_holds(sql: Sql, now_ms: int) -> None:
    """Give back what nobody has confirmed in time."""
    _give_back(
        sql,
        sql.execute("SELECT appointment_id FROM appointments WHERE state = 'HELD' AND held_until_ms <= ?", (now_ms,)),
    )


def _give_back(sql: Sql, rows: Iterable[tuple[str]]) -> None:
    for (appointment_id,) in list(rows):
        free(sql, appointment_id)
        sql.execute("DELETE FROM appointments WHERE appointment_id = ?", (appointment_id,))


def end_workflow_appointments(sql: Sql, workflow_id: str, state: AppointmentState) -> None:
    """The workflow's confirmed appointment has fallen through: free its slots and say how it ended."""
    rows = sql.execute(
        "SELECT appointment_id FROM appointments WHERE workflow_id = ? AND state = 'CONFIRMED'", (workflow_id,)
    ).fetchall()
    for (appointment_id,) in rows:
        free(sql, appointment_id)
        stocks.release(sql, appointment_id)
        sql.execute("UPDATE appointments SET state = ? WHERE appointment_id = ?", (state, appointment_id))


def free(sql: Sql, appointment_id: str) -> None:
    """Give back the slots of an appointment."""
    workshop, start_ms, end_ms = sql.execute(
        "SELECT workshop_id, start_ms, end_ms FROM appointments WHERE appointment_id = ?", (appointment_id,)
    ).fetchone()
    sql.execute(
        "DELETE FROM occupancy WHERE workshop_id = ? AND slot >= ? AND slot < ? AND appointment_id = ?",
        (workshop, start_ms // SLOT_MS, end_ms // SLOT_MS, appointment_id),
    )


def is_free(sql: Sql, fit: Fit) -> bool:
    """Whether nobody has any of this place."""
    taken = sql.execute(
        "SELECT resource_id, slot FROM occupancy WHERE workshop_id = ? AND slot >= ? AND slot <= ?",
        (fit.workshop_id, fit.slots[0], fit.slots[-1]),
    ).fetchall()
    return not set(fit.occupied) & {(resource, slot) for resource, slot in taken}


def put(sql: Sql, job: PlannedJob, fit: Fit, now_ms: int) -> None:
    """Give a job its place in the nightly plan: its appointment moves there, one that had none is booked."""
    appointment_id = job.appointment_id or _appointment_id(f"{PLANNED_BY}/{job.workflow_id}/{now_ms}", fit)
    place = (fit.bay, fit.technician, fit.start_ms, fit.end_ms)
    if job.appointment_id is None:
        command_id = f"{PLANNED_BY}/{appointment_id}"
        key = (appointment_id, command_id, job.workflow_id, job.vehicle_id, fit.workshop_id)
        sql.execute("INSERT INTO appointments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'CONFIRMED', 0)", (*key, *place))
        stocks.reserve(sql, stocks.PartsNeed(appointment_id, fit.workshop_id, fit.end_ms), job.need.parts, now_ms)
        sql.execute("INSERT INTO bookings VALUES (?, ?, '')", (command_id, job.workflow_id))
    else:
        sql.execute(
            "UPDATE appointments SET bay_id = ?, technician_id = ?, start_ms = ?, end_ms = ? WHERE appointment_id = ?",
            (*place, appointment_id),
        )
        sql.execute(
            "UPDATE reserved_parts SET needed_until_ms = ? WHERE appointment_id = ?", (fit.end_ms, appointment_id)
        )
    _occupy(sql, appointment_id, fit, urgent=job.priority is Priority.URGENT)
    sql.execute(
        "UPDATE bookings SET result = ? WHERE command_id = "
        "(SELECT command_id FROM appointments WHERE appointment_id = ?)",
        (booked(job, appointment_id, fit).model_dump_json(), appointment_id),
    )


def booked(job: PlannedJob, appointment_id: str, fit: Fit, offers: Sequence[Offer] = ()) -> SchedulingResult:
    """What the engine is told of a booking.

    ``late``: the start is after the due time, nothing sooner was free; ``tow``: the vehicle is to be fetched. Status
    HELD: the time is not agreed with the owner, and may still be moved.
    """
    return SchedulingResult.model_validate(
        {
            "appointment_id": appointment_id,
            "workshop_id": fit.workshop_id,
            "bay": fit.bay,
            "technician": fit.technician,
            "start_ms": fit.start_ms,
            "end_ms": fit.end_ms,
            "status": AppointmentState.CONFIRMED if job.agreed else AppointmentState.HELD,
            "offers": offers,
            "late": fit.start_ms > job.due_ms,
            "tow": job.priority is Priority.URGENT or not job.safe_to_drive,
        }
    )


def _appointment_id(command_id: str, fit: Fit) -> str:
    """Deterministic: the same command and place always have the same id."""
    text = f"{command_id}|{fit.workshop_id}|{fit.start_ms}"
    return f"A-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
