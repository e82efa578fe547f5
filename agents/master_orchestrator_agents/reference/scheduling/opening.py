"""When a workshop is open: its hours in its own zone, without its public holidays."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from master_orchestrator_agents.reference.scheduling.network import Workshop
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.zoned import local_time, millis


class OpeningHours:
    """Open slots per local day, remembered."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, date], range] = {}

    def slots(self, workshop: Workshop, day: date) -> range:
        """The slots of the day that lie wholly within the opening hours; empty on closed days."""
        key = (workshop.workshop_id, day)
        if key not in self._days:
            self._days[key] = _slots(workshop, day)
        return self._days[key]


def local_day(workshop: Workshop, at_ms: int) -> date:
    """The date at the workshop."""
    return local_time(at_ms, ZoneInfo(workshop.zone)).date()


def _slots(workshop: Workshop, day: date) -> range:
    if day.weekday() not in workshop.hours or day in _holidays(workshop.country, workshop.subdivision, day.year):
        return range(0)
    opens, closes = (_at(workshop, day, minutes) for minutes in workshop.hours[day.weekday()])
    return range(-(-opens // SLOT_MS), closes // SLOT_MS)


def _at(workshop: Workshop, day: date, minutes: int) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(workshop.zone))
    return millis(midnight + timedelta(minutes=minutes))  # wall-clock arithmetic: 08:00 is 08:00 on a 23-hour day too


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
