"""Avro's variable-length integers, and the shapes of schemas."""

import struct
from typing import Any

from master_orchestrator_schemas.errors import OrchestratorError

Schema = Any
"""A schema's JSON: a name, a union (list), or a dict."""

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
_SIX = struct.Struct("6B")


class MalformedError(OrchestratorError, ValueError):
    """Bytes that are not what their schema says."""


class CutOffError(MalformedError):
    """Bytes that end before their schema does."""


CUT_OFF = "cut off"
NEGATIVE_LENGTH = "a negative length"
NOT_A_BOOLEAN = "not a boolean"
NO_SUCH_BRANCH = "no such branch of a union"
TOO_MANY_BYTES = "an integer of more than ten bytes"
TOO_MANY_BITS = "an integer of more than 64 bits"
TOO_MANY_ITEMS = "more items than are allowed"


def varint_rest(data: bytes, position: int, first: int) -> tuple[int, int]:
    """The unsigned value of a varint whose ``first`` byte had its high bit set, and the position after it."""
    value, shift = first & 0x7F, 7
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise MalformedError(TOO_MANY_BYTES)
    if value >= 2**64:
        raise MalformedError(TOO_MANY_BITS)
    return value, position


def read_long(data: bytes, position: int) -> tuple[int, int]:
    """A zig-zag integer and the position after it."""
    value = data[position]
    position += 1
    if value > 0x7F:
        value, position = varint_rest(data, position, value)
    return (value >> 1) ^ -(value & 1), position


def varint(value: int) -> bytes:
    """An unsigned integer."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


SHORT = tuple(varint(value) for value in range(1 << 14))
"""The varints of one and two bytes: nearly every length and number."""


def zigzag(value: int) -> bytes:
    """A signed integer of 64 bits."""
    if 1 << 34 <= value < 1 << 41:  # a time in milliseconds, the commonest long number: unrolled
        return _SIX.pack(
            value << 1 & 0x7F | 0x80,
            value >> 6 & 0x7F | 0x80,
            value >> 13 & 0x7F | 0x80,
            value >> 20 & 0x7F | 0x80,
            value >> 27 & 0x7F | 0x80,
            value >> 34,
        )
    if not LONG_MIN <= value <= LONG_MAX:
        raise ValueError(f"{value} has more than 64 bits")
    return varint(value << 1 if value >= 0 else ~(value << 1))


def nullable(schema: Schema) -> Schema | None:
    """X of ``["null", X]``, else None."""
    return schema[1] if isinstance(schema, list) and len(schema) == 2 and schema[0] == "null" else None


def kind(schema: Schema) -> str:
    """The schema's type or the name it refers to; ``union``."""
    if isinstance(schema, list):
        return "union"
    return str(schema if isinstance(schema, str) else schema["type"])
