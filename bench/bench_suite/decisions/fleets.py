"""Which vehicles a set is made of, and their readings. A set is a seed; the same seed gives the same readings."""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from bench_suite.decisions.journeys import HOUR_MS, Climate, Trip, journeys
from bench_suite.decisions.kinds import FAULTS, HEALTHY, VehicleKind
from bench_suite.decisions.vehicles import PhysicalVehicle, SignalRow

UNSEEN_FROM = 900
"""Sets with this seed or a higher one judge what was tuned on others; nobody looks at their vehicles while tuning."""
RATES_S = (10.0, 60.0, 150.0, 300.0, 900.0, 1_800.0)
SLOW_S = 300.0
"""From here on a vehicle drives for hours: nothing can be seen of a short trip that has two readings."""


@dataclass(frozen=True)
class PlannedVehicle:
    """One vehicle of a set.

    Args:
        vehicle_id: names kind, rate and number.
        every_s: seconds between two readings.
        seed: of everything about it.
        trips: how many it makes; the fault sets in during the ``onset``-th, or before the first reading (-1).
    """

    vehicle_id: str
    kind: VehicleKind
    every_s: float
    seed: str
    trips: int
    onset: int


def plans(
    seed: int, kinds: Sequence[VehicleKind] = FAULTS + HEALTHY, rates_s: Sequence[float] = RATES_S
) -> Iterator[PlannedVehicle]:
    """The set of a seed: every kind at every rate."""
    for number, kind in enumerate(kinds):
        for every_s in rates_s:
            rng = random.Random(f"{seed} {kind.name} {every_s:g}")
            onset = rng.choice((-1, 2, 3, 4)) if kind in FAULTS else -1
            yield PlannedVehicle(
                vehicle_id=f"set{seed}-{number:02d}-{every_s:g}s",
                kind=kind,
                every_s=every_s,
                seed=f"{seed} {kind.name} {every_s:g}",
                trips=max(onset, 0) + rng.choice((4, 5)),
                onset=onset,
            )


def readings(plan: PlannedVehicle) -> Iterator[tuple[int, SignalRow]]:
    """The vehicle's readings in order, with their times (milliseconds since 1970 UTC)."""
    rng = random.Random(plan.seed)
    climate = Climate(rng.uniform(6, 16), rng.uniform(6, 12), rng.uniform(2, 5), rng.randrange(10**6))
    trip_min = (100.0, 260.0) if plan.every_s >= SLOW_S else (24.0, 80.0)
    trips = islice(journeys(rng, rng.randrange(300), trip_min, idle=plan.kind.idle), plan.trips)
    strength, vehicle, onset_ms = rng.random(), None, None
    for number, trip in enumerate(trips):
        if vehicle is None:
            vehicle = PhysicalVehicle(rng, climate, trip.start_ms - HOUR_MS, rng.uniform(0.6, 3.0))
        if number == max(plan.onset, 0):
            onset_ms = trip.start_ms + (int(rng.uniform(0, 900_000)) if plan.onset >= 0 else -HOUR_MS)
        for at_ms in _times(rng, plan, trip):
            vehicle.go(at_ms, trip.speed_at(at_ms), running=trip.start_ms <= at_ms < trip.end_ms)
            age_s = -1.0 if onset_ms is None else (at_ms - onset_ms) / 1000
            yield at_ms, _row(vehicle, plan.kind, age_s, strength)


def _row(vehicle: PhysicalVehicle, kind: VehicleKind, age_s: float, strength: float) -> SignalRow:
    """What the sensors say, ``age_s`` after the onset."""
    truth = vehicle.truth()
    if age_s >= 0 and kind.change is not None:
        kind.change(truth, age_s, strength)
    row = vehicle.measured(truth)
    if age_s >= 0 and kind.shown is not None:
        kind.shown(row, age_s, strength)
    return row


def _times(rng: random.Random, plan: PlannedVehicle, trip: Trip) -> Iterator[int]:
    """When the vehicle reports about one trip: while it drives, and where it reports when parked, after it too."""
    every_ms = plan.every_s * 1000
    at_ms = trip.start_ms + rng.uniform(0, every_ms)
    after_ms = max(600_000, 4 * every_ms) if plan.kind.parked else 0
    while at_ms < trip.end_ms + after_ms:
        yield int(at_ms)
        at_ms += every_ms * rng.uniform(0.97, 1.03)


def write(plan: PlannedVehicle, folder: Path) -> Path:
    """The vehicle's recorded drives as a CSV file that ``ingest`` reads without a map."""
    rows = [
        {"vehicle_id": plan.vehicle_id, "ts": _iso(at_ms), **row, "dtc": row.get("dtc"), "j1939": row.get("j1939")}
        for at_ms, row in readings(plan)
    ]
    columns = dict.fromkeys(name for row in rows for name in row if not name.startswith("_"))
    path = folder / f"{plan.vehicle_id}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(columns), restval="", extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return path


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
