"""Contiguity and merge order of fetched records."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.shell.ordering import admit, in_order


class Fetched(NamedTuple):
    offset: int
    timestamp: int = 0
    key: bytes | None = b"v"
    value: bytes | None = b""
    headers: tuple[tuple[str, bytes], ...] = ()


def records(*offsets: int) -> list[Fetched]:
    return [Fetched(offset) for offset in offsets]


def test_records_in_sequence_are_admitted() -> None:
    assert admit(5, records(5, 6, 7)) == (0, 3, 8, 0, None)


def test_records_below_the_expected_offset_are_duplicates() -> None:
    assert admit(7, records(5, 6, 7)) == (2, 3, 8, 2, None)


def test_nothing_after_a_hole_is_admitted() -> None:
    assert admit(5, records(5, 9, 10)) == (0, 1, 6, 0, 9)


def test_a_hole_known_to_be_real_is_skipped_once() -> None:
    assert admit(5, records(9, 10), accepted_hole=5) == (0, 2, 11, 0, None)
    assert admit(5, records(9, 12), accepted_hole=5) == (0, 1, 10, 0, 12)


@given(st.lists(st.integers(0, 40), unique=True).map(sorted), st.integers(0, 40))
def test_only_a_run_from_the_expected_offset_is_ever_admitted(offsets: list[int], expected: int) -> None:
    admitted = admit(expected, records(*offsets))
    taken = offsets[admitted.first : admitted.last]
    assert list(range(expected, expected + len(taken))) == taken
    assert expected + len(taken) == admitted.next_offset


def test_topics_merge_by_timestamp_then_rank() -> None:
    merged = in_order({4: [Fetched(0, 10), Fetched(1, 30)], 2: [Fetched(0, 10), Fetched(1, 20)]})
    assert [(rank, record.timestamp) for rank, record in merged] == [(2, 10), (4, 10), (2, 20), (4, 30)]


@given(st.dictionaries(st.integers(0, 4), st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1))
def test_merging_keeps_every_record_and_each_topics_order(stamps: dict[int, list[int]]) -> None:
    by_rank = {rank: [Fetched(n, at) for n, at in enumerate(times)] for rank, times in stamps.items()}
    merged = list(in_order(by_rank))
    assert sum(map(len, by_rank.values())) == len(merged)
    for rank, expected in by_rank.items():
        assert expected == [record for r, record in merged if r == rank]
