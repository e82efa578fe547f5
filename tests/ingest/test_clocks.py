"""A row's time: from a column, from the time of day with a date, from the count of rows."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from master_orchestrator.ingest.clocks import ColumnClock, RowClock, TimeOfDayClock, day_of, parse_instant
from master_orchestrator.ingest.column_map import TimeRule
from master_orchestrator.ingest.errors import ColumnMapError


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


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
    ],
)
def test_instants_in_every_usual_form(value: object) -> None:
    assert ms("2026-03-01T08:00:00+00:00") == parse_instant(value)


@pytest.mark.parametrize("value", ["yesterday", "", None, "nan", "inf", True])
def test_what_is_no_time_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="when="):
        ColumnClock("when").ts_ms({"when": value})


def test_the_time_of_day_goes_on_after_midnight_and_bears_a_small_step_back() -> None:
    clock = TimeOfDayClock("t", date(2018, 2, 23))
    times = [clock.ts_ms({"t": text}) for text in ("23:59:58.500", "23:59:58.400", "00:00:01", "00:00:02")]
    assert ms("2018-02-23T23:59:58.500+00:00") == times[0]
    assert ms("2018-02-23T23:59:58.400+00:00") == times[1]
    assert [ms("2018-02-24T00:00:01+00:00"), ms("2018-02-24T00:00:02+00:00")] == times[2:]


def test_a_wrong_time_of_day_is_named() -> None:
    with pytest.raises(ValueError, match="25:00"):
        TimeOfDayClock("t", date(2018, 2, 23)).ts_ms({"t": "25:00:00"})


def test_there_is_no_day_after_the_year_9999() -> None:
    clock = TimeOfDayClock("t", date.max)
    clock.ts_ms({"t": "23:59:59"})
    with pytest.raises(ValueError, match="past the year 9999"):
        clock.ts_ms({"t": "00:00:01"})
    assert TimeOfDayClock("t", date.min).ts_ms({"t": "00:00:01"}) < 0  # which no reading takes
    rows = RowClock(TimeRule(kind="rows", rate_hz=1e-300), start_ms=0)
    assert 0 == rows.ts_ms({})
    with pytest.raises(ValueError, match="past the year 9999"):
        rows.ts_ms({})


def test_rows_count_at_their_rate_and_drives_are_parted_by_a_pause() -> None:
    clock = RowClock(TimeRule(kind="rows", rate_hz=2, group_by="file", pause_s=60), start_ms=0)
    clock.begin(Path("a.csv"))
    assert [0, 500, 61_000] == [clock.ts_ms({"file": drive}) for drive in ("one", "one", "two")]
    clock.begin(Path("b.csv"))
    assert 61_500 + 60_000 == clock.ts_ms({"file": "two"})


def test_the_day_comes_from_the_name_else_from_the_start_else_it_is_asked_for() -> None:
    start_ms = int(datetime(2020, 5, 6, 7, tzinfo=UTC).timestamp() * 1000)
    assert date(2017, 7, 10) == day_of(Path("2017-07-10_Seat_Leon.csv.gz"), start_ms)
    assert date(2020, 5, 6) == day_of(Path("drive.csv"), start_ms)
    with pytest.raises(ColumnMapError, match="--start"):
        day_of(Path("drive.csv"), None)
    with pytest.raises(ColumnMapError, match="2026-13-40 in its name is no date"):
        day_of(Path("2026-13-40_drive.csv"), start_ms)
