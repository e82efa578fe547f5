"""The fleet: who drives, what is broken, and all readings in order of arrival. Pure: the seed decides everything."""

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge

from master_orchestrator.simulation.drive_cycle import drive_cycle
from master_orchestrator.simulation.faults import FAULTS, VehicleFault
from master_orchestrator.simulation.transport import Emission, Transport, carried
from master_orchestrator.simulation.vehicle import SimulatedVehicle
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.messages.telemetry import VEHICLE_ID_PATTERN

MODELS = ("compact-1.4", "estate-2.0", "van-2.2")
HYBRID_MODEL = "hybrid-1.6"
HYBRID_SHARE = 0.2


@dataclass(frozen=True)
class VehiclePlan:
    """One vehicle: its number and id, its model, and the fault that sets in ``onset_s`` after the start, if any."""

    number: int
    vehicle_id: str
    model: str
    fault: VehicleFault | None
    onset_s: float


@dataclass(frozen=True)
class Fleet:
    """A fleet that drives for ``minutes`` of its own time.

    Args:
        vehicles: how many there are.
        seed: the same seed gives the same readings, bit for bit, whatever the prefix.
        fault_share: part of the vehicles that break, 0 to 1 (rounded to whole vehicles).
        minutes: how long all of them report.
        interval_s: seconds between two readings of a vehicle.
        faults: names from :data:`~master_orchestrator.simulation.faults.FAULTS` that are dealt out in turn.
        prefix: vehicle ids are ``<prefix>-0001`` and so on.
    """

    vehicles: int
    seed: int = 1
    fault_share: float = 0.3
    minutes: float = 30.0
    interval_s: float = 1.0
    faults: tuple[str, ...] = tuple(FAULTS)
    prefix: str = "sim"
    transport: Transport = field(default_factory=Transport)

    def __post_init__(self) -> None:
        unknown = set(self.faults) - set(FAULTS)
        if unknown:
            raise ValueError(f"unknown fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
        spans = (self.minutes, self.interval_s)
        if self.vehicles < 1 or not 0 <= self.fault_share <= 1 or not all(0 < span < math.inf for span in spans):
            raise ValueError(
                "a fleet has 1 vehicle or more, a fault share of 0 to 1, minutes and interval above 0, both finite"
            )
        longest = _vehicle_id(self.prefix, self.vehicles)
        if re.fullmatch(VEHICLE_ID_PATTERN, longest) is None:
            raise ValueError(f"prefix {self.prefix!r} makes {longest!r}, no vehicle id: 1 to 64 of A-Z a-z 0-9 . _ : -")

    @property
    def duration_s(self) -> float:
        """How long the fleet reports, in its own time."""
        return self.minutes * 60

    def roster(self) -> tuple[VehiclePlan, ...]:
        """All vehicles in order of id; the faulty ones are spread by the seed."""
        rng = random.Random(f"{self.seed}/roster")
        count = round(self.vehicles * self.fault_share) if self.faults else 0
        faulty = sorted(rng.sample(range(self.vehicles), count))
        kinds = list(self.faults)
        rng.shuffle(kinds)
        dealt = {index: FAULTS[kinds[turn % len(kinds)]] for turn, index in enumerate(faulty)}
        return tuple(self._plan(rng, index, dealt.get(index)) for index in range(self.vehicles))

    def _plan(self, rng: random.Random, index: int, fault: VehicleFault | None) -> VehiclePlan:
        hybrid = fault.hybrid if fault else rng.random() < HYBRID_SHARE
        return VehiclePlan(
            number=index + 1,
            vehicle_id=_vehicle_id(self.prefix, index + 1),
            model=HYBRID_MODEL if hybrid else rng.choice(MODELS),
            fault=fault,
            onset_s=rng.uniform(*fault.onset_s) if fault else 0.0,
        )

    def emissions(self, start_ms: int) -> Iterator[Emission]:
        """What all vehicles send, in order of arrival; ``start_ms``: the fleet's first moment (ms since 1970 UTC)."""
        lanes = [
            carried(self.readings(plan, start_ms), self._rng(plan, "transport"), self.transport)
            for plan in self.roster()
        ]
        return merge(*lanes, key=lambda emission: emission.at_ms)

    def readings(self, plan: VehiclePlan, start_ms: int) -> Iterator[Telemetry]:
        """What one vehicle measures, in order, before anything happens to it on the way."""
        rng = self._rng(plan, "vehicle")
        vehicle = SimulatedVehicle(rng, hybrid=plan.model == HYBRID_MODEL)
        elapsed_s = rng.uniform(0, self.interval_s)
        for phase in drive_cycle(rng, self.duration_s):
            while elapsed_s < min(phase.until_s, self.duration_s):
                vehicle.step(self.interval_s, phase.ignition, phase.target_kmh)
                signals = vehicle.signals()
                if plan.fault and elapsed_s >= plan.onset_s:
                    plan.fault.overlay(signals, elapsed_s - plan.onset_s)
                ts_ms = start_ms + int(elapsed_s * 1000)
                yield Telemetry(vehicle_id=plan.vehicle_id, ts_ms=ts_ms, model=plan.model, **signals)
                elapsed_s += self.interval_s

    def _rng(self, plan: VehiclePlan, purpose: str) -> random.Random:
        return random.Random(f"{self.seed}/{plan.number}/{purpose}")


def _vehicle_id(prefix: str, number: int) -> str:
    return f"{prefix}-{number:04d}"
