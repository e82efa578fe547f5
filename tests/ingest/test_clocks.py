"""A row's time: from a column, the time of day with a date, the start of the drive, the count of rows."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from master_orchestrator.ingest.clocks import Bounds, ColumnClock, ElapsedClock, RowClock, TimeOfDayClock
from master_orchestrator.ingest.zones import LocalTimes, zone_of

BERLIN = ZoneInfo("Europe/Berlin")
LATEST = Bounds(latest_ms=1_800_000_000_000)
DAY = datetime(2018, 2, 23)  # noqa: DTZ001  a local day


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def column(**terms: object) -> ColumnClock:
    return ColumnClock(LATEST, LocalTimes(UTC), **terms)  # type: ignore[arg-type]  # mixed keywords


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T08:00:00Z",
        "2026-03-01 08:00:00",
        "2026-03-01T09:00:00+01:00",
        1_772_352_000,
        1_772_352_000_000,
        "1772352000.0",
        "1772352000000",
        "1772352000000000",
        1_772_352_000_000_000_000,
        "20260301080000",
        "20260301080000000",
    ],
)
def test_instants_in_every_usual_form(value: object) -> None:
    assert ms("2026-03-01T08:00:00+00:00") == column().ts_ms(value, "v")


@pytest.mark.parametrize("value", ["yesterday", "", None, "nan", "inf", True, [], "2026-03-01"])
def test_what_is_not_a_time_is_said(value: object) -> None:
    with pytest.raises(ValueError, match="time"):
        column().ts_ms(value, "v")


@pytest.mark.parametrize(
    ("value", "unit", "message"),
    [
        ("46239.75", None, "spreadsheet's day number"),
        ("12.5", None, "seconds since the start"),
        ("1785952676", "ms", "looks like seconds"),
        ("2006-12-20T17:58:46Z", None, None),
        ("1985-01-01T00:00:00Z", None, "clock was not set"),
        ("2031-01-01T00:00:00Z", None, "in the future"),
        ("20310101000000", None, "in the future"),
    ],
)
def test_a_time_before_2000_or_ahead_names_its_likely_cause(value: str, unit: str | None, message: str | None) -> None:
    clock = column(unit=unit)
    if message is None:
        assert clock.ts_ms(value, "v") > 0
        return
    with pytest.raises(ValueError, match=message):
        clock.ts_ms(value, "v")


def test_a_spreadsheets_day_numbers_are_read_where_the_map_says_so() -> None:
    assert ms("2026-08-05T18:00:00+00:00") == column(excel=True).ts_ms("46239.75", "v")


def test_local_times_of_the_repeated_hour_go_on_in_its_second_turn() -> None:
    clock = ColumnClock(LATEST, LocalTimes(BERLIN))
    first, second, other = "2025-10-26 02:59:50", "2025-10-26 02:00:00", "2025-10-26 02:30:00"
    assert [ms("2025-10-26T00:59:50+00:00"), ms("2025-10-26T01:00:00+00:00")] == [
        clock.ts_ms(text, "v") for text in (first, second)
    ]
    assert ms("2025-10-26T00:30:00+00:00") == clock.ts_ms(other, "another vehicle, which has not come so far")
    assert ms("2025-10-26T01:30:00+00:00") == clock.ts_ms(other, "v")


def test_a_late_reading_within_the_repeated_hour_is_late() -> None:
    clock = ColumnClock(LATEST, LocalTimes(BERLIN))
    assert clock.ts_ms("2025-10-26 02:30:10", "v") - 1_000 == clock.ts_ms("2025-10-26 02:30:09", "v")


def test_a_local_time_that_the_clock_jumps_over_is_refused() -> None:
    with pytest.raises(ValueError, match="does not exist in Europe/Berlin"):
        ColumnClock(LATEST, LocalTimes(BERLIN)).ts_ms("2026-03-29 02:30:00", "v")


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "../etc/passwd"])
def test_a_zone_that_nobody_knows_is_said(name: str) -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        zone_of(name)


def test_the_time_of_day_goes_on_after_midnight_and_bears_a_small_step_back() -> None:
    clock = TimeOfDayClock(LATEST, DAY, LocalTimes(UTC))
    times = [clock.ts_ms(text, "v") for text in ("11:59:58.500 PM", "23:59:58.400", "00:00:01", "12:00:02 am")]
    assert ms("2018-02-23T23:59:58.500+00:00") == times[0]
    assert ms("2018-02-23T23:59:58.400+00:00") == times[1]
    assert [ms("2018-02-24T00:00:01+00:00"), ms("2018-02-24T00:00:02+00:00")] == times[2:]


@pytest.mark.parametrize("text", ["25:00:00", "00:05.0", "12:30", "13:00:00 PM", "noon", "", "12:61:00"])
def test_a_wrong_time_of_day_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"hour|time of day"):
        TimeOfDayClock(LATEST, DAY, LocalTimes(UTC)).ts_ms(text, "v")


def test_there_is_no_day_after_the_year_9999() -> None:
    clock = TimeOfDayClock(Bounds(), datetime(9999, 12, 31), LocalTimes(UTC))  # noqa: DTZ001  a local day
    clock.ts_ms("23:59:59", "v")
    with pytest.raises(ValueError, match="past the year 9999"):
        clock.ts_ms("00:00:01", "v")
    rows = RowClock(1e-300, 0, start_ms=0)
    assert 0 == rows.ts_ms(None, "v")
    with pytest.raises(ValueError, match="past the year 9999"):
        rows.ts_ms(None, "v")


def test_rows_count_at_their_rate_and_drives_are_parted_by_a_pause() -> None:
    clock = RowClock(2, 60, start_ms=0)
    clock.begin(Path("a.csv"))
    assert [0, 500, 61_000] == [clock.ts_ms(drive, "v") for drive in ("one", "one", "two")]
    clock.begin(Path("b.csv"))
    assert 61_500 + 60_000 == clock.ts_ms("two", "v")


def test_the_time_since_the_start_goes_on_with_the_next_drive() -> None:
    start_ms = ms("2026-03-01T08:00:00+00:00")
    clock = ElapsedClock(LATEST, start_ms, 60, from_first=False)
    clock.begin(Path("a.csv"))
    first = [clock.ts_ms(text, "v") - start_ms for text in ("0.5", "90", "01:40.5", "00:01:41")]
    assert [500, 90_000, 100_500, 101_000] == first
    assert 101_000 + 60_000 == clock.ts_ms("0", "v") - start_ms  # falls back: another drive in the same file
    clock.begin(Path("b.csv"))
    assert 161_000 + 60_000 + 5_000 == clock.ts_ms("5", "v") - start_ms


def test_the_time_since_the_start_may_begin_anywhere_and_in_another_unit() -> None:
    start_ms = ms("2026-03-01T08:00:00+00:00")
    clock = ElapsedClock(LATEST, start_ms, 60, factor=0.001, from_first=True)
    assert [0, 500] == [clock.ts_ms(cell, "v") - start_ms for cell in (64_000_000, 64_000_500)]
    with pytest.raises(ValueError, match="since the start"):
        clock.ts_ms("soon", "v")
