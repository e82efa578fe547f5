"""Times as people and machines write them, and the likely mistake behind one that cannot be."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from master_orchestrator_schemas.headers import rfc3339

EARLIEST_MS = 946_684_800_000
"""2000-01-01. No vehicle that reports was read before: an earlier time is a mistake."""

END_OF_CENTURY_MS = 4_102_444_800_000
"""2100-01-01."""

SECOND_MS, MINUTE_MS, DAY_MS, YEAR_MS = 1_000, 60_000, 86_400_000, 366 * 86_400_000
MIN_OFFSET_MS, MAX_OFFSET_MS = 25 * MINUTE_MS, 14 * 60 * MINUTE_MS
"""Of a time zone from UTC, east of it, with some minutes for the way of a reading (Kiribati is at UTC+14)."""

EXCEL_EPOCH_MS = -25_569 * DAY_MS
"""1899-12-30, from which spreadsheets count days."""

APPLE_EPOCH_MS = 978_307_200_000
"""2001-01-01, from which Apple's systems count seconds."""

MAX_DRIVE_MS = 30 * DAY_MS
_LEAP_SECOND = re.compile(r"(?<=\d\d:\d\d):60")


def parse_instant(text: str, zone: tzinfo | None = UTC) -> datetime:
    """The moment of an ISO 8601 (RFC 3339) text, lower case and leap seconds (``:60``) included.

    Args:
        text: such as ``2026-01-31T12:00:00.250Z``.
        zone: of a text that names none; None is this machine's own.

    Raises:
        ValueError: it is not such a text, or its time is outside of what ``datetime`` holds.
    """
    upper = text.strip().upper()
    plain = _LEAP_SECOND.sub(":59", upper)
    try:
        moment = aware(datetime.fromisoformat(plain), zone)
        return moment + timedelta(seconds=1) if plain != upper else moment  # as POSIX counts: 23:59:60 is 00:00:00
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from error


def aware(moment: datetime, zone: tzinfo | None = UTC) -> datetime:
    """The moment with a zone; ``zone`` counts where it has none, and None is this machine's own."""
    if moment.tzinfo is not None:
        return moment
    return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)


def finer_unit(number: float) -> str | None:
    """The unit in which a number that is too large for milliseconds would be a time of this century."""
    for unit, per_ms in (("microseconds", 1e3), ("nanoseconds", 1e6)):
        if EARLIEST_MS <= number / per_ms < END_OF_CENTURY_MS:
            return unit
    return None


def mistake_in(ts_ms: int, now_ms: int, max_future_ms: int) -> str | None:
    """What is wrong with a sender's time, and the likely cause; None if nothing is.

    A time before 2000 is wrong, and one further ahead of ``now_ms`` than ``max_future_ms``. Where ``now_ms`` itself is
    before 2000, nothing is known of the present and only what is ahead of it is wrong.
    """
    if ts_ms > now_ms + max_future_ms:
        ahead = f"ts_ms {ts_ms} is {(ts_ms - now_ms) // SECOND_MS} s ahead of the broker's clock"
        return f"{ahead} ({rfc3339(ts_ms)}): {_cause_ahead(ts_ms, now_ms)}"
    if ts_ms < EARLIEST_MS <= now_ms:
        return f"ts_ms {ts_ms} is before the year 2000 ({rfc3339(ts_ms)}): {_cause_behind(ts_ms, now_ms)}"
    return None


def _cause_ahead(ts_ms: int, now_ms: int) -> str:
    for counted, unit in ((ts_ms // 1_000, "microseconds"), (ts_ms // 1_000_000, "nanoseconds")):
        if _is_recent(counted, now_ms):
            return f"it looks like {unit}; send milliseconds"
    if any(_is_compact_date(number) for number in (ts_ms, ts_ms // 1_000)):
        return "it looks like a date written as a number; send ISO 8601 (2026-01-31T12:00:00Z) or milliseconds"
    ahead_ms = ts_ms - now_ms
    if MIN_OFFSET_MS <= ahead_ms <= MAX_OFFSET_MS and _near_quarter_hour(ahead_ms):
        return "it looks like local time sent as UTC; send UTC, or the offset with the time (…T12:00:00+02:00)"
    return "set the sender's clock"


def _cause_behind(ts_ms: int, now_ms: int) -> str:
    if _is_recent(ts_ms * 1_000, now_ms):
        return "it looks like seconds; send milliseconds, or the seconds as timestamp"
    if any(_is_recent(EXCEL_EPOCH_MS + int(days * DAY_MS), now_ms) for days in (ts_ms, ts_ms / 1_000)):
        return "it looks like a spreadsheet's day number; send ISO 8601 (2026-01-31T12:00:00Z) or milliseconds"
    if any(_is_compact_date(number) for number in _both(ts_ms)):
        return "it looks like a date written as a number; send ISO 8601 (2026-01-31T12:00:00Z) or milliseconds"
    if ts_ms <= MAX_DRIVE_MS:
        return "it looks like the time since the start of the drive or of the device; send the time since 1970"
    if abs(APPLE_EPOCH_MS + ts_ms - now_ms) < YEAR_MS:
        return "it looks like seconds since 2001 (Apple's epoch); send the time since 1970"
    return "the clock was never set; set it (GPS, NTP) before it sends"


def _both(ts_ms: int) -> Iterator[int]:
    """The number as it may have been written: taken for milliseconds, or for seconds and scaled."""
    yield ts_ms
    yield ts_ms // 1_000


def _is_recent(at_ms: int, now_ms: int) -> bool:
    """From 2000 to a day from now: what a reading's time would be."""
    return EARLIEST_MS <= at_ms <= now_ms + DAY_MS


def _is_compact_date(number: int) -> bool:
    text = str(number)
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(text))
    if form is None:
        return False
    try:
        return 2000 <= datetime.strptime(text, form).replace(tzinfo=UTC).year < 2100
    except ValueError:
        return False


def _near_quarter_hour(ahead_ms: int) -> bool:
    """Zones differ from UTC by quarters of an hour; a reading comes some minutes after it was taken."""
    quarter = 15 * MINUTE_MS
    return -ahead_ms % quarter <= 5 * MINUTE_MS or ahead_ms % quarter <= MINUTE_MS
