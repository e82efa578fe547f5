"""The two record shapes of the shell: what Faust's fetcher hands over, and what the engine writes."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One outgoing record, in the input's partition, but for activity. In the outbox it stands like this."""

    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes | None]] | None = None


class Fetched(Protocol):
    """What is used of a fetched record (aiokafka's ``DefaultRecord``, or a ``LenientRecord``)."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970 UTC, set by the broker."""

    @property
    def key(self) -> bytes | None:
        """The vehicle id, if the sender keeps to the contract."""

    @property
    def value(self) -> bytes | None:
        """The encoded message."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Name and value, as sent."""
