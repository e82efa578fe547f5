"""What is remembered of customers: who they are, what they agreed to, every contact, and how each episode ended."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from master_orchestrator_agents.errors import PermanentError
from master_orchestrator_agents.reference.customer_engagement.etiquette import WINDOW_MS
from master_orchestrator_agents.reference.database import Database
from master_orchestrator_agents.reference.ports import (
    Contact,
    Customer,
    CustomerReply,
)
from master_orchestrator_agents.reference.zoned import is_zone
from master_orchestrator_schemas.results import CustomerEngagementResult
from master_orchestrator_schemas.vocabulary import Answer, Channel, Priority, Purpose

SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
    vehicle_id TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, zone TEXT NOT NULL, channels TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consents (
    vehicle_id TEXT NOT NULL REFERENCES customers, purpose TEXT NOT NULL, channel TEXT NOT NULL,
    PRIMARY KEY (vehicle_id, purpose, channel)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contacts (
    command_id TEXT NOT NULL, step INTEGER NOT NULL, vehicle_id TEXT NOT NULL, purpose TEXT NOT NULL,
    channel TEXT NOT NULL, at_ms INTEGER NOT NULL, message TEXT NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0, answer TEXT, answered_ms INTEGER, preferred_from_ms INTEGER,
    PRIMARY KEY (command_id, step)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS contacts_of_vehicle ON contacts (vehicle_id, at_ms);
CREATE TABLE IF NOT EXISTS conversations (
    command_id TEXT PRIMARY KEY, workflow_id TEXT NOT NULL, priority INTEGER NOT NULL, result TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS conversations_of_workflow ON conversations (workflow_id);
CREATE TABLE IF NOT EXISTS subjects (
    command_id TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (command_id, subject)
) WITHOUT ROWID;
"""


class Conclusion(NamedTuple):
    """How the conversation of a command ended, and which subsystems it was about."""

    command_id: str
    priority: Priority
    subjects: frozenset[str]
    result: CustomerEngagementResult


