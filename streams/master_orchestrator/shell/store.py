"""The RocksDB of one owned partition: raw bytes, one write batch per Kafka transaction."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import rocksdict

from master_orchestrator.shell.errors import TableError
from master_orchestrator.shell.layout import is_vehicle

OFFSET_KEY = b"__faust\x00offset__"
"""Faust's key for the newest changelog offset in this table. We keep its meaning, so Faust's recovery finds nothing."""

BLOCK_CACHE_BYTES = 64 * 1024 * 1024
WRITE_BUFFER_BYTES = 16 * 1024 * 1024
"""For all partitions of a worker together; Faust's default is a 2 GiB block cache per partition."""


class StoreOptions:
    """RocksDB options of a worker's partitions, which share one block cache and one write buffer budget."""

    def __init__(self) -> None:
        self._cache = rocksdict.Cache(BLOCK_CACHE_BYTES)
        self._buffers = rocksdict.WriteBufferManager(WRITE_BUFFER_BYTES, allow_stall=False)

    def open(self, path: Path) -> rocksdict.Rdict:
        """Open (or create) one partition's database. Raises ``Exception`` with RocksDB's words if it is damaged."""
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003  its only parameter
        options.set_write_buffer_manager(self._buffers)
        options.set_write_buffer_size(WRITE_BUFFER_BYTES // 4)
        options.set_keep_log_file_num(2)
        tables = rocksdict.BlockBasedOptions()
        tables.set_block_cache(self._cache)
        tables.set_bloom_filter(10, block_based=False)
        options.set_block_based_table_factory(tables)
        return rocksdict.Rdict(str(path), options=options)


class PartitionStore:
    """One partition's table, by raw keys and values."""

    def __init__(self, db: rocksdict.Rdict) -> None:
        self._db = db

    def get(self, key: bytes) -> bytes | None:
        """The stored value, or None."""
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:  # rocksdict raises nothing more special
            raise TableError(f"the table cannot be read: {error}") from error
        return value

    def write(self, entries: Mapping[bytes, bytes | None], changelog_offset: int) -> None:
        """Apply ``entries`` (None deletes) and note that the table is as the changelog at this offset, atomically."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in entries.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(OFFSET_KEY, b"%d" % changelog_offset)
        self._db.write(batch)

    def changelog_offset(self) -> int | None:
        """The changelog offset that the table is at; None for an empty table."""
        raw = self.get(OFFSET_KEY)
        return None if raw is None else int(raw)

    def vehicles(self) -> Iterator[tuple[bytes, bytes]]:
        """Every vehicle's (key, stored value)."""
        items = cast("Iterator[tuple[bytes, bytes]]", self._db.items())  # raw mode: bytes only
        return ((key, value) for key, value in items if is_vehicle(key))
