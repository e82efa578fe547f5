"""Decompressing a fetched record batch, up to a bound."""

import gzip
import io
import struct
from collections.abc import Callable

import cramjam
from aiokafka.codec import snappy_decode  # type: ignore[import-untyped]  # aiokafka ships no types

from master_orchestrator.errors import OrchestratorError

MAX_BATCH_BYTES = 64 * 1024 * 1024
"""Of a batch's records, decompressed. Producers bound theirs at some MB; zstd makes 30 GB of one MB of blanks."""

_HEADER_BYTES = 61
_ATTRIBUTES_AT = 21
_ATTRIBUTES = struct.Struct(">h")
_CODEC_MASK = 0x07
_FIRST_ROOM, _GROWTH = 64 * 1024, 8


class DecompressionError(OrchestratorError):
    """A batch's records cannot be decompressed, or become too large."""


def decompressed(batch: bytes) -> bytes:
    """A batch of format v2 with its records uncompressed and its attributes saying so; its checksum is then wrong.

    Raises :class:`DecompressionError`, or what gzip and snappy raise at bytes they do not understand.
    """
    (attributes,) = _ATTRIBUTES.unpack_from(batch, _ATTRIBUTES_AT)
    codec = attributes & _CODEC_MASK
    if codec == 0:
        return batch
    header = bytearray(batch[:_HEADER_BYTES])
    _ATTRIBUTES.pack_into(header, _ATTRIBUTES_AT, attributes & ~_CODEC_MASK)
    return bytes(header) + _DECODERS[codec](batch[_HEADER_BYTES:])


def _gzip(records: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(records)) as stream:
        plain = stream.read(MAX_BATCH_BYTES + 1)
    if len(plain) > MAX_BATCH_BYTES:
        raise DecompressionError(f"more than {MAX_BATCH_BYTES} bytes; send smaller batches")
    return plain


def _snappy(records: bytes) -> bytes:
    plain: bytes = snappy_decode(records)  # its format bounds it: at most 21 times the compressed size
    return plain


def _lz4(records: bytes) -> bytes:
    return _into_room(cramjam.lz4.decompress_into, records)


def _zstd(records: bytes) -> bytes:
    return _into_room(cramjam.zstd.decompress_into, records)


_DECODERS = {1: _gzip, 2: _snappy, 3: _lz4, 4: _zstd}


def _into_room(decompress_into: Callable[[bytes, bytearray], int], records: bytes) -> bytes:
    """Try ever larger rooms: an attempt that does not fit ends where its room is full."""
    size = max(_FIRST_ROOM, _GROWTH * len(records))
    while True:
        room = bytearray(min(size, MAX_BATCH_BYTES))
        try:
            return bytes(memoryview(room)[: decompress_into(records, room)])
        except cramjam.DecompressionError as error:
            if size >= MAX_BATCH_BYTES:
                raise DecompressionError(f"{error} (at most {MAX_BATCH_BYTES} bytes are taken)") from error
        size *= _GROWTH
