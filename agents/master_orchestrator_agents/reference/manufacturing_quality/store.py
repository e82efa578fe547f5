"""Confirmed repairs and corrective actions (CAPA), in SQLite."""

import json
import sqlite3
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from master_orchestrator_agents.quality.eight_d import Concern, eight_d
from master_orchestrator_agents.reference.database import Database
from master_orchestrator_agents.reference.manufacturing_quality.lots import day_of
from master_orchestrator_agents.reference.ports import Built

SCHEMA = """
CREATE TABLE IF NOT EXISTS repairs (
    workflow_id TEXT PRIMARY KEY, command_id TEXT NOT NULL, vehicle_id TEXT NOT NULL, component TEXT NOT NULL,
    subsystem TEXT, model TEXT NOT NULL, build_month TEXT NOT NULL, repaired_at_ms INTEGER NOT NULL, odometer_m REAL,
    result TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS repairs_of ON repairs (component, model);
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


def count_repair(sql: sqlite3.Connection, repair: Repair) -> dict[tuple[str, int], int]:
    """Count a repair; returns the vehicles of its component and model, by build month and day of their first."""
    row = (repair.workflow_id, repair.command_id, repair.vehicle_id, repair.component, repair.subsystem)
    sql.execute(
        "INSERT INTO repairs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (*row, repair.built.model, repair.built.month, repair.repaired_at_ms, repair.odometer_m),
    )
    firsts = sql.execute(
        "SELECT build_month, MIN(repaired_at_ms) FROM repairs WHERE component = ? AND model = ? GROUP BY vehicle_id",
        (repair.component, repair.built.model),
    )
    return Counter((month, day_of(first_ms)) for month, first_ms in firsts)


def record_result(sql: sqlite3.Connection, workflow_id: str, result: str) -> None:
    """Keep what was answered, for a repeat of the command."""
    sql.execute("UPDATE repairs SET result = ? WHERE workflow_id = ?", (result, workflow_id))


def open_capa(sql: sqlite3.Connection, concern: Concern, model: str, opened_ms: int) -> str:
    """The one action for a component, model and build month; opened with its evidence (JSON) if it is not open yet."""
    evidence = json.dumps({**asdict(concern), "eight_d": [asdict(each) for each in eight_d(concern)]})
    sql.execute(
        "INSERT OR IGNORE INTO capas VALUES (?, ?, ?, ?, ?, ?)",
        (concern.capa_id, concern.component, model, concern.first_month, opened_ms, evidence),
    )
    where = "SELECT capa_id FROM capas WHERE component = ? AND model = ? AND build_month = ?"
    return str(sql.execute(where, (concern.component, model, concern.first_month)).fetchone()[0])
