"""What a forecast is made of, and what it says.

Weeks are counted from Monday, 1 January of year 1, in the workshop's own time; a time within a week is a fraction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from master_orchestrator_agents.reference.scheduling.opening import local_midnight
from master_orchestrator_agents.reference.zoned import DAY_MS

WEEK_MS = 7 * DAY_MS
SHARE = 0.8
"""Of the weeks that come out within the interval."""


@dataclass(frozen=True)
class DemandJob:
    """An appointment of the books.

    Args:
        start, booked: when it begins, and when it was booked; in weeks.
        known: when its workflow was opened, or else ``booked``: from then on it was foreseeable.
        hours: hours of the technician.
        stands: it was not cancelled, moved to another appointment, or missed.
    """

    workshop_id: str
    start: float
    booked: float
    known: float
    hours: float
    parts: tuple[str, ...]
    stands: bool

    @property
    def week(self) -> int:
        """The week in which it begins."""
        return int(self.start)


@dataclass(frozen=True)
class OpenCase:
    """A workflow without an appointment. ``due`` (weeks): of a trend, when its limit is expected to be reached."""

    workshop_id: str
    due: float | None


@dataclass(frozen=True)
class DemandBooks:
    """All that is known at a time.

    Args:
        opens_h: workshop -> week -> hours in which it is open.
        lapsed: workflows that ended without an appointment: opened, ended (weeks).
    """

    jobs: Sequence[DemandJob]
    cases: Sequence[OpenCase]
    opens_h: Mapping[str, Mapping[int, float]]
    lapsed: Sequence[tuple[float, float]]

    def as_one(self, name: str) -> "DemandBooks":
        """All workshops as one."""
        total: dict[int, float] = {}
        for of_one in self.opens_h.values():
            for week, hours in of_one.items():
                total[week] = total.get(week, 0.0) + hours
        return replace(
            self,
            jobs=[replace(job, workshop_id=name) for job in self.jobs],
            cases=[replace(case, workshop_id=name) for case in self.cases],
            opens_h={name: total},
        )


class Estimate(NamedTuple):
    """What is expected, with an interval of ``SHARE``; ``high`` None: nobody can tell."""

    expected: float
    low: float
    high: float | None


@dataclass(frozen=True)
class DemandWeek:
    """One workshop's week.

    ``hours``: of technicians; its expected value is ``booked_h`` (what will stand of the booked hours), ``open_h`` (of
    workflows that are open without an appointment) and ``new_h`` (of what nobody knows of yet).
    """

    workshop_id: str
    week: int
    hours: Estimate
    booked_h: float
    open_h: float
    new_h: float
    parts: Mapping[str, Estimate]
    all_parts: Estimate


def week_of(at_ms: int, zone: str) -> float:
    """The week of a time, with its fraction."""
    midnight_ms, day = local_midnight(at_ms, zone)
    return (day.toordinal() - 1 + min((at_ms - midnight_ms) / DAY_MS, 0.999)) / 7


def monday(week: int) -> date:
    """The first day of a week."""
    return date.min + timedelta(weeks=week)
