"""What stands in the table and its changelog: vehicles, the position record, the outbox.

All three live in the same partition and are written in the same transaction, so they are always of one age.

- A vehicle's key is its id in UTF-8; its value starts with the earliest deadline (8 bytes, big-endian milliseconds, 0
  for none) so that a scan for timers decodes only the vehicles that wait for something. The rest is the core's state.
- Reserved keys begin with a NUL byte, which no vehicle id can contain.
"""

import struct
from collections.abc import Callable, Mapping, Sequence

import msgspec

from master_orchestrator.shell.records import Record

POSITION_KEY = b"\x00position"
OUTBOX_KEY = b"\x00outbox/"
OUTBOX_CHUNK = 900_000
"""Bytes per outbox record: under the broker's default limit of 1 MiB with room for its framing."""

_DUE = struct.Struct(">q")
_encode = msgspec.msgpack.Encoder().encode
_decode_positions = msgspec.msgpack.Decoder(dict[str, int]).decode


_decode_commands = msgspec.msgpack.Decoder(list[Record]).decode


def is_vehicle(key: bytes) -> bool:
    """True for the key of a vehicle, False for a reserved one (Faust's own offset key too)."""
    return not key.startswith((b"\x00", b"__faust\x00"))


def pack_vehicle(state: bytes, due_ms: int) -> bytes:
    """The stored value of a vehicle: earliest deadline (0: none) and state."""
    return _DUE.pack(due_ms) + state


def unpack_vehicle(value: bytes) -> tuple[int, bytes]:
    """The inverse of :func:`pack_vehicle`: (earliest deadline in ms or 0, state)."""
    return _DUE.unpack_from(value)[0], value[_DUE.size :]


def pack_positions(positions: Mapping[str, int]) -> bytes:
    """Input topic -> next offset to apply, as the position record's value."""
    return _encode(dict(positions))


def unpack_positions(value: bytes | None) -> dict[str, int]:
    """The inverse of :func:`pack_positions`; empty where nothing was ever stored."""
    return _decode_positions(value) if value is not None else {}


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
