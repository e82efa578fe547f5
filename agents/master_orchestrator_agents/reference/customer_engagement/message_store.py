"""What was sent to whom, what was replied to each command, and which addresses were found to be somebody else's.

For transports that only send: those who are told of a vehicle stay where they are kept. Names and texts are not kept
here, and of addresses only those that are somebody else's.
"""

from pathlib import Path

from master_orchestrator_agents.reference.customer_engagement.etiquette import WINDOW_MS, Rung
from master_orchestrator_agents.reference.database import Database
from master_orchestrator_agents.reference.ports import Contact
from master_orchestrator_schemas.vocabulary import Channel, Purpose

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    message_id TEXT PRIMARY KEY, about TEXT NOT NULL, vehicle_id TEXT NOT NULL, person INTEGER NOT NULL,
    purpose TEXT NOT NULL, rung TEXT NOT NULL, at_ms INTEGER NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_about ON messages (about);
CREATE INDEX IF NOT EXISTS messages_to ON messages (vehicle_id, person, at_ms);
CREATE TABLE IF NOT EXISTS replies (about TEXT PRIMARY KEY, result TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wrong_addresses (
    vehicle_id TEXT NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL, PRIMARY KEY (vehicle_id, channel, address)
) WITHOUT ROWID;
"""


class MessageStore:
    """The SQLite file of what goes out, for maintenance and surveys alike. ``about``: the command or the survey."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def plan(self, about: str, rung: Rung, purpose: Purpose, contact: Contact) -> None:
        """Write a message down before it goes out; one that may have gone out before a crash has the same id."""
        row = (contact.contact_id, about, contact.vehicle_id, rung.person, purpose, rung.name)
        with self._database.write() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO messages (message_id, about, vehicle_id, person, purpose, rung, at_ms) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, contact.at_ms),
            )

    def conclude(self, about: str, result: str, sent: str | None = None) -> None:
        """Keep what is replied and, in the same transaction, that the message ``sent`` has gone out."""
        with self._database.write() as sql:
            sql.execute("UPDATE messages SET sent = 1 WHERE message_id = ?", (sent,))
            sql.execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", (about, result))

    def reply(self, about: str) -> str | None:
        """What was replied."""
        with self._database.read() as sql:
            row = sql.execute("SELECT result FROM replies WHERE about = ?", (about,)).fetchone()
        return None if row is None else row[0]

    def sent(self, about: str) -> str | None:
        """The name of the rung by which the message of a command has gone out; None: none has."""
        with self._database.read() as sql:
            row = sql.execute("SELECT rung FROM messages WHERE about = ? AND sent = 1", (about,)).fetchone()
        return None if row is None else row[0]

    def sent_to(self, vehicle_id: str, person: int, at_ms: int) -> list[int]:
        """When this person was sent anything in the 7 days before ``at_ms``."""
        with self._database.read() as sql:
            rows = sql.execute(
                "SELECT at_ms FROM messages WHERE vehicle_id = ? AND person = ? AND at_ms > ? AND sent = 1",
                (vehicle_id, person, at_ms - WINDOW_MS),
            ).fetchall()
        return [row[0] for row in rows]

    def forget(self, vehicle_id: str, channel: Channel, address: str) -> None:
        """Somebody else is reached there."""
        with self._database.write() as sql:
            sql.execute("INSERT OR IGNORE INTO wrong_addresses VALUES (?, ?, ?)", (vehicle_id, channel, address))

    def wrong_addresses(self, vehicle_id: str) -> frozenset[tuple[Channel, str]]:
        """Where somebody else is reached."""
        with self._database.read() as sql:
            rows = sql.execute(
                "SELECT channel, address FROM wrong_addresses WHERE vehicle_id = ?", (vehicle_id,)
            ).fetchall()
        return frozenset((Channel(channel), address) for channel, address in rows)
