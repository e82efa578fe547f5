"""What the reference agents have written down: rows of their SQLite files, as plain records."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

APPOINTMENTS = """
SELECT appointment_id, command_id, workflow_id, vehicle_id, bay_id, technician_id, start_ms, end_ms, state
FROM appointments
"""


class Booking(NamedTuple):
    """What a command of SCHEDULING was answered."""

    command_id: str
    workflow_id: str
    appointment_id: str | None


class AppointmentRow(NamedTuple):
    """An appointment, whatever became of it."""

    appointment_id: str
    command_id: str
    workflow_id: str
    vehicle_id: str
    bay: str
    technician: str
    start_ms: int
    end_ms: int
    state: str


class ContactRow(NamedTuple):
    """A message to a customer."""

    command_id: str
    step: int
    vehicle_id: str


class SurveyRow(NamedTuple):
    """A survey of a customer, one per workflow."""

    workflow_id: str
    command_id: str
    vehicle_id: str


class RepairRow(NamedTuple):
    """A repair that was counted, one per workflow."""

    workflow_id: str
    command_id: str
    vehicle_id: str
    counted_as: tuple[str, str, str]


class Capa(NamedTuple):
    """A corrective action."""

    capa_id: str
    opened_for: tuple[str, str, str]


@dataclass(frozen=True)
class AgentStores:
    """All rows that rules look at. ``concluded``: the commands whose conversation with a customer has ended."""

    bookings: Sequence[Booking] = ()
    appointments: Sequence[AppointmentRow] = ()
    contacts: Sequence[ContactRow] = ()
    concluded: Sequence[tuple[str, str]] = ()
    surveys: Sequence[SurveyRow] = ()
    repairs: Sequence[RepairRow] = ()
    capas: Sequence[Capa] = ()


def read_stores(folder: Path) -> AgentStores:
    """The stores of a folder. Raises ``sqlite3.Error`` for one that is missing or damaged."""
    book, contacts = folder / "appointments.sqlite3", folder / "contacts.sqlite3"
    surveys, quality = folder / "surveys.sqlite3", folder / "quality.sqlite3"
    booked = _rows(book, "SELECT command_id, workflow_id, result FROM bookings")
    repairs = _rows(quality, "SELECT workflow_id, command_id, vehicle_id, component, model, build_month FROM repairs")
    capas = _rows(quality, "SELECT capa_id, component, model, build_month FROM capas")
    return AgentStores(
        bookings=[Booking(row[0], row[1], json.loads(row[2])["appointment_id"]) for row in booked],
        appointments=[AppointmentRow(*row) for row in _rows(book, APPOINTMENTS)],
        contacts=[ContactRow(*row) for row in _rows(contacts, "SELECT command_id, step, vehicle_id FROM contacts")],
        concluded=_rows(contacts, "SELECT command_id, workflow_id FROM conversations"),
        surveys=[SurveyRow(*row) for row in _rows(surveys, "SELECT survey_id, command_id, vehicle_id FROM surveys")],
        repairs=[RepairRow(row[0], row[1], row[2], row[3:]) for row in repairs],
        capas=[Capa(row[0], row[1:]) for row in capas],
    )


def _rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()
