"""What stands in the table and its changelog, but for the outbox: vehicles and the position record. Pure.

- A vehicle's key is its id in UTF-8; its value starts with the earliest deadline (8 bytes, big-endian milliseconds, 0
  for none) so that a scan for timers decodes only the vehicles that wait for something. The rest is the core's state.
- Reserved keys begin with a NUL byte, which no vehicle id can contain.
"""

import struct
from collections.abc import Mapping

import msgspec

POSITION_KEY = b"\x00position"

_DUE = struct.Struct(">q")
_encode = msgspec.msgpack.Encoder().encode
_decode_positions = msgspec.msgpack.Decoder(dict[str, int]).decode


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
