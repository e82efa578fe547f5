"""Contiguity and merge order of fetched records."""

from hypothesis import given
from hypothesis import strategies as st
from support.fetched_records import FetchedRecord, records

from master_orchestrator.shell.ordering import admit, in_order


def test_records_in_sequence_are_admitted() -> None:
    assert (0, 8, None) == admit(5, records(5, 6, 7))


def test_records_below_the_expected_offset_are_repeats() -> None:
    assert (2, 8, None) == admit(7, records(5, 6, 7))
    assert (3, 9, None) == admit(9, records(5, 6, 7))


def test_a_hole_before_the_first_record_admits_nothing() -> None:
    assert (2, 5, 9) == admit(5, records(9, 10))


def test_a_hole_known_to_be_real_is_skipped() -> None:
    assert (0, 11, None) == admit(5, records(9, 10), hole_is_real=True)


def test_a_gap_inside_a_fetched_list_is_a_marker_in_the_log() -> None:
    assert (0, 11, None) == admit(5, records(5, 9, 10))
    assert (1, 11, None) == admit(5, records(4, 9, 10))


@given(st.lists(st.integers(0, 40), unique=True, min_size=1).map(sorted), st.integers(0, 40))
def test_no_record_is_applied_twice_and_none_after_a_hole_at_the_front(offsets: list[int], expected: int) -> None:
    admitted = admit(expected, records(*offsets))
    taken = offsets[admitted.first :]
    assert taken == [offset for offset in taken if offset >= expected]
    assert (offsets[0] > expected) == (admitted.hole_at is not None)
    assert admitted.next_offset == (taken[-1] + 1 if taken else expected)


def test_topics_merge_by_timestamp_then_rank() -> None:
    merged = in_order(
        {4: [FetchedRecord(0, 10), FetchedRecord(1, 30)], 2: [FetchedRecord(0, 10), FetchedRecord(1, 20)]}
    )
    assert [(2, 10), (4, 10), (2, 20), (4, 30)] == [(rank, record.timestamp) for rank, record in merged]


@given(st.dictionaries(st.integers(0, 4), st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1))
def test_merging_keeps_every_record_and_each_topics_order(stamps: dict[int, list[int]]) -> None:
    by_rank = {rank: [FetchedRecord(n, at) for n, at in enumerate(times)] for rank, times in stamps.items()}
    merged = list(in_order(by_rank))
    assert sum(map(len, by_rank.values())) == len(merged)
    for rank, expected in by_rank.items():
        assert expected == [record for r, record in merged if r == rank]
