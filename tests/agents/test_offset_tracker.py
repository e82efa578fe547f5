"""What is committed is contiguous: nothing that is not done is ever skipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.runner.offsets import OffsetTracker
from master_orchestrator_agents.runner.quarantine.commit_metadata import CommitMetadata


def tracker_of(*offsets: int) -> OffsetTracker:
    tracker = OffsetTracker(CommitMetadata(held=True, since=offsets[0]))
    tracker.take_commit()
    for offset in offsets:
        tracker.fetched(offset)
    return tracker


def taken(tracker: OffsetTracker) -> int | None:
    mark = tracker.take_commit()
    return mark and mark.offset


def test_that_it_is_held_is_committed_first_at_the_offset_where_the_group_stands() -> None:
    tracker = OffsetTracker(CommitMetadata.acquired("", 5))
    tracker.fetched(5)

    assert (5, '{"held":true,"since":5}') == tracker.take_commit()


def test_done_out_of_order_waits_for_the_oldest() -> None:
    tracker = tracker_of(5, 6, 7)
    tracker.complete(6)
    tracker.complete(7)

    assert tracker.take_commit() is None
    tracker.complete(5)
    assert 8 == taken(tracker)


def test_a_mark_is_taken_once_unless_its_commit_fails() -> None:
    tracker = tracker_of(5)
    tracker.complete(5)

    assert 6 == taken(tracker)
    assert tracker.take_commit() is None
    tracker.commit_failed()
    assert 6 == taken(tracker)


def test_holes_in_the_log_are_stepped_over() -> None:
    tracker = tracker_of(5, 9)
    tracker.complete(5)
    assert 9 == taken(tracker)


def test_offsets_that_go_backwards_are_refused() -> None:
    with pytest.raises(RunnerError, match="fetched offset 5"):
        tracker_of(5, 6).fetched(5)


@given(st.data())
def test_no_commit_passes_an_open_record(data: st.DataObject) -> None:
    offsets = sorted(data.draw(st.sets(st.integers(0, 200), min_size=1, max_size=50)))
    tracker = tracker_of(*offsets)
    still_open = set(offsets)
    for offset in data.draw(st.permutations(offsets)):
        tracker.complete(offset)
        still_open.remove(offset)
        mark = tracker.committable
        assert all(mark <= other for other in still_open)
        assert offsets[-1] + 1 - mark == tracker.span
    assert offsets[-1] + 1 == tracker.committable
