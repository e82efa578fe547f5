"""SQLite as the reference agents use it: one file per agent, shared by threads and processes.

WAL, so that readers never wait; ``synchronous=NORMAL``: a killed process loses nothing, a power cut may lose the last
transactions. Writers take turns: threads on a lock, which is fair and cheap, processes on SQLite's own.
"""

import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

BUSY_S = 30.0
"""How long a writer waits for another process before it gives up, which is a retryable failure."""


class Database:
    """A database file and its idle connections; at most as many are open as threads were ever at work at once.

    ``close``, or a ``with`` block, closes it at a time of the caller's choice. An agent is a function to its users, and
    functions are not closed: so the connections are also closed when nothing refers to the database any more, and when
    the process ends.
    """

    def __init__(self, path: Path, schema: str) -> None:
        """Open or create ``path``; ``schema`` is a script of ``CREATE … IF NOT EXISTS``. Raises ``sqlite3.Error``."""
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = threading.Lock()
        self._close_idle = weakref.finalize(self, _close_all, self._idle)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries that see one state of the database."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its first statement; rolled back if the block raises."""
        with self._writing, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the idle connections; those at work close as they come back."""
        self._close_idle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)
            if not self._close_idle.alive:
                _close_all(self._idle)

    def _connect(self) -> sqlite3.Connection:
        # Any thread may take an idle connection next, but only one has it at a time.
        connection = sqlite3.connect(
            self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            connection.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _close_all(connections: deque[sqlite3.Connection]) -> None:
    with suppress(IndexError):  # another thread may take the last one
        while True:
            connections.pop().close()
