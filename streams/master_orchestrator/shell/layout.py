"""The outbox in the table and its changelog. It lies in the partition of the vehicles and of the position record
(``core/table.py``) and is written in the same transaction, so all three are always of one age.
"""

import struct
from collections.abc import Callable, Sequence

import msgspec

from master_orchestrator.shell.records import Record

OUTBOX_KEY = b"\x00outbox/"
OUTBOX_CHUNK = 900_000
"""Bytes per outbox record: under the broker's default limit of 1 MiB with room for its framing."""

_encode = msgspec.msgpack.Encoder().encode
_decode_commands = msgspec.msgpack.Decoder(list[Record]).decode


def pack_outbox(commands: Sequence[Record]) -> dict[bytes, bytes]:
    """The outbox records of a batch's commands. Each begins with the number of chunks, which hides older ones."""
    packed = _encode(commands)
    chunks = [packed[at : at + OUTBOX_CHUNK] for at in range(0, len(packed), OUTBOX_CHUNK)]
    count = struct.pack(">H", len(chunks))
    return {OUTBOX_KEY + b"%d" % index: count + chunk for index, chunk in enumerate(chunks)}


def unpack_outbox(get: Callable[[bytes], bytes | None]) -> list[Record]:
    """The commands of the newest outbox, read through ``get`` from the table."""
    first = get(OUTBOX_KEY + b"0")
    if first is None:
        return []
    (count,) = struct.unpack_from(">H", first)
    chunks = [get(OUTBOX_KEY + b"%d" % index) for index in range(count)]
    return _decode_commands(b"".join((chunk or b"")[2:] for chunk in chunks))
