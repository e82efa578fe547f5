"""DBOS on PostgreSQL: a library, so the workflows run in the processes that ask for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench_suite.peer_venv import peer_python
from bench_suite.workflow_peers.peer import Running
from bench_suite.workflow_peers.postgres import database, postgres_folder

PROGRAM = Path(__file__).parent / "programs" / "dbos_load.py"


@dataclass
class Dbos:
    """Two processes, as two cores have it: more of them, or more threads, make it slower."""

    name: str = "DBOS 3.4.0, PostgreSQL"
    terms: str = "fsync and synchronous_commit on"
    in_flight: int = 8
    _python: Path = field(default=Path(), init=False)

    def prepare(self, home: Path) -> None:
        """DBOS from PyPI; PostgreSQL has to be there."""
        postgres_folder()
        self._python = peer_python(home, "dbos")

    @contextmanager
    def running(self, folder: Path) -> Iterator[Running]:
        """The database; the application is the load generator."""
        with database(folder) as (server, url):
            environment = {"DATABASE_URL": url}
            yield Running({"database": server}, [self._python, PROGRAM], environment, generators=2, works_itself=True)
