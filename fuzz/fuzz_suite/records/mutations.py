"""Bytes that are almost a record."""

from collections.abc import Callable
from random import Random

from fuzz_suite.records.values import INTEGERS
from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.binary.primitives import LONG_MAX, LONG_MIN, zigzag
from master_orchestrator_schemas.codec import SINGLE_OBJECT

REGISTRY = b"\x00"
"""How a value in a schema registry's framing begins; its id follows."""
ODD_BYTES = (0x00, 0x01, 0x02, 0x7F, 0x80, 0xFF, 0xC3)
LENGTHS = (
    *(zigzag(value) for value in INTEGERS if LONG_MIN <= value <= LONG_MAX),
    b"\xff" * 9 + b"\x01", b"\xff" * 9 + b"\x7f", b"\xff" * 11, b"\x80" * 12, b"\x80" * 300,
)  # fmt: skip
FRAMES = (
    *(SINGLE_OBJECT + schema.fingerprint for schema in schema_versions()),
    *(REGISTRY + number.to_bytes(4, "big") for number in (0, 1, 2, 3, 9, 2**32 - 1)),
    b"", b"\xc3", b"\xc3\x01", b"\xc3\x02", b"\x00", b"{", b"[", b" {", b"\xef\xbb\xbf{", b"null", b"\x00\x00\x00\x00",
)  # fmt: skip
LARGEST = 256 * 1024
MUCH = (LARGEST - 30, LARGEST, LARGEST + 1, 1_500_000)


def _flip(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001 - the form of all MUTATIONS
    for _ in range(rng.choice((1, 1, 2, 8))):
        value[rng.randrange(len(value))] ^= 1 << rng.randrange(8)
    return value


def _odd(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    value[rng.randrange(len(value))] = rng.choice(ODD_BYTES)
    return value


def _cut(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    return value[: rng.randrange(len(value))]


def _drop(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    start = rng.randrange(len(value))
    del value[start : start + rng.choice((1, 2, 8, 40))]
    return value


def _repeat(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    start = rng.randrange(len(value))
    piece = value[start : start + rng.choice((1, 4, 30, 200))]
    return value[:start] + piece * rng.choice((2, 2, 3, 40)) + value[start:]


def _splice(rng: Random, value: bytearray, other: bytes) -> bytearray:
    return value[: rng.randrange(len(value))] + other[rng.randrange(len(other) + 1) :]


def _insert(rng: Random, value: bytearray, other: bytes) -> bytearray:
    start, piece = rng.randrange(len(value)), rng.randrange(len(other) + 1)
    return value[:start] + other[piece : piece + rng.choice((1, 4, 60))] + value[start:]


def _length(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    """A count or a length that claims anything; more often near the end, where Telemetry has its counts."""
    start = rng.randrange(len(value)) if rng.random() < 0.7 else max(0, len(value) - rng.randrange(1, 4))
    return value[:start] + rng.choice(LENGTHS) + value[start + rng.choice((0, 1, 1, 6)) :]


def _frame(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    return bytearray(rng.choice(FRAMES)) + value[rng.choice((0, 5, 10, 10)) :]


def _more(rng: Random, value: bytearray, other: bytes) -> bytearray:
    return value + rng.choice((b"\x00", b"\x00\x00", other, rng.randbytes(3)))


def _noise(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    return value[: rng.choice((0, 5, 10))] + rng.randbytes(rng.choice((0, 1, 2, 16, 300)))


def _huge(rng: Random, value: bytearray, other: bytes) -> bytearray:  # noqa: ARG001
    if rng.random() < 0.98:
        return value
    return value + rng.choice((b"\x00", b"\x02a", b"{", b'"', b"\xff")) * rng.choice(MUCH)


MUTATIONS: tuple[Callable[[Random, bytearray, bytes], bytearray], ...] = (
    _flip, _flip, _odd, _cut, _drop, _repeat, _splice, _insert, _length, _length, _frame, _more, _noise, _huge,
)  # fmt: skip
"""(chance, the record, another one) -> bytes."""


def mutated(rng: Random, value: bytes, other: bytes) -> bytes | None:
    """One to three mutations of a record, with pieces of another."""
    if rng.random() < 0.01:
        return rng.choice((None, b""))
    changed = bytearray(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if changed:
            changed = rng.choice(MUTATIONS)(rng, changed, other)
    return bytes(changed)
