"""The tables on the engines' disks: the last owner's is what its changelog says."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, cast

import rocksdict

from chaos_checker.vehicles import POSITION_KEY
from chaos_checker.violation import RuleViolation, violations_of

OWN_KEYS = frozenset({b"__faust\x00offset__", b"\x00changelog"})
"""How far the table has read its changelog, and which one; not in the changelog itself."""


class DiskTable(NamedTuple):
    """One partition's table in one engine's folder."""

    engine: str
    entries: dict[bytes, bytes | None]


def disk_tables(folders: Mapping[str, Path], table: str, partition: int) -> Iterator[DiskTable]:
    """This partition's tables that there are. An engine that runs, or a damaged table, cannot be read: left out."""
    for engine, folder in folders.items():
        for path in sorted(folder.rglob(f"{table}-{partition}.db")):
            entries = _entries(path)
            if entries is not None:
                yield DiskTable(engine, entries)


def _entries(path: Path) -> dict[bytes, bytes | None] | None:
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(False)  # noqa: FBT003  its only parameter
    try:
        database = rocksdict.Rdict(str(path), options=options, access_type=rocksdict.AccessType.read_only())
    except Exception as error:  # rocksdict's own: it has no other class for its errors
        if type(error) is not Exception:
            raise
        return None
    try:
        items = cast("Iterable[tuple[bytes, bytes | None]]", database.items())
        return {key: value for key, value in items if key not in OWN_KEYS}
    finally:
        database.close()


def current(tables: Iterable[DiskTable], changelog: Mapping[bytes, bytes | None]) -> list[DiskTable]:
    """The tables that are as new as the changelog: their position record is its newest."""
    return [table for table in tables if table.entries.get(POSITION_KEY) == changelog.get(POSITION_KEY)]


def as_logged(
    partition: int, tables: Iterable[DiskTable], changelog: Mapping[bytes, bytes | None]
) -> list[RuleViolation]:
    """A current table has the changelog's newest value of every key, and nothing else."""
    due = {key: value for key, value in changelog.items() if value is not None}
    violations = []
    for table in tables:
        wrong = [key for key in due.keys() | table.entries.keys() if due.get(key) != table.entries.get(key)]
        if wrong:
            violations.append((f"{table.engine}, partition {partition}", f"{len(wrong)} keys differ, as {wrong[0]!r}"))
    return violations_of("disk-table", violations)
