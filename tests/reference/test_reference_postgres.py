"""The PostgreSQL side of the stores: what a user gets wrong, and a connection that the server has closed."""

import sys

import pytest
from support.postgres import PostgresServer

from master_orchestrator_agents.reference.postgres import DatabaseUrlError
from master_orchestrator_agents.reference.sql import open_database

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (note TEXT PRIMARY KEY) WITHOUT ROWID;"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://user:secret@host/db", "begins with postgresql://"),
        ("postgresql://user:secret@127.0.0.1:1/db", "cannot be used: .*refused"),
        ("postgresql://user:secret@127.0.0.1:port/db", "cannot be used: .*port"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_in_a_line_without_its_password(url: str, message: str) -> None:
    with pytest.raises(DatabaseUrlError, match=message) as caught:
        open_database(url, SCHEMA)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(DatabaseUrlError, match=r"master-orchestrator\[scheduling\]"):
        open_database("postgresql://host/db", SCHEMA)


def test_a_connection_that_the_server_has_closed_is_replaced(postgres: PostgresServer) -> None:
    database = open_database(postgres.new_url(), SCHEMA)
    with database.write() as sql:
        (backend,) = sql.execute("SELECT pg_backend_pid()").fetchone()
        sql.execute("INSERT INTO notes VALUES (?)", ("100 % kept",))
    with open_database(postgres.new_url(), SCHEMA).read() as other:
        other.execute("SELECT pg_terminate_backend(?)", (backend,))

    with database.read() as sql:
        assert [("100 % kept",)] == sql.execute("SELECT note FROM notes WHERE note LIKE '100 %'").fetchall()
    database.close()


def test_a_block_that_raises_is_rolled_back(postgres: PostgresServer) -> None:
    database = open_database(postgres.new_url(), SCHEMA)

    def write_and_raise() -> None:
        with database.write() as sql:
            sql.execute("INSERT INTO notes VALUES (?)", ("lost",))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_raise()

    with database.read() as sql:
        assert [] == sql.execute("SELECT note FROM notes").fetchall()
    database.close()
