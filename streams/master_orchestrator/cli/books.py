"""SCHEDULING's books, as the commands of `schedule` open them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import Invocation, UsageError

if TYPE_CHECKING:
    from master_orchestrator_agents.reference.sql import AgentDatabase

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL",
        help="SCHEDULING's books. (default: $MASTER_ORCHESTRATOR_SCHEDULING_URL, else agents/ in the data folder)",
        show_default=False,
    ),
]


@contextmanager
def books_of(call: Invocation, database: str | None) -> Iterator[AgentDatabase]:
    """SCHEDULING's database. Raises :class:`UsageError` if there is none."""
    import sqlite3

    from master_orchestrator_agents.reference.registry import scheduling_database
    from master_orchestrator_agents.reference.scheduling.schema import SCHEMA
    from master_orchestrator_agents.reference.sql import open_database

    where = database or scheduling_database(call.settings.data_dir / "agents")
    if "://" not in str(where) and not Path(where).is_file():
        raise UsageError(f"{where}: there are no books of SCHEDULING; name them with --database, or run agents first")
    try:
        books = open_database(where, SCHEMA)
    except sqlite3.DatabaseError as error:
        raise UsageError(f"{where}: these are not books of SCHEDULING: {error}") from None
    try:
        yield books
    finally:
        books.close()
