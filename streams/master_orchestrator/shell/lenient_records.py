"""Reading fetched record batches so that nothing a sender can write stops the reader.

A broker checks a batch's checksum, lengths and counts. It does not check that header names are UTF-8, that the records
of an uncompressed batch count their offsets up, that nothing follows the compressed records, or how large they become.
aiokafka raises at the first and the third, jumps over others' records at the second, and takes all memory at the last;
and it meets the same batch again after each restart.

Here a record with such a header arrives with the header's name escaped. What cannot be read at all arrives as one empty
record per offset of the batch, whose header says why: it becomes a dead letter, and the original stays in its topic.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.record.default_records import DefaultRecordBatch  # type: ignore[import-untyped]  # as above
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]  # as above
from aiokafka.record.util import decode_varint  # type: ignore[import-untyped]  # as above

from master_orchestrator.errors import OrchestratorError
from master_orchestrator.shell.decompression import decompressed

UNREADABLE = "unreadable"
"""The header of a record that stands for one of an unreadable batch: why it could not be read."""

_FRAME = struct.Struct(">qi")
_BATCH = struct.Struct(">qiibIhiqqqhii")
_LOG_APPEND_TIME = 0x08


class MisplacedError(OrchestratorError):
    """A record whose offset is not in its batch, or not above the one before."""


class LenientRecord(NamedTuple):
    """A record in the form that aiokafka's fetcher takes."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    checksum: None = None


class LenientRecords:
    """The batches of one partition in a fetch response: in place of aiokafka's ``MemoryRecords``."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched, self._at = fetched, 0

    def size_in_bytes(self) -> int:
        """All bytes fetched, with a last batch that was cut off."""
        return len(self._fetched)

    def has_next(self) -> bool:
        """Whether another whole batch follows."""
        return len(self._fetched) - self._at >= _FRAME.size and self._end() <= len(self._fetched)

    def next_batch(self) -> "LenientBatch | None":
        """The next batch, None where no whole one follows."""
        if not self.has_next():
            return None
        raw, self._at = self._fetched[self._at : self._end()], self._end()
        return LenientBatch(raw)

    def _end(self) -> int:
        length: int = _FRAME.unpack_from(self._fetched, self._at)[1]
        return self._at + _FRAME.size + length


class LenientBatch:
    """aiokafka's batch, but iterating over its records never fails, and their offsets grow and stay in the batch."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._batch = MemoryRecords(raw).next_batch()
        self._next: int = self._batch.base_offset
        """The least offset that the next record may have."""

    def __getattr__(self, name: str) -> Any:  # what else the fetcher asks a batch: is it aborted, where does it end
        return getattr(self._batch, name)

    def __next__(self) -> Any:  # the marker in a control batch, which only brokers write
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            plain = decompressed(self._raw)
            try:
                yield from self._in_place(DefaultRecordBatch(plain))
            except (ValueError, KafkaError):  # of a header's name
                yield from self._in_place(_parsed(plain, self._next))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  whatever a sender's bytes do, they end up as dead letters
            yield from self._stand_ins(f"{type(error).__name__}: {error}")

    def _stand_ins(self, why: str) -> Iterator[LenientRecord]:
        """An empty record for each offset not yet read."""
        headers = [(UNREADABLE, why.encode(errors="replace"))]
        for offset in range(self._next, self._batch.next_offset):
            yield LenientRecord(offset, self._batch.max_timestamp, 1, None, b"", headers)

    def _in_place(self, records: Iterable[Any]) -> Iterator[Any]:
        end = self._batch.next_offset
        for record in records:
            if not self._next <= record.offset < end:
                raise MisplacedError(f"offset {record.offset}, where {self._next} to {end - 1} are possible")
            self._next = record.offset + 1
            yield record


def _parsed(plain: bytes, start: int) -> Iterator[LenientRecord]:
    """The records of an uncompressed batch from the offset ``start`` on. Raises ValueError, IndexError if it is broken.

    Slower than aiokafka's compiled parser, which gives up at the first header name that is not UTF-8.
    """
    base, _, _, _, _, attributes, _, first, newest, _, _, _, count = _BATCH.unpack_from(plain)
    appended = attributes & _LOG_APPEND_TIME
    fields = _Fields(plain, _BATCH.size)
    for _ in range(count):
        fields.number(), fields.number()  # length, attributes
        timestamp = first + fields.number()
        offset = base + fields.number()
        key, value = fields.content(), fields.content()
        headers = [(fields.name(), fields.content()) for _ in range(fields.number())]
        if offset >= start:
            yield LenientRecord(offset, newest if appended else timestamp, int(bool(appended)), key, value, headers)


class _Fields:
    """The fields of uncompressed records, one after the other."""

    def __init__(self, records: bytes, at: int) -> None:
        self._records, self._at = bytearray(records), at  # decode_varint wants a bytearray

    def number(self) -> int:
        number: int
        number, self._at = decode_varint(self._records, self._at)
        return number

    def content(self) -> bytes | None:
        length = self.number()
        if length < 0:
            return None
        content, self._at = bytes(self._records[self._at : self._at + length]), self._at + length
        return content

    def name(self) -> str:
        return (self.content() or b"").decode(errors="backslashreplace")
