"""Which column of a file holds the time, and in which form: by the columns' names and a look at their first cells."""

import re
from collections.abc import Iterable, Sequence

from master_orchestrator.ingest.column_map import ColumnMap, TimeRule
from master_orchestrator.ingest.headings import name_and_unit, words_of
from master_orchestrator.ingest.row import Row
from master_orchestrator.ingest.times import day_comes_first
from master_orchestrator_schemas.measures import SECONDS, plain_unit
from master_orchestrator_schemas.values import is_no_value, number

ABSOLUTE = [
    "ts",
    "ts_ms",
    "timestamp",
    "time_stamp",
    "datetime",
    "date_time",
    "timestamp_utc",
    "utc_timestamp",
    "time_utc",
    "utc_time",
    "utc",
    "unix_time",
    "unix_timestamp",
    "unixtime",
    "epoch",
    "epoch_time",
    "event_time",
    "recorded_at",
    "measured_at",
    "sampled_at",
    "logged_at",
    "device_time",
    "gps_time",
    "local_time",
    "log_time",
    "sample_time",
    "time",
    "created_at",
    "date",
]
"""Names of times, the likeliest first; with the unit of a number behind them too (``timestamp_ms``, ``epoch_s``)."""
SINCE_START = [
    "elapsed",
    "elapsed_time",
    "time_since_start",
    "run_time",
    "seconds",
    "secs",
    "t",
    "relative_time",
    "time",
    "offset",
]
DATES = ("date", "day", "log_date", "local_date")
MIN_SINCE_1970 = 1e8
"""A number from here on counts seconds since 1970, or something finer; one below is a time since the start."""
CLOCK = re.compile(r"\s*\d{1,2}:\d{2}")


def time_rule(column_map: ColumnMap, columns: Sequence[str], sample: Sequence[Row]) -> TimeRule | None:
    """The rule of the map, or the one that the columns speak for; None where none of them is a time."""
    rule = column_map.ts or _mapped(column_map, columns) or _found(columns, sample)
    if rule is None or rule.day_first is not None or rule.kind != "column":
        return rule
    dates = cells_of(sample, (rule.date_column or rule.column or "",))
    return rule.model_copy(update={"day_first": day_comes_first(_with_time(dates, rule))})


def _with_time(dates: Iterable[str], rule: TimeRule) -> Iterable[str]:
    return (f"{text} 00:00:00" for text in dates) if rule.date_column else dates


def _mapped(column_map: ColumnMap, columns: Sequence[str]) -> TimeRule | None:
    for column in columns:
        rule = column_map.rule_for(column)
        if rule is not None and rule.field in ("ts", "timestamp", "ts_ms"):
            return TimeRule(column=column, unit="ms" if rule.field == "ts_ms" else rule.unit)
    return None


def _found(columns: Sequence[str], sample: Sequence[Row]) -> TimeRule | None:
    named = {words: (column, unit) for column in reversed(columns) for words, unit in [_split(column)]}
    for words in ABSOLUTE:
        if words in named:
            rule = _absolute(*named[words], named, sample)
            if rule is not None:
                return rule
    for words in SINCE_START:
        if words in named and (rule := _elapsed(*named[words], sample)) is not None:
            return rule
    return next((TimeRule(column=named[words][0], unit=named[words][1]) for words in ABSOLUTE if words in named), None)


def _split(column: str) -> tuple[str, str | None]:
    """A column's name in words and its unit of time, from brackets or from its last word."""
    name, unit = name_and_unit(column)
    words = words_of(name)
    if unit is not None:
        plain = plain_unit(unit)
        return words, plain if plain in SECONDS else None
    head, _, last = words.rpartition("_")
    if head and last in SECONDS and last not in ("min", "h"):
        return (words if words == "ts_ms" else head), last
    return words, None


def _absolute(
    column: str, unit: str | None, named: dict[str, tuple[str, str | None]], sample: Sequence[Row]
) -> TimeRule | None:
    """The rule of a column named as a time; None if its cells are a time since the start."""
    cells = cells_of(sample, (column,))
    if not cells and sample:
        return None
    numbers = [counted for cell in cells if (counted := number(cell)) is not None]
    if len(numbers) == len(cells) > 0:
        is_small = max(map(abs, numbers)) * (SECONDS[unit] if unit else 1.0) < MIN_SINCE_1970
        return (
            None
            if is_small and words_of(column) not in ("ts", "ts_ms", "timestamp")
            else TimeRule(column=column, unit=unit)
        )
    if cells and all(CLOCK.match(cell) for cell in cells):
        date = next((named[name][0] for name in DATES if name in named), None)
        if date is not None:
            return TimeRule(column=column, date_column=date)
        return TimeRule(kind="time_of_day", column=column)
    return TimeRule(column=column, unit=unit)


def _elapsed(column: str, unit: str | None, sample: Sequence[Row]) -> TimeRule | None:
    """The rule of a time since the start, if its unit is said."""
    if unit is None and words_of(column) not in ("seconds", "secs", "elapsed", "elapsed_time", "run_time"):
        return None
    cells = cells_of(sample, (column,))
    if any(number(cell) is None and not CLOCK.match(cell) for cell in cells):
        return None
    return TimeRule(kind="elapsed", column=column, unit=unit)


def cells_of(sample: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """The cells of some columns in the sample that hold something, as texts."""
    cells = (str(cell) for row in sample for name, cell in row.cells.items() if name in columns and cell is not None)
    return [cell for cell in cells if not is_no_value(cell)]
