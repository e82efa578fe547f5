"""A PostgreSQL of the bench's own, as durable as it comes: fsync and synchronous_commit on."""

import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_suite.contenders import UnavailableError
from bench_suite.workflow_peers.processes import LOOPBACK, ChildProcess, CommandLine
from master_orchestrator.cluster.node_settings import free_port

OWNERS = ("postgres", "nobody")
"""It does not run as root: who runs it then, the first there is."""


def postgres_folder() -> Path:
    """Where its programs are. Raises :class:`UnavailableError`."""
    named = shutil.which("initdb")
    places = [Path(named).resolve().parent] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        raise UnavailableError("PostgreSQL is not installed (Debian, Ubuntu: apt-get install postgresql)")
    return places[-1]


@contextmanager
def database(folder: Path) -> Iterator[tuple[ChildProcess, str]]:
    """A server on the cluster in ``folder``, made if it is not there, and the URL of its database.

    It listens on loopback alone, and wants the password, which is new with each cluster.
    """
    programs, place, port = postgres_folder(), folder / "postgres", free_port()
    owner = _owner()
    if not place.exists():
        _make(programs, place, owner)
    settings = ["-p", str(port), "-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories="]
    command: CommandLine = [programs / "postgres", "-D", place / "data", *settings]
    server = ChildProcess(command, folder / "database.log", cwd=place, user=owner)
    try:
        server.await_line("database system is ready to accept connections")
        yield server, f"postgresql://bench:{(place / 'password').read_text()}@{LOOPBACK}:{port}/postgres"
    finally:
        server.stop()


def _make(programs: Path, place: Path, owner: str | None) -> None:
    place.mkdir(mode=0o700)
    password = place / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16))
    if owner:
        shutil.chown(place, owner)
        shutil.chown(password, owner)
    secured = ["--auth=scram-sha-256", f"--pwfile={password}"]
    command: CommandLine = [programs / "initdb", "-D", place / "data", "-U", "bench", *secured]
    subprocess.run(command, check=True, capture_output=True, cwd=place, user=owner)


def _owner() -> str | None:
    if os.geteuid() != 0:
        return None
    there = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in OWNERS if name in there), None)
