"""Times as outsiders write them, and the mistakes behind impossible ones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_schemas.instants import EARLIEST_MS, mistake_in, parse_instant
from master_orchestrator_schemas.messages.telemetry import MAX_MS

NOW_MS = 1_785_952_800_000  # 2026-08-05T18:00:00Z
TEN_MINUTES = 600_000
HOUR = 3_600_000
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        (" 2026-01-31 12:00:00 ", NOON),
        ("2026-01-31T13:00:00+01:00", NOON),
        ("20260131T120000Z", NOON),
        ("2026-01-31T12:00:00.123456789Z", NOON + timedelta(microseconds=123_456)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31t23:59:60.5z", datetime(2017, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2017-01-01T00:59:60+01:00", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_however_it_is_written(text: str, moment: datetime) -> None:
    assert moment == parse_instant(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31T12:00:61Z", "2026-13-01", "9999-12-31T23:59:60Z"])
def test_what_is_not_a_time_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@pytest.mark.parametrize(
    ("ts_ms", "cause"),
    [
        (NOW_MS // 1_000, "looks like seconds"),
        (NOW_MS * 1_000, "microseconds"),
        (int(46_239.7 * 1_000), "spreadsheet"),  # a day number taken for seconds
        (46_239, "spreadsheet"),
        (20_260_805_175_756, "a date written as a number"),
        (20_260_805_000, "a date written as a number"),
        (500, "since the start"),
        (5_500_000, "since the start"),
        (NOW_MS - 978_307_200_000, "Apple"),
        (NOW_MS + 2 * HOUR - 3_000, "local time sent as UTC"),
        (NOW_MS + 5 * HOUR + 30 * 60_000, "local time sent as UTC"),
        (NOW_MS + 13 * 60_000, "set the sender's clock"),
        (NOW_MS + 400 * 24 * HOUR, "set the sender's clock"),
        (700_000_000_000, "never set"),  # 1992
    ],
)
def test_an_impossible_time_is_told_with_its_likely_cause(ts_ms: int, cause: str) -> None:
    mistake = mistake_in(ts_ms, NOW_MS, TEN_MINUTES)

    assert mistake is not None
    assert cause in mistake
    assert str(ts_ms) in mistake
    assert "\n" not in mistake


@given(st.integers(0, MAX_MS), st.integers(0, MAX_MS))
def test_a_time_is_wrong_just_if_it_is_before_2000_or_too_far_ahead(ts_ms: int, now_ms: int) -> None:
    wrong = ts_ms > now_ms + TEN_MINUTES or ts_ms < EARLIEST_MS <= now_ms

    assert wrong == (mistake_in(ts_ms, now_ms, TEN_MINUTES) is not None)
