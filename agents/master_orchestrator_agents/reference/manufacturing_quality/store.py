"""Confirmed repairs and corrective actions (CAPA), in SQLite."""

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from master_orchestrator_agents.reference.database import Database
from master_orchestrator_agents.reference.manufacturing_quality.u_chart import Point
from master_orchestrator_agents.reference.ports import Built

SCHEMA = """
CREATE TABLE IF NOT EXISTS repairs (
    workflow_id TEXT PRIMARY KEY, command_id TEXT NOT NULL, vehicle_id TEXT NOT NULL, component TEXT NOT NULL,
    subsystem TEXT, model TEXT NOT NULL, build_month TEXT NOT NULL, repaired_at_ms INTEGER NOT NULL, odometer_m REAL,
    result TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
    component TEXT NOT NULL, model TEXT NOT NULL, build_month TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (component, model, build_month)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS capas (
    capa_id TEXT PRIMARY KEY, component TEXT NOT NULL, model TEXT NOT NULL, build_month TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, evidence TEXT NOT NULL, UNIQUE (component, model, build_month)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Repair:
    """One confirmed repair; an episode has one, whatever its commands."""

    workflow_id: str
    command_id: str
    vehicle_id: str
    component: str
    subsystem: str | None
    built: Built
    repaired_at_ms: int
    odometer_m: float | None


class QualityStore:
    """The SQLite file of the agent."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def earlier_result(sql: sqlite3.Connection, workflow_id: str) -> str | None:
    """What was answered when this episode's repair was counted (JSON text), or None: it is not counted yet."""
    row = sql.execute("SELECT result FROM repairs WHERE workflow_id = ?", (workflow_id,)).fetchone()
    return None if row is None else str(row[0])


def count_repair(sql: sqlite3.Connection, repair: Repair) -> dict[str, int]:
    """Count a repair; returns the claims of its component and model by build month."""
    row = (repair.workflow_id, repair.command_id, repair.vehicle_id, repair.component, repair.subsystem)
    key = (repair.component, repair.built.model)
    sql.execute(
        "INSERT INTO repairs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (*row, repair.built.model, repair.built.month, repair.repaired_at_ms, repair.odometer_m),
    )
    sql.execute(
        "INSERT INTO claims VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1", (*key, repair.built.month)
    )
    rows = sql.execute("SELECT build_month, count FROM claims WHERE component = ? AND model = ?", key)
    return dict(rows.fetchall())


def record_result(sql: sqlite3.Connection, workflow_id: str, result: str) -> None:
    """Keep what was answered, for a repeat of the command."""
    sql.execute("UPDATE repairs SET result = ? WHERE workflow_id = ?", (result, workflow_id))


def open_capa(sql: sqlite3.Connection, component: str, model: str, at: Point, opened_ms: int) -> str:
    """The one action for a component, model and build month; opened with its evidence if it is not open yet."""
    text = f"{component}/{model}/{at.month}"
    capa_id = f"CAPA-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    evidence = f"{at.claims} claims of {at.built} built, rate {at.rate:.4f}, limit {at.limit:.4f}"
    sql.execute(
        "INSERT OR IGNORE INTO capas VALUES (?, ?, ?, ?, ?, ?)",
        (capa_id, component, model, at.month, opened_ms, evidence),
    )
    return capa_id
