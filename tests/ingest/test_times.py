"""Times as exports write them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.file_start import start_above, start_in_name
from master_orchestrator.ingest.times import TimeTexts, UnclearDateError, day_comes_first, is_time

EVENING = datetime(2026, 8, 5, 17, 57, 56)  # noqa: DTZ001  as it is written


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-05T17:57:56",
        "2026-08-05 17:57:56",
        "2026/08/05 17:57:56",
        "2026-8-5 17:57:56",
        "05-Aug-2026 17:57:56",
        "5 Aug 2026 17:57:56",
        "Wed, 05 Aug 2026 17:57:56",
        "Aug 5, 2026 5:57:56 PM",
        "August 5, 2026 05:57:56 pm",
        "Wed Aug 05 17:57:56 2026",
        "05.08.2026 17:57:56",
        "5.8.2026 17:57:56",
        "5.8.26, 17:57:56",
        "20260805T175756",
        "20260805175756",
        "20260805_175756",
    ],
)
def test_forms_of_one_time(text: str) -> None:
    assert EVENING == TimeTexts(None).parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-05T17:57:56z",
        "2026-08-05 17:57:56 UTC",
        "2026-08-05 19:57:56 +02:00",
        "2026-08-05T19:57:56+0200",
        "Wed Aug 05 18:57:56 GMT+01:00 2026",
        "Wed Aug 05 17:57:56 GMT 2026",
        "05-Aug-2026 13:57:56 GMT-4",
        "2026-08-05T17:57:55.99999+00:00",
    ],
)
def test_a_zone_in_the_text_counts(text: str) -> None:
    moment = TimeTexts(None).parse(text)
    assert abs((EVENING.replace(tzinfo=UTC) - moment).total_seconds()) < 0.001


def test_a_leap_second_is_the_next_second() -> None:
    assert datetime(2017, 1, 1, tzinfo=UTC) == TimeTexts(None).parse("2016-12-31T23:59:60Z")


@pytest.mark.parametrize("text", ["08/05/2026 05:57:56 PM", "08-05-2026 17:57:56", "8/5/26 17:57:56"])
def test_a_date_that_can_be_two_days_is_refused_until_it_is_said_which(text: str) -> None:
    with pytest.raises(UnclearDateError, match="--day-first or --month-first"):
        TimeTexts(None).parse(text)
    assert EVENING == TimeTexts(day_first=False).parse(text)
    assert EVENING.replace(month=5, day=8) == TimeTexts(day_first=True).parse(text)


def test_what_the_dates_of_a_column_say_about_their_own_order() -> None:
    assert day_comes_first(["01/02/2026 10:00:00", "13/02/2026 10:00:00"]) is True
    assert day_comes_first(["01/02/2026 10:00:00", "01/13/2026 10:00:00"]) is False
    assert day_comes_first(["01.02.2026 10:00:00"]) is True
    assert day_comes_first(["01/02/2026 10:00:00", "soon"]) is None


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30 12:00:00", "32.01.2026 12:00:00", "12:00:00", "05-Foo-2026 1:00"]
)
def test_what_is_not_a_time(text: str) -> None:
    assert not is_time(text)


@given(
    st.text(max_size=40)
    | st.from_regex(r"\d{1,4}[-/.]\d{1,4}[-/.]\d{1,4} \d{1,2}:\d{2}(:\d{2})?( [AP]M)?", fullmatch=True)
)
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        TimeTexts(None).parse(text)
    except ValueError:
        return


def test_the_start_in_a_files_name() -> None:
    assert (datetime(2017, 7, 10), False) == start_in_name(Path("2017-07-10_Seat_Leon.csv.gz"))  # noqa: DTZ001
    assert (EVENING, True) == start_in_name(Path("2026-08-05 17-57-56.csv"))
    assert (EVENING, True) == start_in_name(Path("trackLog-20260805_175756.csv"))
    assert start_in_name(Path("drive-123456789.csv")) is None
    with pytest.raises(ColumnMapError, match="2026-13-40 in its name is not a date"):
        start_in_name(Path("2026-13-40_drive.csv"))


def test_the_start_above_the_header() -> None:
    path, lines = Path("a.csv"), ("# Vehicle = Golf", "# StartTime = 08/05/2026 05:57:56 PM")
    assert EVENING == start_above(path, lines, day_first=False)
    assert start_above(path, lines[:1], day_first=None) is None
    with pytest.raises(ColumnMapError, match="--month-first"):
        start_above(path, lines, day_first=None)
