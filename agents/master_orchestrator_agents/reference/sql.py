"""What a store needs of its database: the same statements run on SQLite and on PostgreSQL.

Statements have ``?`` for each value. Whole numbers are BIGINT, fractions DOUBLE PRECISION, and a row that may be there
already is written with ``ON CONFLICT``; SQLite takes all three.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from master_orchestrator_agents.reference.database import Database


class Rows(Protocol):
    """The rows of a query, or the number of rows that a statement changed."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""

    def fetchone(self) -> Any:
        """The next row as a tuple; None: there is no more."""

    def fetchall(self) -> list[Any]:
        """The rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Sql(Protocol):
    """A connection within a transaction."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows:
        """Run one statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Rows:
        """Run one statement for each of the rows."""


class AgentDatabase(Protocol):
    """A database that threads and processes share. Writers take turns, so each sees what those before it wrote."""

    def read(self) -> AbstractContextManager[Sql]:
        """A connection for queries that see one state of the database."""

    def write(self) -> AbstractContextManager[Sql]:
        """A transaction that holds the write lock from its first statement; rolled back if the block raises."""

    def close(self) -> None:
        """Close the idle connections; those at work close as they come back."""


def open_database(where: Path | str, schema: str) -> AgentDatabase:
    """The database at ``where``: a file, or a URL ``postgresql://…``; ``schema`` makes what is missing.

    Raises :class:`~master_orchestrator_agents.errors.AgentError` if it cannot be used, ``sqlite3.Error`` of a file.
    """
    if isinstance(where, str) and "://" in where:
        from master_orchestrator_agents.reference.postgres import PostgresDatabase

        return PostgresDatabase(where, schema)
    return Database(Path(where), schema)
