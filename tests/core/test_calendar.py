"""Lengths of time by the calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.core.servicing.calendar import MAX_MIN, later
from master_orchestrator_schemas.topology.service_plans import CalendarTime, parse_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
minutes = st.integers(0, MAX_MIN)


def minute(at: datetime) -> int:
    return (at - EPOCH) // timedelta(minutes=1)


@pytest.mark.parametrize(
    ("since", "time", "due"),
    [
        ("2026-03-15", "24mo", "2028-03-15"),
        ("2027-03-15", "24mo", "2029-03-15"),
        ("2024-02-29", "12mo", "2025-02-28"),
        ("2024-02-29", "4y", "2028-02-29"),
        ("2026-01-31", "1mo", "2026-02-28"),
        ("2026-12-31", "2mo", "2027-02-28"),
        ("2026-11-30", "1mo", "2026-12-30"),
        ("2024-02-28", "365d", "2025-02-27"),
    ],
)
def test_an_inspection_is_due_on_the_same_day_of_the_month(since: str, time: str, due: str) -> None:
    at = datetime.fromisoformat(f"{since}T13:45+00:00")
    assert datetime.fromisoformat(f"{due}T13:45+00:00") == EPOCH + timedelta(
        minutes=later(minute(at), parse_time(time))
    )


@given(at=minutes, months=st.integers(1, 9_999 * 12))
def test_whatever_the_date_it_is_a_later_one_within_a_month_of_the_mean(at: int, months: int) -> None:
    due = later(at, CalendarTime(months=months))
    assert due >= at or due >= MAX_MIN
    expected = EPOCH + timedelta(minutes=at)
    if expected.year + months // 12 < 9_990:
        assert abs((due - at) / 1_440 - months * 30.436875) <= 4


@given(earlier=minutes, between=st.integers(0, 10_000_000), months=st.integers(1, 240))
def test_what_was_done_later_is_not_due_before(earlier: int, between: int, months: int) -> None:
    time = CalendarTime(months=months)
    assert later(earlier, time) <= later(min(earlier + between, MAX_MIN), time) + 1_440
