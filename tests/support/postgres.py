"""A PostgreSQL server of the tests' own, from Debian's package: one folder, one Unix socket, no port."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

UNPRIVILEGED = "nobody"
"""Whom the server runs as where the tests run as root, which it refuses."""


class PostgresServer:
    """A running server; each test has a schema of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schemas = 0

    def new_url(self) -> str:
        """The URL of an empty schema."""
        import psycopg

        self._schemas += 1
        schema = f"test_{self._schemas}"
        with psycopg.connect(self._url(""), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}".encode())
        return self._url(f"&options={quote(f'-csearch_path={schema}')}")

    def _url(self, more: str) -> str:
        return f"postgresql://tests@/postgres?host={quote(str(self._folder), safe='')}{more}"


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A new server, stopped and removed in the end. Not durable: a test's data need not survive the machine."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # a socket's path has at most 107 characters
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    data, log = folder / "data", folder / "log"
    try:
        _run("initdb", "--pgdata", str(data), "--username", "tests", "--auth", "trust", "--no-sync", "--locale", "C")
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        _run("pg_ctl", "--pgdata", str(data), "--log", str(log), "-o", settings, "--wait", "start")
        try:
            yield PostgresServer(folder)
        finally:
            _run("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder)


def _run(program: str, *arguments: str) -> None:
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    subprocess.run(
        [_path_of(program), *arguments], check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, timeout=120
    )


def _path_of(program: str) -> Path:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    assert newest, f"{program} is missing: install Debian's package postgresql"
    return newest[-1]
