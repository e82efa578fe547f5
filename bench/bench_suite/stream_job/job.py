"""The job that all stream engines do: per key a count, kept durably, and one output per record.

Imported by the workers of several virtual environments: nothing but the standard library.
"""

import random
import struct
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

INPUT, OUTPUT, CHANGELOG = "stream.input", "stream.output", "stream.changelog"
PARTITIONS = 4
KEYS = 1_000
VALUE_BYTES = 300
OUTPUT_BYTES = 100
_COUNT = struct.Struct(">q")
_POOL_BYTES = 1 << 20


class JobInput(NamedTuple):
    """One record to process; its value says nothing and does not compress."""

    key: bytes
    value: bytes


@dataclass(frozen=True)
class JobLoad:
    """How many records wait: those of the warm-up, then those that are measured."""

    warm_up: int
    measured: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.warm_up + self.measured

    def inputs(self) -> list[JobInput]:
        """The records, the same ones each time."""
        chance = random.Random(1)
        pool = chance.randbytes(_POOL_BYTES)
        return [_input(chance, pool) for _ in range(self.total)]

    def counts(self) -> Counter[bytes]:
        """What each key must come to."""
        return Counter(key for key, _ in self.inputs())


def _input(chance: random.Random, pool: bytes) -> JobInput:
    at = chance.randrange(_POOL_BYTES - VALUE_BYTES)
    return JobInput(b"vehicle-%04d" % chance.randrange(KEYS), pool[at : at + VALUE_BYTES])


def output(count: int, value: bytes) -> bytes:
    """The output of a record that made its key's count ``count``: the count, and the value's first bytes."""
    return _COUNT.pack(count) + value[: OUTPUT_BYTES - _COUNT.size]


def pack_count(count: int) -> bytes:
    """The state of a key: 8 bytes."""
    return _COUNT.pack(count)


def unpack_count(stored: bytes | None) -> int:
    """The count at the beginning of a state or an output; 0 where there is none."""
    return _COUNT.unpack_from(stored)[0] if stored else 0
