"""Fetched records as the shell sees them."""

from typing import NamedTuple


class FetchedRecord(NamedTuple):
    offset: int
    timestamp: int = 0
    key: bytes | None = b"v"
    value: bytes | None = b""
    headers: tuple[tuple[str, bytes], ...] = ()


def records(*offsets: int) -> list[FetchedRecord]:
    """One record per offset."""
    return [FetchedRecord(offset) for offset in offsets]
