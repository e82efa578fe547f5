"""Where surveys are kept."""

from pathlib import Path

from master_orchestrator_agents.reference.database import Database
from master_orchestrator_agents.reference.ports import Survey, SurveyAnswer

SCHEMA = """
CREATE TABLE IF NOT EXISTS surveys (
    survey_id TEXT PRIMARY KEY, command_id TEXT NOT NULL, vehicle_id TEXT NOT NULL, asked_ms INTEGER NOT NULL,
    csat INTEGER, nps INTEGER, fixed INTEGER, text TEXT
) WITHOUT ROWID;
"""


class SurveyStore:
    """The SQLite file of the agent: one row per episode, so that a repeated command asks nobody twice."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def asked(self, survey_id: str) -> tuple[bool, SurveyAnswer | None]:
        """Whether this survey is over, and what was answered."""
        with self._database.read() as sql:
            row = sql.execute("SELECT csat, nps, fixed, text FROM surveys WHERE survey_id = ?", (survey_id,)).fetchone()
        if row is None or row[0] is None:
            return row is not None, None
        return True, SurveyAnswer(row[0], row[1], bool(row[2]), row[3])

    def record(self, survey: Survey, command_id: str, answer: SurveyAnswer | None) -> None:
        """Keep the first outcome of a survey."""
        values = (answer.csat, answer.nps, answer.fixed, answer.text) if answer else (None, None, None, None)
        row = (survey.survey_id, command_id, survey.vehicle_id, survey.at_ms, *values)
        with self._database.write() as sql:
            sql.execute("INSERT OR IGNORE INTO surveys VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
