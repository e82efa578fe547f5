"""Workshops, their hours, bays and people, as the store has them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_schemas.vocabulary import Priority

HIGH_SHARE = 0.2
"""Of a day's hours of each kind of bay and skill, kept for HIGH besides the share of URGENT: what can wait for days
would take all of the next ones otherwise, in which alone HIGH is in time.
"""


class WorkHours(NamedTuple):
    """From when to when, minutes of the local day; past midnight above 1440."""

    from_min: int
    to_min: int


WeekHours = Mapping[int, WorkHours]
"""Weekday (0: Monday) -> hours."""


@dataclass(frozen=True)
class Technician:
    """One technician.

    Args:
        skills: skill -> productivity, the hours of labour done in an hour of work.
        shifts: empty: all opening hours.
        absences: from, to; milliseconds since 1970 UTC.
        on_call: works in the workshop's on-call hours too.
    """

    skills: Mapping[str, float]
    shifts: WeekHours
    absences: tuple[tuple[int, int], ...]
    on_call: bool


@dataclass(frozen=True)
class Workshop:
    """One workshop.

    Args:
        urgent_share: of a day's hours of each kind of bay and skill, kept for URGENT.
        hours, on_call: when it is open; when it takes URGENT vehicles besides.
        closures: days on which it is closed, beyond public holidays.
        bays, technicians: by id; of a bay its type.
    """

    workshop_id: str
    zone: str
    country: str
    subdivision: str | None
    urgent_share: float
    hours: WeekHours
    on_call: WeekHours
    closures: frozenset[date]
    bays: Mapping[str, str]
    technicians: Mapping[str, Technician]

    def share_left_by(self, priority: Priority) -> float:
        """Of a day's hours of each kind of bay and skill, what work of this priority leaves for what is more urgent."""
        if priority is Priority.URGENT:
            return 0.0
        return self.urgent_share + (HIGH_SHARE if priority > Priority.HIGH else 0.0)


def load_network(sql: Sql) -> tuple[Workshop, ...]:
    """All workshops, by id."""
    tables = _Tables(sql)
    rows = sql.execute(
        "SELECT workshop_id, zone, country, subdivision, urgent_share FROM workshops ORDER BY workshop_id"
    ).fetchall()
    return tuple(tables.workshop(*row) for row in rows)


class _Tables:
    """The rows of each workshop and technician."""

    def __init__(self, sql: Sql) -> None:
        self._hours = _week_hours(sql, "SELECT workshop_id, weekday, opens_min, closes_min FROM opening_hours")
        self._on_call = _week_hours(sql, "SELECT workshop_id, weekday, from_min, to_min FROM on_call")
        self._shifts = _week_hours(sql, "SELECT technician_id, weekday, from_min, to_min FROM shifts")
        self._closures = _grouped(sql, "SELECT workshop_id, day FROM closures")
        self._bays = _grouped(sql, "SELECT workshop_id, bay_id, type FROM bays ORDER BY bay_id")
        self._people = _grouped(sql, "SELECT workshop_id, technician_id FROM technicians ORDER BY technician_id")
        self._absences = _grouped(sql, "SELECT technician_id, from_ms, to_ms FROM absences ORDER BY from_ms")
        self._called = {technician for (technician,) in sql.execute("SELECT technician_id FROM on_call_technicians")}
        self._skills = _grouped(
            sql,
            "SELECT s.technician_id, s.skill, COALESCE(p.factor, 1.0) FROM skills s LEFT JOIN productivity p "
            "ON p.technician_id = s.technician_id AND p.skill = s.skill ORDER BY s.skill",
        )

    def workshop(
        self, workshop_id: str, zone: str, country: str, subdivision: str | None, urgent_share: float
    ) -> Workshop:
        """One of them."""
        return Workshop(
            workshop_id=workshop_id,
            zone=zone,
            country=country,
            subdivision=subdivision,
            urgent_share=urgent_share,
            hours=self._hours.get(workshop_id, {}),
            on_call=self._on_call.get(workshop_id, {}),
            closures=frozenset(date.fromisoformat(day) for (day,) in self._closures.get(workshop_id, ())),
            bays=dict(self._bays.get(workshop_id, ())),
            technicians={person: self._technician(person) for (person,) in self._people.get(workshop_id, ())},
        )

    def _technician(self, technician_id: str) -> Technician:
        return Technician(
            skills=dict(self._skills.get(technician_id, ())),
            shifts=self._shifts.get(technician_id, {}),
            absences=tuple(self._absences.get(technician_id, ())),
            on_call=technician_id in self._called,
        )


def _grouped(sql: Sql, query: str) -> dict[str, list[Any]]:
    """The other columns by the first."""
    groups = defaultdict[str, list[Any]](list)
    for key, *rest in sql.execute(query):
        groups[key].append(tuple(rest))
    return groups


def _week_hours(sql: Sql, query: str) -> dict[str, dict[int, WorkHours]]:
    return {key: {day: WorkHours(*hours) for day, *hours in rows} for key, rows in _grouped(sql, query).items()}
