"""RocksDB in trouble: only what is damaged is created again, and damage is seen."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.agent_wire import wait_until

from master_orchestrator.shell.errors import TableDamagedError, TableError, TableLockedError
from master_orchestrator.shell.restore import is_foreign
from master_orchestrator.shell.store import PartitionStore, StoreOptions, _fault, wipe

VEHICLES = 2_000


def open_store(path: Path) -> PartitionStore:
    return PartitionStore(StoreOptions().open(path))


@contextmanager
def closing(store: PartitionStore) -> Iterator[PartitionStore]:
    try:
        yield store
    finally:
        store._db.close()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A closed table whose vehicles are in one sorted file."""
    path = tmp_path / "vehicles-0.db"
    with closing(open_store(path)) as store:
        store.write({b"car-%06d" % number: b"%d" % number * 100 for number in range(VEHICLES)}, 7)
        store._db.flush()
    return path


def one_of(table: Path, pattern: str) -> Path:
    return max(table.glob(pattern), key=lambda path: path.stat().st_size)


def break_block(table: Path) -> None:
    """Turn a byte in a third of the vehicles' file."""
    path = one_of(table, "*.sst")
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)


def test_an_iteration_over_a_sound_table_gives_every_vehicle(table: Path) -> None:
    with closing(open_store(table)) as store:
        assert VEHICLES == len(list(store.vehicles()))
    with closing(open_store(table.with_name("new.db"))) as empty:
        assert [] == list(empty.vehicles())


def test_a_broken_block_is_no_end_of_the_table(table: Path) -> None:
    """Vehicles behind it would wait without end: no tick would be sent for them."""
    break_block(table)
    with closing(open_store(table)) as store, pytest.raises(TableDamagedError, match="checksum"):
        list(store.vehicles())


def test_a_table_found_damaged_while_it_was_used_is_not_opened_again_until_wiped(table: Path) -> None:
    break_block(table)
    with closing(open_store(table)) as store, pytest.raises(TableDamagedError):
        [store.get(b"car-%06d" % number) for number in range(VEHICLES)]
    with pytest.raises(TableDamagedError, match="was found damaged"):
        open_store(table)
    wipe(table)
    with closing(open_store(table)) as created:
        assert created.changelog_offset() is None


@pytest.mark.parametrize("pattern", ["MANIFEST-*", "CURRENT", "*.sst"])
@pytest.mark.parametrize("gone", [True, False], ids=["gone", "cut"])
def test_files_that_are_gone_or_cut_are_damage(table: Path, pattern: str, *, gone: bool) -> None:
    path = one_of(table, pattern)
    if gone:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:10])
    if pattern == "CURRENT" and gone:
        table.joinpath("000004.log").touch()
    with pytest.raises(TableDamagedError):
        open_store(table)


def test_a_table_that_another_one_has_open_is_locked(table: Path) -> None:
    with closing(open_store(table)), pytest.raises(TableLockedError):
        open_store(table)


def test_a_table_that_cannot_be_opened_for_want_of_file_descriptors_is_left_alone(table: Path) -> None:
    before = {path.name: path.read_bytes() for path in table.glob("*.sst")}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())), hard))
    try:
        with pytest.raises(TableError, match="Too many open files") as refused:
            open_store(table)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert TableError is type(refused.value)
    assert before == {path.name: path.read_bytes() for path in table.glob("*.sst")}
    with closing(open_store(table)) as store:
        assert 7 == store.changelog_offset()


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("IO error: No space left on device: While appending to file: /d/000009.sst", TableError),
        ("IO error: While open a file for lock: /d/LOCK: Too many open files", TableError),
        ("IO error: While mkdir if missing: /d: Permission denied", TableError),
        ("Corruption: IO error: While open a file: /d/000009.sst: Too many open files", TableError),
        ("IO error: While lock file: /d/LOCK: Resource temporarily unavailable", TableLockedError),
        ("Corruption: block checksum mismatch: stored = 1, computed = 2", TableDamagedError),
        ("something new", TableError),
    ],
)
def test_rocksdbs_words_are_told_apart(words: str, fault: type[TableError]) -> None:
    assert fault is _fault(Exception(words))


