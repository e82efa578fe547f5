"""The agents' files are closed again, whether or not anyone closes the agent."""

import gc
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from master_orchestrator_agents.reference import reference_agents
from master_orchestrator_agents.reference.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (text TEXT);"


def open_files(folder: Path) -> list[str]:
    return [file.path for file in psutil.Process().open_files() if Path(file.path).is_relative_to(folder)]


def test_agents_that_nobody_holds_any_more_hold_no_files(tmp_path: Path) -> None:
    agents = reference_agents(tmp_path)
    assert 4 <= len(open_files(tmp_path))
    del agents
    gc.collect()
    assert [] == open_files(tmp_path)


def test_a_process_that_ends_closes_them_first(tmp_path: Path) -> None:
    script = "from master_orchestrator_agents.reference import reference_agents; agents = reference_agents()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={"MASTER_ORCHESTRATOR_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "" == done.stderr
    assert [] == list((tmp_path / "agents").glob("*-wal"))


def test_a_connection_at_work_is_closed_when_it_comes_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.sqlite3", SCHEMA)
    with database.read():
        database.close()
        assert [] != open_files(tmp_path)
    assert [] == open_files(tmp_path)


def test_at_most_as_many_are_open_as_threads_were_at_work(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.sqlite3", SCHEMA)
    meeting = threading.Barrier(3)

    def work() -> None:
        with database.read():
            meeting.wait(timeout=10)

    for _ in range(2):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 3 == open_files(tmp_path).count(str(tmp_path / "notes.sqlite3"))


def test_a_file_that_is_not_a_database_is_not_kept_open(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite3").write_text("no database, " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        Database(tmp_path / "notes.sqlite3", SCHEMA)
    gc.collect()
    assert [] == open_files(tmp_path)
