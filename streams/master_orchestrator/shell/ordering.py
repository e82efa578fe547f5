"""Which fetched records may be applied, and in which order. Pure.

Faust and aiokafka may hand over records twice, or with a hole (records fetched during a rebalance are thrown away after
the consumer's position has moved past them). A record is applied only if its offset is the expected next one.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import NamedTuple, TypeVar

from master_orchestrator.shell.records import Fetched

R = TypeVar("R", bound=Fetched)


class Admitted(NamedTuple):
    """What of one topic-partition's fetched records may be applied.

    Args:
        first, last: the admitted slice of the records.
        next_offset: expected after them.
        duplicates: records below the expected offset, dropped.
        hole_at: the offset that was found where ``next_offset`` was expected; the rest was not admitted. None: no hole.
    """

    first: int
    last: int
    next_offset: int
    duplicates: int
    hole_at: int | None


def admit(expected: int, records: Sequence[Fetched], accepted_hole: int | None = None) -> Admitted:
    """Admit records from ``expected`` on without holes.

    Args:
        expected: the next offset to apply.
        records: fetched, by ascending offset.
        accepted_hole: an expected offset at which a hole is known to be real and is skipped.
    """
    first = 0
    while first < len(records) and records[first].offset < expected:
        first += 1
    next_offset = expected
    for index in range(first, len(records)):
        offset = records[index].offset
        if next_offset not in (offset, accepted_hole):
            return Admitted(first, index, next_offset, first, offset)
        next_offset = offset + 1
    return Admitted(first, len(records), next_offset, first, None)


def in_order(by_rank: Mapping[int, Sequence[R]]) -> Iterator[tuple[int, R]]:
    """Records of several input topics as (topic rank, record): by timestamp, then rank, keeping each topic's order."""
    if len(by_rank) == 1:
        ((rank, records),) = by_rank.items()
        return ((rank, record) for record in records)
    streams = [_ranked(rank, records) for rank, records in by_rank.items()]
    return ((rank, record) for _, rank, _, record in merge(*streams, key=lambda entry: entry[:3]))


def _ranked(rank: int, records: Sequence[R]) -> Iterator[tuple[int, int, int, R]]:
    """(timestamp, rank, offset, record); a timestamp that steps back counts as the one before, to keep the order."""
    newest = 0
    for record in records:
        newest = max(newest, record.timestamp)
        yield newest, rank, record.offset, record
