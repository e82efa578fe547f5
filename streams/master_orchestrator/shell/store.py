"""The RocksDB of one owned partition: raw bytes, one write batch per Kafka transaction."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

import rocksdict

from master_orchestrator.core.table import is_vehicle
from master_orchestrator.shell.errors import TableDamagedError, TableError, TableLockedError

OFFSET_KEY = b"__faust\x00offset__"
"""Faust's key for the newest changelog offset in this table. We keep its meaning, so Faust's recovery finds nothing."""

LOG_KEY = b"\x00changelog"
"""Key of the id of the changelog that the table is a copy of. In the table only."""

DAMAGE = ("Corruption", "Invalid argument", "Not implemented", "NotFound")
"""RocksDB's words for files that it does not understand begin with these."""

SURROUNDINGS = (
    "No space left on device", "Disk quota exceeded", "Too many open files", "Cannot allocate memory",
    "Permission denied", "Read-only file system", "Input/output error",
)  # fmt: skip
"""Errors caused by the environment, not by the table."""

BLOCK_CACHE_BYTES = 64 * 1024 * 1024
WRITE_BUFFER_BYTES = 16 * 1024 * 1024
"""For all partitions of a worker together; Faust's default is a 2 GiB block cache per partition."""

MANY_FILES = 100_000
"""Writes do not wait for the compaction of what was restored."""

_WITHOUT_LOG = rocksdict.WriteOptions()
_WITHOUT_LOG.disable_wal = True  # type: ignore[method-assign, assignment]  # a property; its stub is wrong


