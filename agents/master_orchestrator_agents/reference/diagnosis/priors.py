"""Priors that follow what repairs confirmed: proposed, accepted by an operator, kept by version.

Of the causes of a subsystem with packaged priors p, of which repairs have confirmed c, n in all,

    prior = (WEIGHT * p + c * sum of p) / (WEIGHT + n), at least p / MAX_FACTOR and at most p * MAX_FACTOR

so that the packaged prior counts as much as ``WEIGHT`` repairs, and no run of repairs makes a cause unthinkable.
"""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from master_orchestrator_agents.reference.database import Database
from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge

WEIGHT = 30
MAX_FACTOR = 3.0
MAX_PRIOR = 0.95
FILE = "priors.sqlite3"
PACKAGED = 0
"""The version of the knowledge base as it comes."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS priors (
    version INTEGER PRIMARY KEY, accepted_ms INTEGER NOT NULL, operator TEXT NOT NULL, reason TEXT NOT NULL,
    repairs INTEGER NOT NULL, priors TEXT NOT NULL
);
"""


class Priors(NamedTuple):
    """A version of the priors, by cause; those of causes that it does not name are the packaged ones."""

    version: int
    values: Mapping[str, float]


class PriorStore:
    """The SQLite file with every version that was accepted."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def newest(self) -> Priors:
        """The version in force."""
        with self._database.read() as sql:
            return _newest(sql)

    def accept(self, values: Mapping[str, float], base: int, *, repairs: int, by: str, reason: str, at_ms: int) -> int:
        """The next version, if ``base`` is still the version in force. Raises ``ValueError`` if it is not."""
        with self._database.write() as sql:
            version = _newest(sql).version
            if version != base:
                raise ValueError(f"it was made for version {base}, and version {version} is in force: propose again")
            row = (version + 1, at_ms, by, reason, repairs, json.dumps(values, sort_keys=True))
            sql.execute("INSERT INTO priors VALUES (?, ?, ?, ?, ?, ?)", row)
        return version + 1


def proposed(knowledge: Knowledge, confirmed: Mapping[str, float]) -> dict[str, float]:
    """The priors of the packaged causes once repairs have confirmed each this often."""
    priors: dict[str, float] = {}
    for subsystem in {cause.subsystem for cause in knowledge.causes}:
        causes = knowledge.of_subsystem(subsystem)
        repairs, total = (sum(confirmed.get(each.component, 0) for each in causes), sum(each.prior for each in causes))
        for cause in causes:
            seen = confirmed.get(cause.component, 0) * total
            priors[cause.component] = bounded(cause.prior, (WEIGHT * cause.prior + seen) / (WEIGHT + repairs))
    return priors


def bounded(packaged: float, prior: float) -> float:
    """The prior within its bounds, four digits of it."""
    return round(min(max(prior, packaged / MAX_FACTOR), packaged * MAX_FACTOR, MAX_PRIOR), 4)


def out_of_bounds(knowledge: Knowledge, priors: Mapping[str, float]) -> list[str]:
    """The causes that are not known, or whose prior is not within its bounds."""
    packaged = {cause.component: cause.prior for cause in knowledge.causes}
    return [name for name, prior in priors.items() if name not in packaged or prior != bounded(packaged[name], prior)]


def with_priors(knowledge: Knowledge, priors: Mapping[str, float]) -> Knowledge:
    """The knowledge base with these priors."""
    causes = (
        cause.model_copy(update={"prior": priors.get(cause.component, cause.prior)}) for cause in knowledge.causes
    )
    return knowledge.model_copy(update={"causes": tuple(causes)})


def _newest(sql: sqlite3.Connection) -> Priors:
    row = sql.execute("SELECT version, priors FROM priors ORDER BY version DESC LIMIT 1").fetchone()
    return Priors(PACKAGED, {}) if row is None else Priors(row[0], json.loads(row[1]))
