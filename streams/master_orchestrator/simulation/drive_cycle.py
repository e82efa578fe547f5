"""What the driver does: a plan of rests, cranks, idling and driving, fixed before the vehicle moves."""

import random
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

FIRST_TRIP_S = 19 * 60.0
"""A first trip is at least this long, so that rules on a quarter of an hour of running have something to see."""


class Ignition(StrEnum):
    """What the key says."""

    OFF = "off"
    CRANK = "crank"
    ON = "on"


class DrivePhase(NamedTuple):
    """One leg of the plan: up to ``until_s`` (seconds from the start) the key is so and the driver wants this speed."""

    until_s: float
    ignition: Ignition
    target_kmh: float


def drive_cycle(rng: random.Random, duration_s: float) -> tuple[DrivePhase, ...]:
    """A plan that covers ``duration_s``: it starts at rest; trips are parted by short stops with the engine off."""
    phases: list[DrivePhase] = []
    now = 0.0
    while now < duration_s:
        first = not phases
        for length_s, ignition, target_kmh in _trip(rng, at_least_s=FIRST_TRIP_S if first else 4 * 60.0):
            now += length_s
            phases.append(DrivePhase(now, ignition, target_kmh))
    return tuple(phases)


def _trip(rng: random.Random, at_least_s: float) -> Iterator[tuple[float, Ignition, float]]:
    yield rng.uniform(45, 75), Ignition.OFF, 0.0
    yield rng.uniform(1.0, 2.0), Ignition.CRANK, 0.0
    yield rng.uniform(20, 45), Ignition.ON, 0.0
    driven_s, length_s = 0.0, at_least_s + rng.uniform(0, 180)
    while driven_s < length_s:
        for leg_s, target_kmh in _leg(rng):
            driven_s += leg_s
            yield leg_s, Ignition.ON, target_kmh
    yield rng.uniform(8, 20), Ignition.ON, 0.0


def _leg(rng: random.Random) -> tuple[tuple[float, float], ...]:
    """Driving in town ends at a light, on the open road it goes on."""
    if rng.random() < 0.6:
        return (rng.uniform(30, 80), rng.uniform(28, 55)), (rng.uniform(8, 35), 0.0)
    return ((rng.uniform(60, 150), rng.uniform(70, 110)),)
