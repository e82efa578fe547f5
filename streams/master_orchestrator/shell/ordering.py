"""Which fetched records may be applied, and in which order. Pure.

Faust and aiokafka may hand over records twice, or with a hole before them (records fetched during a rebalance are
thrown away after the consumer's position has moved past them). One fetched list comes from one fetch response,
contiguous in the log: a gap inside it is a transaction's marker or an aborted record, never a loss. A gap before its
first record may be one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from operator import attrgetter
from typing import NamedTuple, TypeVar

from master_orchestrator.shell.records import Fetched

R = TypeVar("R", bound=Fetched)


class Admitted(NamedTuple):
    """What of one topic-partition's fetched records may be applied.

    Args:
        first: the records from here on are admitted; those before are repeats. The length of the list: none is.
        next_offset: expected after them.
        hole_at: the first record's offset, where a lower one was expected; nothing was admitted. None: no hole.
    """

    first: int
    next_offset: int
    hole_at: int | None


def admit(expected: int, records: Sequence[Fetched], *, hole_is_real: bool = False) -> Admitted:
    """Admit records from ``expected`` on.

    Args:
        expected: the next offset to apply.
        records: one fetched list, not empty, by ascending offset.
        hole_is_real: a hole before the first record is known to be one in the log, and is skipped.
    """
    first = bisect_left(records, expected, key=attrgetter("offset"))
    if first == 0 and records[0].offset > expected and not hole_is_real:
        return Admitted(len(records), expected, records[0].offset)
    return Admitted(first, max(expected, records[-1].offset + 1), None)


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
