"""Dates and months as warranty systems write them. Which of two orders a file means, the file says as a whole."""

import re
from collections.abc import Iterable
from datetime import date

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?:[ T]\d{1,2}:\d{2}.*)?"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}")
_DIGITS = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_YEAR_LAST = re.compile(rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second>\d{{1,2}})[-/.](?P<year>\d{{4}}){_TIME}")
_NAMED = re.compile(rf"(?P<day>\d{{1,2}})[-. ]+(?P<name>[A-Za-z]{{3,9}})\.?[-, ]+(?P<year>\d{{4}}){_TIME}")
_MONTHS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})",
        r"(?P<month>\d{1,2})[-/.](?P<year>\d{4})",
        r"(?P<year>\d{4})(?P<month>\d{2})",
        r"(?P<name>[A-Za-z]{3,9})\.?[- ]+(?P<year>\d{4})",
    )
)
FIRST_YEAR, LAST_YEAR = 1980, 2100
UNCLEAR = "may begin with the day or the month: give --day-first or --month-first"


def day_comes_first(texts: Iterable[str]) -> bool | None:
    """What dates like 31/01/2026 say about the order of all of them; None where none tells."""
    for text in texts:
        match = _YEAR_LAST.fullmatch(text)
        if match and (int(match["first"]) > 12 or match["mark"] == "."):
            return True
        if match and int(match["second"]) > 12:
            return False
    return None


class DateReader:
    """Reads dates and months to ordinals (`date.toordinal`), each text once.

    ``day_first``: of 05/08/2026; None: not known, and a date that can be both is refused.
    """

    def __init__(self, *, day_first: bool | None) -> None:
        self._day_first = day_first
        self._known: dict[str, int] = {}

    def day(self, text: str) -> int:
        """The ordinal of a date; a time of day behind it is left out. Raises ValueError."""
        ordinal = self._known.get(text)
        if ordinal is None:
            ordinal = self._known[text] = _ordinal(*self._parts(text))
        return ordinal

    def month(self, text: str) -> int:
        """The ordinal of a month's first day, of 2026-01, 01/2026, Jan 2026 or a date. Raises ValueError."""
        for form in _MONTHS:
            match = form.fullmatch(text)
            if match:
                parts = match.groupdict()
                return _ordinal(int(parts["year"]), _month(parts), 1)
        return date.fromordinal(self.day(text)).replace(day=1).toordinal()

    def _parts(self, text: str) -> tuple[int, int, int]:
        match = _YEAR_FIRST.fullmatch(text) or _DIGITS.fullmatch(text)
        if match:
            return int(match["year"]), int(match["month"]), int(match["day"])
        if match := _NAMED.fullmatch(text):
            return int(match["year"]), _month(match.groupdict()), int(match["day"])
        match = _YEAR_LAST.fullmatch(text)
        if match is None:
            raise ValueError("is not a date: write 2026-01-31")
        return int(match["year"]), *self._order(int(match["first"]), int(match["second"]), match["mark"])

    def _order(self, first: int, second: int, mark: str) -> tuple[int, int]:
        """Month and day."""
        if self._day_first is None and mark != "." and first != second and max(first, second) <= 12:
            raise ValueError(UNCLEAR)
        is_day_first = mark == "." or first > 12 if self._day_first is None else self._day_first
        return (second, first) if is_day_first else (first, second)


def _month(parts: dict[str, str]) -> int:
    name = parts.get("name")
    if not name:
        return int(parts["month"])
    if name[:3].lower() not in _NAMES:
        raise ValueError(f"{name} is not a month: write 2026-01")
    return _NAMES.index(name[:3].lower()) + 1


def _ordinal(year: int, month: int, day: int) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"is not a year from {FIRST_YEAR} to {LAST_YEAR}: correct the date")
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        raise ValueError("is not a day of the calendar: correct the date") from None
