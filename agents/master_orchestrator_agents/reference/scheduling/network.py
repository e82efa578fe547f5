"""Workshops, their bays and people: as kept in the store, and a default network to begin with."""

import random
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from master_orchestrator_agents.reference.zoned import HOUR_MS

DEFAULT_WORKSHOPS = 48
URGENT_SHARE = 0.15
"""Of a day's hours of each kind of bay and skill, kept for URGENT."""
REGIONS = ("BE", "HH", "BW", "BY", "NW", "HE", "SN", "NI", "RP", "SH", "BB", "TH")
"""Subdivisions of Germany, whose public holidays differ."""
BAYS = ("standard", "standard", "standard", "standard", "heavy", "heavy", "tyre", "high_voltage")
CREWS = (
    ("general", "engine", "brakes"),
    ("general", "engine", "electrical"),
    ("general", "engine", "transmission", "brakes", "electrical"),
    ("general", "electrical", "high_voltage", "brakes"),
    ("general", "brakes", "engine", "transmission"),
    ("general", "electrical", "engine"),
)
"""One technician each."""
WEEK = {**dict.fromkeys(range(5), (7 * 60 + 30, 18 * 60)), 5: (8 * 60, 13 * 60)}
"""Opening hours by weekday, minutes of the local day; closed on Sundays."""


def seeded(seed: int, *about: object) -> random.Random:
    """A generator of its own for ``about``: the same on every machine, in every process, in any order of calls."""
    return random.Random("/".join(map(str, (seed, *about))))  # noqa: S311  a simulation keeps no secrets


@dataclass(frozen=True)
class Workshop:
    """One workshop; ``bays``: id -> type, ``technicians``: id -> skills, ``hours``: weekday -> opens, closes (min)."""

    workshop_id: str
    zone: str
    country: str
    subdivision: str | None
    urgent_share: float
    hours: Mapping[int, tuple[int, int]]
    bays: Mapping[str, str]
    technicians: Mapping[str, frozenset[str]]


def load_network(sql: sqlite3.Connection) -> tuple[Workshop, ...]:
    """All workshops, by id."""
    rows = sql.execute(
        "SELECT workshop_id, zone, country, subdivision, urgent_share FROM workshops ORDER BY workshop_id"
    ).fetchall()
    return tuple(_load_workshop(sql, *row) for row in rows)


def _load_workshop(sql: sqlite3.Connection, workshop_id: str, *where: Any) -> Workshop:
    """``where``: zone, country, subdivision, share of URGENT."""
    own = (workshop_id,)
    hours = sql.execute("SELECT weekday, opens_min, closes_min FROM opening_hours WHERE workshop_id = ?", own)
    bays = sql.execute("SELECT bay_id, type FROM bays WHERE workshop_id = ? ORDER BY bay_id", own)
    skills: dict[str, set[str]] = {}
    people = "SELECT technician_id, skill FROM skills JOIN technicians USING (technician_id) WHERE workshop_id = ?"
    for technician, skill in sql.execute(people, own):
        skills.setdefault(technician, set()).add(skill)
    zone, country, subdivision, urgent_share = where
    return Workshop(
        workshop_id=workshop_id,
        zone=zone,
        country=country,
        subdivision=subdivision,
        urgent_share=urgent_share,
        hours={weekday: (opens, closes) for weekday, opens, closes in hours},
        bays=dict(bays.fetchall()),
        technicians={technician: frozenset(skills[technician]) for technician in sorted(skills)},
    )


def seed_workshops(
    sql: sqlite3.Connection, parts: Iterable[str], *, count: int = DEFAULT_WORKSHOPS, seed: int = 0
) -> None:
    """Fill an empty store with ``count`` workshops in Germany; does nothing where there are workshops already."""
    if sql.execute("SELECT 1 FROM workshops").fetchone():
        return
    for number in range(count):
        workshop_id = f"workshop-{number + 1:03d}"
        _insert_workshop(sql, workshop_id, REGIONS[number % len(REGIONS)])
        _insert_parts(sql, workshop_id, parts, seeded(seed, "parts", workshop_id))


def _insert_workshop(sql: sqlite3.Connection, workshop_id: str, region: str) -> None:
    sql.execute(
        "INSERT INTO workshops VALUES (?, ?, 'Europe/Berlin', 'DE', ?, ?)",
        (workshop_id, f"Workshop {workshop_id[-3:]}", region, URGENT_SHARE),
    )
    sql.executemany(
        "INSERT INTO opening_hours VALUES (?, ?, ?, ?)", [(workshop_id, day, *hours) for day, hours in WEEK.items()]
    )
    sql.executemany(
        "INSERT INTO bays VALUES (?, ?, ?)",
        [(f"{workshop_id}/bay-{n}", workshop_id, kind) for n, kind in enumerate(BAYS, 1)],
    )
    for number, crew in enumerate(CREWS, 1):
        technician = f"{workshop_id}/tech-{number}"
        sql.execute("INSERT INTO technicians VALUES (?, ?)", (technician, workshop_id))
        sql.executemany("INSERT INTO skills VALUES (?, ?)", [(technician, skill) for skill in crew])


def _insert_parts(sql: sqlite3.Connection, workshop_id: str, parts: Iterable[str], rng: random.Random) -> None:
    rows = [(workshop_id, part, rng.randint(0, 12), rng.randint(12, 72) * HOUR_MS) for part in sorted(parts)]
    sql.executemany("INSERT INTO parts VALUES (?, ?, ?, ?)", rows)
