"""Times as exports write them: ISO 8601, dates with slashes or dots, names of months, 12-hour clocks, bare digits."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from master_orchestrator.errors import OrchestratorError

MONTHS = {
    name: at
    for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,:](?P<fraction>\d{1,9}))?)?"
_HALF = r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
_ZONE = r"(?:\s*(?P<zone>[Zz]|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|UTC|GMT))?"
_TIME = rf"(?:[ T,_]\s*{_CLOCK}{_HALF}{_ZONE})"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}",
        rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<next>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d{{2}}){_TIME}",
        rf"(?:[A-Za-z]{{3,9}},?\s+)?(?P<day>\d{{1,2}})[- ](?P<name>[A-Za-z]{{3,9}})\.?[- ,]+(?P<year>\d{{4}}){_TIME}",
        rf"(?P<name>[A-Za-z]{{3,9}})\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}){_TIME}",
        rf"(?:[A-Za-z]{{3}}\s+)?(?P<name>[A-Za-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}{_HALF}{_ZONE}\s+(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_TIME}",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[ T_]?)(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})"
        rf"(?:[.,]?(?P<fraction>\d{{1,9}}))?{_ZONE}",
    )
)
_TIME_OF_DAY = re.compile(rf"\s*{_CLOCK}{_HALF}\s*")
_ZONE_NAME = re.compile(r"\d{2}:\d{2}\S*\s+([A-Z]{3,5})$")
_LEAP_SECOND = re.compile(r"(?<=:\d\d):60")


class UnclearDateError(OrchestratorError, ValueError):
    """A date that is one day for some readers and another for others."""


class TimeTexts:
    """Reads the times of one column, trying the form of the last one first.

    Args:
        day_first: of ``05/08/2026``; None: not known, and a date that can be both is an error.
    """

    def __init__(self, day_first: bool | None) -> None:  # noqa: FBT001 - None is a third answer
        self._day_first = day_first
        self._form = _FORMS[0]

    def parse(self, text: str) -> datetime:
        """The time, with its zone if it names one. Raises ValueError."""
        text = text.strip()
        if _LEAP_SECOND.search(text):  # as POSIX counts: 23:59:60 is 00:00:00
            return self.parse(_LEAP_SECOND.sub(":59", text)) + timedelta(seconds=1)
        if text.isdigit():  # for fromisoformat the ninth digit of 20260805175756 stands between date and time
            return self._other(text)
        try:
            moment = datetime.fromisoformat(text.upper())
        except ValueError:
            return self._other(text)
        if len(text) <= 10:
            raise ValueError("a date without a time of day")
        return moment

    def _other(self, text: str) -> datetime:
        match = self._form.fullmatch(text)
        if match is None:
            matching = ((form, form.fullmatch(text)) for form in _FORMS)
            form, match = next(((form, match) for form, match in matching if match), (None, None))
            if form is None or match is None:
                raise ValueError(_why_not(text))
            self._form = form
        return _moment(match, self._day_first)


def _why_not(text: str) -> str:
    if zone := _ZONE_NAME.search(text):
        return (
            f"names a zone, {zone[1]}, that is not clear: leave it out and give --zone (Europe/Berlin), or write +01:00"
        )
    return "not a time; write ISO 8601: 2026-01-31T12:00:00Z"


def _moment(match: re.Match[str], day_first: bool | None) -> datetime:  # noqa: FBT001 - None is a third answer
    parts = match.groupdict()
    year = int(parts["year"])
    year += 2_000 if year < 100 else 0
    month, day = _month_and_day(parts, day_first)
    return datetime(year, month, day, _hour(parts), *_rest(parts), tzinfo=_offset(parts.get("zone")))


def _month_and_day(parts: dict[str, str | None], day_first: bool | None) -> tuple[int, int]:  # noqa: FBT001
    if name := parts.get("name"):
        if (month := MONTHS.get(name[:3].lower())) is None:
            raise ValueError(f"{name} is not a month")
        return month, int(parts["day"] or 0)
    if not parts.get("first"):
        return int(parts["month"] or 0), int(parts["day"] or 0)
    first, following = int(parts["first"] or 0), int(parts["next"] or 0)
    if first > 12 or (parts["mark"] == "." and day_first is not False):
        return following, first
    if following > 12:
        return first, following
    if day_first is None and first != following:
        raise UnclearDateError("may begin with the day or the month: give --day-first or --month-first")
    return (following, first) if day_first else (first, following)


def _hour(parts: dict[str, str | None]) -> int:
    hour, half = int(parts["hour"] or 0), parts.get("half")
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(f"{hour} is not an hour of a 12-hour clock")
    return hour % 12 + (12 if half in "pP" else 0)


def _rest(parts: dict[str, str | None]) -> tuple[int, int, int]:
    fraction = (parts.get("fraction") or "")[:6]
    return int(parts["minute"] or 0), int(parts["second"] or 0), int(fraction.ljust(6, "0"))


def _offset(zone: str | None) -> tzinfo | None:
    if zone is None:
        return None
    digits = zone.upper().removeprefix("UTC").removeprefix("GMT").removeprefix("Z").replace(":", "")
    if not digits:
        return UTC
    hours, minutes = (digits[1:], "0") if len(digits) <= 3 else (digits[1:-2], digits[-2:])
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if digits[0] == "-" else offset)


def is_time(text: str) -> bool:
    """Whether a text is a date with a time of day, in one of the forms."""
    try:
        TimeTexts(day_first=True).parse(text)
    except UnclearDateError:
        return True
    except ValueError:
        return False
    return ":" in text or "T" in text.upper()


def day_comes_first(texts: Iterable[str]) -> bool | None:
    """What the dates of a column say about their own order; None where none of them is telling."""
    for text in texts:
        match = _FORMS[1].fullmatch(text.strip())
        if match and (int(match["first"]) > 12 or match["mark"] == "."):
            return True
        if match and int(match["next"]) > 12:
            return False
    return None


def time_of_day(text: str) -> timedelta:
    """The time since midnight of ``HH:MM:SS[.fff]``, also with AM or PM. Raises ValueError."""
    match = _TIME_OF_DAY.fullmatch(text)
    if match is None or match["second"] is None:
        hint = "; minutes and seconds since the start are kind elapsed" if re.match(r"\s*\d+:\d+", text) else ""
        raise ValueError(f"not a time of day (HH:MM:SS){hint}")
    parts = match.groupdict()
    minute, second, micros = _rest(parts)
    hour = _hour(parts)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("not a time of day (HH:MM:SS)")
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def duration_s(text: str) -> float:
    """Seconds of ``12.5``, ``MM:SS.f`` or ``HH:MM:SS.f``. Raises ValueError."""
    parts = text.strip().replace(",", ".").split(":")
    if len(parts) > 3:
        raise ValueError("not a duration")
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    return seconds