def test_a_table_is_foreign_by_the_logs_id_though_the_log_has_grown_past_it(table: Path) -> None:
    with closing(open_store(table)) as store:
        assert not is_foreign(store, b"this log", 8), "of an earlier version: it does not say"
        assert is_foreign(store, b"this log", 7), "ahead of the log"
        store.claim(b"this log")
        assert not is_foreign(store, b"this log", 8)
        assert is_foreign(store, b"another log", 1_000)
        assert VEHICLES == len(list(store.vehicles()))
        assert 7 == store.changelog_offset()


RESTORING = """
import os, sys
from pathlib import Path
from master_orchestrator.shell.store import PartitionStore, StoreOptions
store = PartitionStore(StoreOptions().open(Path(sys.argv[1])))
for offset in range({batches}):
    if offset == {flushed}:
        store.settle()
    store.restore({{b"car-%04d" % offset: os.urandom(8_000)}}, offset)
os.kill(os.getpid(), 9)
"""


def test_a_crash_during_a_restore_leaves_the_table_as_it_was_at_an_earlier_offset(tmp_path: Path) -> None:
    path, batches, flushed = tmp_path / "vehicles-0.db", 200, 150
    program = RESTORING.format(batches=batches, flushed=flushed)

    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)

    assert -9 == ended.returncode
    with closing(open_store(path)) as store:
        assert flushed - 1 == store.changelog_offset()
        assert [b"car-%04d" % number for number in range(flushed)] == [key for key, _ in store.vehicles()]


def test_what_is_restored_is_compacted_once_it_is_settled(tmp_path: Path) -> None:
    path, files = tmp_path / "vehicles-0.db", 12
    with closing(open_store(path)) as store:
        for offset in range(files):
            store.restore({b"car-1": b"%d" % offset}, offset)
            store._db.flush()
        assert files == len(store._db.live_files())
        store.settle()
        store.write({b"car-1": b"newest"}, files)
        wait_until(lambda: len(store._db.live_files()) < files, "a compaction", 30)
        assert b"newest" == store.get(b"car-1")


WRITING = """
import os, sys
from pathlib import Path
from master_orchestrator.shell.store import PartitionStore, StoreOptions
store = PartitionStore(StoreOptions().open(Path(sys.argv[1])))
for offset in range(40):
    store.write({b"car-1": b"%d" % offset, b"car-%04d" % (offset + 100): b"x" * 100}, offset)
    if offset in (9, 19, 29):  # a fourth file would start a compaction, and the kill leave half of one behind
        store.settle()
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("pattern", ["MANIFEST-*", "*.log", "*.sst"])
def test_whatever_end_is_cut_off_the_table_is_damaged_or_as_it_was_at_some_offset(tmp_path: Path, pattern: str) -> None:
    """RocksDB takes a manifest without its end for a whole one: it lost a file, and kept the newest offset."""
    whole = tmp_path / "whole.db"
    assert -9 == subprocess.run([sys.executable, "-c", WRITING, str(whole)], check=False).returncode
    (name,) = {one_of(whole, pattern).name}
    size, judged = (whole / name).stat().st_size, 0
    for cut in range(1, size, max(1, size // 60)):
        path = shutil.copytree(whole, tmp_path / f"cut-{cut}.db")
        os.truncate(path / name, size - cut)
        try:
            opened = open_store(path)
        except TableDamagedError:
            continue
        with closing(opened) as store:
            offset, judged = store.changelog_offset(), judged + 1
            known = -1 if offset is None else offset
            expected = {b"car-%04d" % (number + 100) for number in range(known + 1)}
            assert expected | ({b"car-1"} if known >= 0 else set()) == {key for key, _ in store.vehicles()}
            assert (b"%d" % known if known >= 0 else None) == store.get(b"car-1")
    assert judged or pattern == "*.sst"
