"""Which partition a record belongs to: murmur2 of its key, the default of Kafka's Java client."""

from functools import lru_cache

from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]  # has no stubs

REMEMBERED = 100_000
"""Keys whose partition is kept, about 20 MB: a look-up takes 0.2 microseconds, the hash 6 (``docs/contracts.md``)."""


@lru_cache(maxsize=REMEMBERED)
def partition_of_key(key: bytes, partitions: int) -> int:
    """The partition, of this many, that holds everything about the vehicle with this key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
