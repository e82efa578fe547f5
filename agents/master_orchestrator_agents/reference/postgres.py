"""PostgreSQL for stores that runners on several machines share; needs the extra ``scheduling`` (psycopg).

Each transaction takes a lock of the database's own before it writes, so writers take turns as they do on SQLite. A
killed process loses its connection, and the server rolls back what it had not committed.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import finalize

from master_orchestrator_agents.errors import AgentError
from master_orchestrator_agents.reference.database import BUSY_S

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql://", "postgres://")
WRITE_LOCK = 7_172_701
"""The number of the advisory lock that writers take."""


class DatabaseUrlError(AgentError):
    """The database that a URL names cannot be used. The message leaves out the URL, which may hold a password."""


class PostgresConnection:
    """One connection; its statements have ``?`` for each value, as SQLite's do."""

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self.connection = connection

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Run one statement."""
        return self.connection.execute(_with_markers(statement), values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Run one statement for each of the rows."""
        cursor = self.connection.cursor()
        cursor.executemany(_with_markers(statement), rows)
        return cursor


class PostgresDatabase:
    """The same face as :class:`~master_orchestrator_agents.reference.database.Database`, over a server."""

    def __init__(self, url: str, schema: str) -> None:
        """Connect and create what ``schema`` names. Raises :class:`DatabaseUrlError`."""
        if not url.startswith(SCHEMES):
            raise DatabaseUrlError(f"a database URL begins with {' or '.join(SCHEMES)}, this one with {url[:8]!r}")
        self._url = url
        self._idle: deque[PostgresConnection] = deque()
        self._close_idle = finalize(self, _close_all, self._idle)
        with self.write() as sql:
            for statement in schema.replace("WITHOUT ROWID", "").split(";"):
                if statement.strip():
                    sql.execute(statement)

    @contextmanager
    def read(self) -> Iterator[PostgresConnection]:
        """A connection for queries that see one state of the database."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as sql:
            yield sql

    @contextmanager
    def write(self) -> Iterator[PostgresConnection]:
        """A transaction that holds the write lock from its first statement; rolled back if the block raises."""
        with self._transaction("BEGIN") as sql:
            sql.execute("SELECT pg_advisory_xact_lock(?)", (WRITE_LOCK,))
            yield sql

    def close(self) -> None:
        """Close the idle connections; those at work close as they come back."""
        self._close_idle()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[PostgresConnection]:
        sql = self._connection(begin)
        try:
            yield sql
            sql.execute("COMMIT")
        except BaseException:
            if not sql.connection.closed:
                sql.execute("ROLLBACK")
            raise
        finally:
            if not sql.connection.closed:
                self._idle.append(sql)
            if not self._close_idle.alive:
                _close_all(self._idle)

    def _connection(self, begin: str) -> PostgresConnection:
        """A connection in a transaction; idle ones that the server has closed are left out."""
        while True:
            try:
                sql = self._idle.pop()
            except IndexError:
                break
            try:
                sql.execute(begin)
            except _psycopg().OperationalError:
                sql.connection.close()
            else:
                return sql
        sql = _connect(self._url)
        sql.execute(begin)
        return sql


def _connect(url: str) -> PostgresConnection:
    psycopg = _psycopg()
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, client_encoding="utf8")
        connection.execute(f"SET lock_timeout = '{BUSY_S:g}s'")
    except psycopg.Error as error:
        raise DatabaseUrlError(f"the database server cannot be used: {' '.join(str(error).split())}") from None
    return PostgresConnection(connection)


def _psycopg() -> ModuleType:
    try:
        import psycopg
    except ImportError:
        raise DatabaseUrlError(
            "PostgreSQL needs psycopg: install it with pip install 'master-orchestrator[scheduling]'"
        ) from None
    return psycopg


@lru_cache(maxsize=256)
def _with_markers(statement: str) -> str:
    """psycopg's markers."""
    return statement.replace("%", "%%").replace("?", "%s")


def _close_all(connections: deque[PostgresConnection]) -> None:
    with suppress(IndexError):  # another thread may take the last one
        while True:
            connections.pop().connection.close()
