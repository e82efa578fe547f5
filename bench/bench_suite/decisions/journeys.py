"""When a vehicle drives and how fast: days, trips and legs, from a seed."""

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
FIRST_DAY = datetime(2025, 1, 6, tzinfo=UTC)
"""A Monday. All journeys lie in the year from then on, which is over: no reading is ahead of a clock."""
IDLE_SHARE = 0.22


class Leg(NamedTuple):
    """Up to ``until_ms`` the driver wants this speed."""

    until_ms: int
    speed_kmh: float


class Trip(NamedTuple):
    """One drive, engine on from ``start_ms`` to the end of the last leg."""

    start_ms: int
    legs: tuple[Leg, ...]

    @property
    def end_ms(self) -> int:
        """When the engine goes off."""
        return self.legs[-1].until_ms

    def speed_at(self, at_ms: int) -> float:
        """What the driver wants then (km/h)."""
        return next((leg.speed_kmh for leg in self.legs if at_ms < leg.until_ms), 0.0)


class Climate(NamedTuple):
    """Ambient temperature by season and hour (°C): a yearly and a daily swing, and each day's own weather."""

    mean_c: float
    yearly_c: float
    daily_c: float
    seed: int

    def ambient_c(self, at_ms: int) -> float:
        """The temperature at a time."""
        day, hour = divmod(at_ms / DAY_MS, 1.0)
        weather = random.Random(self.seed * 100_003 + int(day)).gauss(0, 2.5)
        season = -math.cos(2 * math.pi * (day % 365.25 - 20) / 365.25)
        return self.mean_c + self.yearly_c * season + self.daily_c * -math.cos(2 * math.pi * (hour - 0.1)) + weather


def journeys(rng: random.Random, first_day: int, trip_min: tuple[float, float], *, idle: bool) -> Iterator[Trip]:
    """Trips without end: one or two on most days from ``first_day`` of the year on, each this long (minutes).

    ``idle``: the engine mostly idles (a van that delivers, a machine that works).
    """
    day = FIRST_DAY + timedelta(days=first_day)
    while True:
        start = day + timedelta(hours=rng.uniform(5.5, 8.5))
        for _ in range(rng.choice((1, 2, 2, 2, 3))):
            trip = _trip(rng, int(start.timestamp() * 1000), rng.uniform(*trip_min), idle=idle)
            yield trip
            start = datetime.fromtimestamp(trip.end_ms / 1000, UTC) + timedelta(hours=rng.uniform(0.4, 5.0))
        day += timedelta(days=1)
        while day < start:
            day += timedelta(days=1)


def _trip(rng: random.Random, start_ms: int, minutes: float, *, idle: bool) -> Trip:
    legs: list[Leg] = [Leg(start_ms + int(rng.uniform(15_000, 60_000)), 0.0)]
    end_ms = start_ms + int(minutes * MINUTE_MS)
    while legs[-1].until_ms < end_ms:
        stands = rng.random() < (0.8 if idle else IDLE_SHARE)
        length_ms = int(rng.uniform(20, 100) * 1000) if stands and not idle else int(rng.uniform(60, 420) * 1000)
        legs.append(Leg(legs[-1].until_ms + length_ms, 0.0 if stands else rng.choice((25, 42, 48, 65, 90, 118))))
    return Trip(start_ms, tuple(legs))
