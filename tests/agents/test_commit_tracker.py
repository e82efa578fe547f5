"""What is committed is contiguous: nothing that is not done is ever skipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.offsets import CommitTracker


def tracker_of(*offsets: int) -> CommitTracker:
    tracker = CommitTracker()
    for offset in offsets:
        tracker.fetched(offset)
    return tracker


def test_nothing_fetched_nothing_to_commit() -> None:
    assert CommitTracker().take_commit() is None


def test_done_out_of_order_waits_for_the_oldest() -> None:
    tracker = tracker_of(5, 6, 7)
    tracker.done(6)
    tracker.done(7)

    assert tracker.take_commit() is None
    tracker.done(5)
    assert tracker.take_commit() == 8


def test_a_mark_is_taken_once() -> None:
    tracker = tracker_of(5)
    tracker.done(5)

    assert tracker.take_commit() == 6
    assert tracker.take_commit() is None


def test_holes_in_the_log_are_stepped_over() -> None:
    tracker = tracker_of(5, 9)
    tracker.done(5)
    assert tracker.take_commit() == 9


def test_offsets_that_go_backwards_are_refused() -> None:
    with pytest.raises(RunnerError, match="fetched offset 5"):
        tracker_of(5, 6).fetched(5)


@given(st.data())
def test_no_commit_passes_an_open_record(data: st.DataObject) -> None:
    offsets = sorted(data.draw(st.sets(st.integers(0, 200), min_size=1, max_size=50)))
    tracker = tracker_of(*offsets)
    still_open = set(offsets)
    for offset in data.draw(st.permutations(offsets)):
        tracker.done(offset)
        still_open.remove(offset)
        mark = tracker.committable
        assert mark is not None
        assert all(mark <= other for other in still_open)
        assert len([each for each in offsets if each >= mark]) == tracker.span
    assert offsets[-1] + 1 == tracker.committable