class ContactStore:
    """The SQLite file of the agent."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def customer(self, vehicle_id: str) -> Customer | None:
        """The customer as remembered, consents included."""
        with self._database.read() as sql:
            row = sql.execute(
                "SELECT name, language, zone, channels FROM customers WHERE vehicle_id = ?", (vehicle_id,)
            ).fetchone()
            granted = sql.execute(
                "SELECT purpose, channel FROM consents WHERE vehicle_id = ?", (vehicle_id,)
            ).fetchall()
        if row is None:
            return None
        name, language, zone, channels = row
        consents = {purpose: frozenset(Channel(c) for p, c in granted if p == purpose) for purpose in Purpose}
        return Customer(vehicle_id, name, language, zone, frozenset(map(Channel, json.loads(channels))), consents)

    def remember(self, customer: Customer) -> None:
        """Take a customer in; one who is known already stays as is, so that a withdrawn consent is not undone.

        Raises :class:`PermanentError` where the zone is not a time zone: nobody could tell when it is night there.
        """
        if not is_zone(customer.zone):
            raise PermanentError(
                f"the zone of {customer.vehicle_id}'s customer is {customer.zone!r}, which is not an IANA time zone: "
                "write one such as Europe/Berlin into the customer directory, then redrive"
            )
        with self._database.write() as sql:
            channels = json.dumps(sorted(customer.channels))
            row = (customer.vehicle_id, customer.name, customer.language, customer.zone, channels)
            added = sql.execute("INSERT OR IGNORE INTO customers VALUES (?, ?, ?, ?, ?)", row).rowcount
            if added:
                granted = [(customer.vehicle_id, p, c) for p, channels in customer.consents.items() for c in channels]
                sql.executemany("INSERT INTO consents VALUES (?, ?, ?)", granted)

    def withdraw(self, vehicle_id: str) -> None:
        """No consent any more: asked for, or the wrong person was reached."""
        with self._database.write() as sql:
            sql.execute("DELETE FROM consents WHERE vehicle_id = ?", (vehicle_id,))

    def recent_contacts(self, vehicle_id: str, at_ms: int, besides: str) -> list[int]:
        """When this customer was contacted in the 7 days before ``at_ms``, by other commands than ``besides``."""
        with self._database.read() as sql:
            rows = sql.execute(
                "SELECT at_ms FROM contacts WHERE vehicle_id = ? AND at_ms > ? AND command_id <> ? ORDER BY at_ms",
                (vehicle_id, at_ms - WINDOW_MS, besides),
            ).fetchall()
        return [row[0] for row in rows]

    def plan_contact(self, command_id: str, step: int, contact: Contact, purpose: Purpose) -> tuple[Contact, bool]:
        """Write a contact down before it goes out.

        Returns the contact as it was first written down, whatever is passed now, and whether its outcome is recorded
        already. If not, it is to be sent under its ``contact_id``: it may have gone out before a crash.
        """
        row = (command_id, step, contact.vehicle_id, purpose, contact.channel, contact.at_ms, contact.message)
        with self._database.write() as sql:
            sql.execute(
                "INSERT OR IGNORE INTO contacts (command_id, step, vehicle_id, purpose, channel, at_ms, message) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            asked, channel, at_ms, message = sql.execute(
                "SELECT asked, channel, at_ms, message FROM contacts WHERE command_id = ? AND step = ?",
                (command_id, step),
            ).fetchone()
        return replace(contact, channel=Channel(channel), at_ms=at_ms, message=message), bool(asked)

    def record_outcome(self, command_id: str, step: int, reply: CustomerReply | None) -> None:
        """What came of a contact; None: no answer in time."""
        answer = (reply.answer, reply.at_ms, reply.preferred_from_ms) if reply else (None, None, None)
        with self._database.write() as sql:
            sql.execute(
                "UPDATE contacts SET asked = 1, answer = ?, answered_ms = ?, preferred_from_ms = ? "
                "WHERE command_id = ? AND step = ?",
                (*answer, command_id, step),
            )

    def outcome(self, command_id: str, step: int) -> CustomerReply | None:
        """The recorded outcome of a contact."""
        with self._database.read() as sql:
            answer, at_ms, preferred = sql.execute(
                "SELECT answer, answered_ms, preferred_from_ms FROM contacts WHERE command_id = ? AND step = ?",
                (command_id, step),
            ).fetchone()
        return None if answer is None else CustomerReply(Answer(answer), at_ms, preferred)

    def conclude(
        self,
        command_id: str,
        workflow_id: str,
        priority: Priority,
        subjects: Iterable[str],
        result: CustomerEngagementResult,
    ) -> None:
        """Remember how the conversation of a command ended, and which subsystems it was about."""
        with self._database.write() as sql:
            sql.execute(
                "INSERT OR IGNORE INTO conversations VALUES (?, ?, ?, ?)",
                (command_id, workflow_id, int(priority), result.model_dump_json()),
            )
            sql.executemany(
                "INSERT OR IGNORE INTO subjects VALUES (?, ?)", [(command_id, subject) for subject in subjects]
            )

    def conclusions(self, workflow_id: str) -> Sequence[Conclusion]:
        """How the conversations of an episode ended."""
        with self._database.read() as sql:
            rows = sql.execute(
                "SELECT command_id, priority, result FROM conversations WHERE workflow_id = ? ORDER BY command_id",
                (workflow_id,),
            ).fetchall()
            return [
                Conclusion(
                    command_id=row[0],
                    priority=Priority(row[1]),
                    subjects=frozenset(
                        subject
                        for (subject,) in sql.execute("SELECT subject FROM subjects WHERE command_id = ?", (row[0],))
                    ),
                    result=CustomerEngagementResult.model_validate_json(row[2]),
                )
                for row in rows
            ]
