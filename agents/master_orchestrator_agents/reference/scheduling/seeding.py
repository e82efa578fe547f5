"""A default network of workshops to begin with."""

import random
from collections.abc import Iterable

from master_orchestrator_agents.reference.scheduling.network import WorkHours
from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_agents.reference.zoned import HOUR_MS

DEFAULT_WORKSHOPS = 48
URGENT_SHARE = 0.15
"""Of a day's hours of each kind of bay and skill, kept for URGENT."""
REGIONS = ("BE", "HH", "BW", "BY", "NW", "HE", "SN", "NI", "RP", "SH", "BB", "TH")
"""Subdivisions of Germany, whose public holidays differ."""
BAYS = ("standard", "standard", "standard", "standard", "heavy", "heavy", "tyre", "high_voltage")
CREWS = (
    (1.0, ("general", "engine", "brakes")),
    (1.1, ("general", "engine", "electrical")),
    (1.0, ("general", "engine", "transmission", "brakes", "electrical")),
    (1.0, ("general", "electrical", "high_voltage", "brakes")),
    (0.9, ("general", "brakes", "engine", "transmission")),
    (1.2, ("general", "electrical", "engine")),
)
"""One technician each: productivity, skills."""
WEEK = {**dict.fromkeys(range(5), WorkHours(7 * 60 + 30, 18 * 60)), 5: WorkHours(8 * 60, 13 * 60)}
"""Opening hours by weekday; closed on Sundays."""
LATE_CREWS = frozenset({2, 4, 6})
EARLY = {**dict.fromkeys(range(5), WorkHours(7 * 60 + 30, 16 * 60)), 5: WorkHours(8 * 60, 13 * 60)}
LATE = {**dict.fromkeys(range(5), WorkHours(9 * 60 + 30, 18 * 60)), 5: WorkHours(8 * 60, 13 * 60)}
"""Shifts: every second technician comes late and stays late."""
ON_CALL_EVERY = 6
"""One workshop in six has people on call."""
ON_CALL = {**dict.fromkeys(range(5), WorkHours(6 * 60, 24 * 60)), **dict.fromkeys((5, 6), WorkHours(7 * 60, 24 * 60))}
ON_CALL_CREW = 3
"""The technician who is on call: the one with the most skills."""


def seeded(seed: int, *about: object) -> random.Random:
    """A generator of its own for ``about``: the same on every machine, in every process, in any order of calls."""
    return random.Random("/".join(map(str, (seed, *about))))  # noqa: S311  a simulation keeps no secrets


def seed_workshops(sql: Sql, parts: Iterable[str], *, count: int = DEFAULT_WORKSHOPS, seed: int = 0) -> None:
    """Fill an empty store with ``count`` workshops in Germany; does nothing where there are workshops already."""
    if sql.execute("SELECT 1 FROM workshops").fetchone():
        return
    stocked = sorted(parts)
    for number in range(count):
        workshop_id = f"workshop-{number + 1:03d}"
        _insert_workshop(sql, workshop_id, REGIONS[number % len(REGIONS)])
        _insert_parts(sql, workshop_id, stocked, seeded(seed, "parts", workshop_id))
        if number % ON_CALL_EVERY == 0:
            _insert_hours(sql, "on_call", workshop_id, ON_CALL)
            sql.execute("INSERT INTO on_call_technicians VALUES (?)", (f"{workshop_id}/tech-{ON_CALL_CREW}",))


def _insert_workshop(sql: Sql, workshop_id: str, region: str) -> None:
    sql.execute(
        "INSERT INTO workshops VALUES (?, ?, 'Europe/Berlin', 'DE', ?, ?)",
        (workshop_id, f"Workshop {workshop_id[-3:]}", region, URGENT_SHARE),
    )
    _insert_hours(sql, "opening_hours", workshop_id, WEEK)
    sql.executemany(
        "INSERT INTO bays VALUES (?, ?, ?)",
        [(f"{workshop_id}/bay-{n}", workshop_id, kind) for n, kind in enumerate(BAYS, 1)],
    )
    for number, (factor, skills) in enumerate(CREWS, 1):
        technician = f"{workshop_id}/tech-{number}"
        sql.execute("INSERT INTO technicians VALUES (?, ?)", (technician, workshop_id))
        sql.executemany("INSERT INTO skills VALUES (?, ?)", [(technician, skill) for skill in skills])
        sql.executemany("INSERT INTO productivity VALUES (?, ?, ?)", [(technician, skill, factor) for skill in skills])
        _insert_hours(sql, "shifts", technician, LATE if number in LATE_CREWS else EARLY)


def _insert_hours(sql: Sql, table: str, of: str, week: dict[int, WorkHours]) -> None:
    statement = f"INSERT INTO {table} VALUES (?, ?, ?, ?)"  # noqa: S608  one of three names in this module
    sql.executemany(statement, [(of, day, *hours) for day, hours in week.items()])


def _insert_parts(sql: Sql, workshop_id: str, parts: Iterable[str], rng: random.Random) -> None:
    rows = [(workshop_id, part, rng.randint(0, 12), rng.randint(12, 72) * HOUR_MS) for part in parts]
    sql.executemany("INSERT INTO parts VALUES (?, ?, ?, ?)", rows)
