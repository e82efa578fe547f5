"""Who works when at a workshop: its hours in its own zone, shifts, on-call hours, holidays, absences. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from master_orchestrator_agents.reference.scheduling.network import Technician, WeekHours, Workshop
from master_orchestrator_agents.reference.scheduling.schema import SLOT_MS
from master_orchestrator_agents.reference.zoned import local_time, millis

SUNDAY = 6
CLOSED = range(0)


@dataclass(frozen=True)
class WorkDay:
    """The slots of one day from the first to the last in which there is work, and masks of them (bit 0: the first).

    ``bays``: when a car can be worked on; ``technicians``: when each of them is there.
    """

    slots: range
    bays: int
    technicians: Mapping[str, int]

    def of(self, resource: str) -> int:
        """When a bay or a technician is at work."""
        return self.technicians.get(resource, self.bays)


class OpeningHours:
    """The days of workshops, remembered."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, date, bool], WorkDay] = {}

    def day(self, workshop: Workshop, day: date, *, urgent: bool) -> WorkDay:
        """Slots that lie wholly within the hours; of ``urgent`` work the on-call hours too. None on closed days."""
        key = (workshop.workshop_id, day, urgent)
        if key not in self._days:
            self._days[key] = _work_day(workshop, day, urgent=urgent)
        return self._days[key]

    def clear(self) -> None:
        """Forget them: the workshops have changed."""
        self._days.clear()


def local_day(workshop: Workshop, at_ms: int) -> date:
    """The date at the workshop."""
    return local_time(at_ms, ZoneInfo(workshop.zone)).date()


def local_midnight(at_ms: int, zone: str) -> tuple[int, date]:
    """The beginning of the day there, milliseconds since 1970 UTC, and its date."""
    at = local_time(at_ms, ZoneInfo(zone))
    return millis(at.replace(hour=0, minute=0, second=0, microsecond=0)), at.date()


def open_h(workshop: Workshop, day: date) -> float:
    """For how many hours it is open on a day; 0 on public holidays and closures."""
    hours = workshop.hours.get(day.weekday())
    if hours is None or day in workshop.closures or day in _holidays(workshop.country, workshop.subdivision, day.year):
        return 0.0
    return (hours.to_min - hours.from_min) / 60


def _work_day(workshop: Workshop, day: date, *, urgent: bool) -> WorkDay:
    is_holiday = day in _holidays(workshop.country, workshop.subdivision, day.year)
    is_closed = is_holiday or day in workshop.closures
    opened = CLOSED if is_closed else _slots(workshop, workshop.hours, day, day.weekday())
    called = _slots(workshop, workshop.on_call, day, SUNDAY if is_holiday else day.weekday()) if urgent else CLOSED
    spans = [span for span in (opened, called) if span]
    slots = range(min(span.start for span in spans), max(span.stop for span in spans)) if spans else CLOSED
    at_work = {}
    for name, person in workshop.technicians.items():
        shift = _slots(workshop, person.shifts, day, day.weekday()) if person.shifts else slots
        planned = _mask(slots, opened) & _mask(slots, shift)
        at_work[name] = (planned | (_mask(slots, called) if person.on_call else 0)) & ~_absent(slots, person)
    return WorkDay(slots, _mask(slots, opened) | _mask(slots, called), at_work)


def _absent(slots: range, person: Technician) -> int:
    """The slots in which a technician is away."""
    mask = 0
    for from_ms, to_ms in person.absences:
        mask |= _mask(slots, range(from_ms // SLOT_MS, -(-to_ms // SLOT_MS)))
    return mask


def _mask(slots: range, part: range) -> int:
    """The bits of ``slots`` that lie in ``part``."""
    start, stop = max(part.start, slots.start), min(part.stop, slots.stop)
    return ((1 << (stop - start)) - 1) << (start - slots.start) if stop > start else 0


def _slots(workshop: Workshop, week: WeekHours, day: date, weekday: int) -> range:
    if weekday not in week:
        return CLOSED
    opens, closes = (_at(workshop, day, minutes) for minutes in week[weekday])
    return range(-(-opens // SLOT_MS), closes // SLOT_MS)


def _at(workshop: Workshop, day: date, minutes: int) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(workshop.zone))
    return millis(midnight + timedelta(minutes=minutes))  # wall-clock arithmetic: 08:00 is 08:00 on a 23-hour day too


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