class StoreOptions:
    """RocksDB options of a worker's partitions, which share one block cache and one write buffer budget."""

    def __init__(self) -> None:
        self._cache = rocksdict.Cache(BLOCK_CACHE_BYTES)
        self._buffers = rocksdict.WriteBufferManager(WRITE_BUFFER_BYTES, allow_stall=False)

    def open(self, path: Path) -> rocksdict.Rdict:
        """Open (or create) one partition's database, which is not compacted before :meth:`PartitionStore.settle`.

        RocksDB takes a manifest whose end is missing for a whole one, and with it loses files in the middle of the
        table's history, while its log still brings the newest offset. So a file that is there and that it does not know
        is damage. One that a kill has left half written is taken for it, too: that costs a restore of one partition.

        Raises :class:`TableDamagedError`, :class:`TableLockedError`, or :class:`TableError` where the table itself may
        be well: no space, no file descriptors, no right to it.
        """
        if _mark(path).exists():
            raise TableDamagedError(f"the table {path} was found damaged while it was used")
        files = {file.name for file in path.glob("*.sst")}
        try:
            db = rocksdict.Rdict(str(path), options=self._options())
        except Exception as error:  # rocksdict raises nothing more special
            raise _fault(error)(f"the table {path} cannot be opened: {error}") from error
        if forgotten := files - {str(file["name"]).lstrip("/") for file in db.live_files()}:
            db.close()
            _mark(path).touch()
            raise TableDamagedError(f"the table {path} has forgotten {', '.join(sorted(forgotten))}")
        return db

    def _options(self) -> rocksdict.Options:
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003  its only parameter
        options.set_write_buffer_manager(self._buffers)
        options.set_write_buffer_size(WRITE_BUFFER_BYTES // 4)
        options.set_keep_log_file_num(2)
        options.set_disable_auto_compactions(disable=True)  # until it is settled
        options.set_level_zero_slowdown_writes_trigger(MANY_FILES)
        options.set_level_zero_stop_writes_trigger(MANY_FILES)
        tables = rocksdict.BlockBasedOptions()
        tables.set_block_cache(self._cache)
        tables.set_bloom_filter(10, block_based=False)
        options.set_block_based_table_factory(tables)
        return options


def wipe(path: Path) -> None:
    """Remove a table that is not open."""
    shutil.rmtree(path, ignore_errors=True)
    _mark(path).unlink(missing_ok=True)


def _fault(error: Exception) -> type[TableError]:
    """What RocksDB's words mean."""
    words = str(error)
    if any(phrase in words for phrase in SURROUNDINGS):
        return TableError
    if "/LOCK: " in words:
        return TableLockedError
    return TableDamagedError if words.startswith(DAMAGE) or "No such file or directory" in words else TableError


def _mark(path: Path) -> Path:
    """The file next to a table that says: damaged. RocksDB notices a broken block only when it reads it."""
    return path.with_name(f"{path.name}.damaged")


def _batch(entries: Mapping[bytes, bytes | None], changelog_offset: int) -> rocksdict.WriteBatch:
    batch = rocksdict.WriteBatch(raw_mode=True)
    for key, value in entries.items():
        if value is None:
            batch.delete(key)
        else:
            batch.put(key, value)
    batch.put(OFFSET_KEY, b"%d" % changelog_offset)
    return batch


class _TableErrors:
    """Raises what rocksdict raises as :class:`TableError`; a table that is found damaged is marked."""

    def __init__(self, db: rocksdict.Rdict, doing: str) -> None:
        self._db, self._doing = db, doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not isinstance(error, Exception):  # rocksdict raises nothing more special
            return
        path, fault = Path(self._db.path()), _fault(error)
        if fault is TableDamagedError:
            with suppress(OSError):  # then the next start finds out again
                _mark(path).touch()
        raise fault(f"the table {path} cannot be {self._doing}: {error}") from error


class PartitionStore:
    """One partition's table, by raw keys and values. Its methods raise :class:`TableError`.

    A table that turns out to be damaged is marked, so that the next start rebuilds it.
    """

    def __init__(self, db: rocksdict.Rdict) -> None:
        self._db = db
        self._reading, self._writing = _TableErrors(db, "read"), _TableErrors(db, "written")

    def get(self, key: bytes) -> bytes | None:
        """The stored value, or None."""
        with self._reading:
            value: bytes | None = self._db.get(key)
        return value

    def write(self, entries: Mapping[bytes, bytes | None], changelog_offset: int) -> None:
        """Apply ``entries`` (None deletes) and note that the table is as the changelog at this offset, atomically."""
        self._write(_batch(entries, changelog_offset))

    def restore(self, entries: Mapping[bytes, bytes | None], changelog_offset: int) -> None:
        """The same without RocksDB's own log, until :meth:`settle`: a crash leaves the table as it was at some earlier
        offset, from which the changelog is read again. Half the time of :meth:`write`.
        """
        self._write(_batch(entries, changelog_offset), _WITHOUT_LOG)

    def settle(self) -> None:
        """Put all on disk that :meth:`restore` has not, and compact from now on; before anything else is written.

        So what is restored is compacted once, not again and again.
        """
        with self._writing:
            self._db.flush()
            self._db.set_options({"disable_auto_compactions": "false"})

    def claim(self, log_id: bytes) -> None:
        """Note which changelog the table is a copy of."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        batch.put(LOG_KEY, log_id)
        self._write(batch)

    def _write(self, batch: rocksdict.WriteBatch, options: rocksdict.WriteOptions | None = None) -> None:
        with self._writing:
            self._db.write(batch, options)

    def size_bytes(self) -> int | None:
        """Roughly how much data is in it; None of a table that is closed, or does not say."""
        try:
            return self._db.property_int_value("rocksdb.estimate-live-data-size")
        except Exception:  # noqa: BLE001  rocksdict raises nothing more special; a missing figure must not end the process
            return None

    def changelog_offset(self) -> int | None:
        """The changelog offset that the table is at; None for an empty table."""
        raw = self.get(OFFSET_KEY)
        return None if raw is None else int(raw)

    def vehicles(self) -> Iterator[tuple[bytes, bytes]]:
        """Every vehicle's (key, stored value)."""
        last = b""
        for key, value in cast("Iterator[tuple[bytes, bytes]]", self._db.items()):  # raw mode: bytes only
            last = key
            if is_vehicle(key):
                yield key, value
        self._ended_at(last)

    def _ended_at(self, last: bytes) -> None:
        """That the table's last key is this one: rocksdict's iteration ends silently at a broken block."""
        rest = self._db.iter()
        rest.seek(last)
        if rest.valid() and rest.key() == last:
            rest.next()
        with self._reading:
            rest.status()
            if rest.valid():
                raise RuntimeError(f"Corruption: nothing was read behind {last!r}")
