"""One record as it arrives from Kafka."""

import msgspec


class Arrival(msgspec.Struct, frozen=True):
    """A fetched record, as the processor takes it, and the rank of its topic."""

    rank: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
