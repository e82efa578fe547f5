"""Vehicles whose signals drift for sixty days, and healthy ones for a year of seasons: what triage foretells of them.

A vehicle drives two or three times on most days, in weather that has a season, fronts of some days, and effects on
every signal. Its engine and gearbox warm up in each trip, its tyres by the speed.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from master_orchestrator.core.triage import TriageRules, new_trackers, observe
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry

DAY_MS, START_MS = 86_400_000, 20_089 * 86_400_000
DRIFT_DAYS, YEAR_DAYS = 75, 365
TYRES = ("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa")
USUAL: dict[str, tuple[float, float, float]] = {
    "coolant_temp_c": (91.0, 1.0, 1.5),
    "battery_voltage_v": (13.9, 0.08, -0.1),
    "ltft_b1_pct": (2.5, 0.8, 0.7),
    "gearbox_temp_c": (92.0, 2.0, 4.0),
    "brake_pad_wear_fl_pct": (46.0, 0.3, 0.0),
    "brake_pad_wear_rr_pct": (38.0, 0.3, 0.0),
    **dict.fromkeys(TYRES, (231.0, 1.0, 12.0)),
}
"""Mean, noise of one reading, and what the warmest days have more than the mean ones."""
DRIFTS: dict[str, tuple[str, float, float]] = {
    "coolant_temp_c": ("coolant_hot", 0.3, 105.0),
    "battery_voltage_v": ("charging_low", -0.02, 12.6),
    "brake_pad_wear_fl_pct": ("brake_pad_worn", 0.5, 75.0),
    "tyre_fl_kpa": ("tyre_low", -1.0, 184.0),
    "ltft_b1_pct": ("fuel_trim_off", 0.15, 12.0),
    "gearbox_temp_c": ("gearbox_hot", 0.4, 116.0),
}
"""Signal -> the rule, the change per day, the rule's limit."""
WARM_UP_MIN = {"coolant_temp_c": 4.0, "gearbox_temp_c": 8.0}
WEAR_PER_DAY = 0.02
MEAN_AMBIENT_C, SEASON_C, FRONT_C = 10.0, 11.0, 1.0


@dataclass
class DriftingVehicle:
    """One vehicle; ``drift``: the signal that drifts from its first day on, None: it is healthy."""

    seed: int
    every_min: float
    drift: str | None = None
    chance: random.Random = field(init=False)
    offsets: dict[str, float] = field(init=False)
    first_day: int = field(init=False)

    def __post_init__(self) -> None:
        """Draw what differs from vehicle to vehicle: its usual values, and when in the year it is first seen."""
        self.chance = random.Random(f"{self.seed} {self.every_min} {self.drift}")
        self.offsets = {name: self.chance.gauss(0, noise / 2) for name, (_, noise, _) in USUAL.items()}
        self.first_day = self.chance.randrange(YEAR_DAYS)

    def findings(self, rules: TriageRules, days: int) -> list[Finding]:
        """What triage finds in that number of days."""
        trackers, findings = new_trackers(), list[Finding]()
        for reading in self.readings(days):
            trackers, seen = observe(rules, trackers, reading)
            findings += seen.findings
        return findings

    def due(self) -> float:
        """The day on which the drifting signal reaches its limit, but for noise and fronts."""
        signal = self.drift or ""
        _, per_day, limit = DRIFTS[signal]
        side = math.copysign(1, per_day)
        quarters = (quarter / 4 for quarter in range(4 * 2 * DRIFT_DAYS))
        return next(day for day in quarters if side * (self._level(signal, day, self._season(day)) - limit) >= 0)

    def _season(self, day: float) -> float:
        return -math.cos(2 * math.pi * (day + self.first_day) / YEAR_DAYS)

    def _level(self, signal: str, day: float, season: float) -> float:
        mean, _, swing = USUAL[signal]
        worn = WEAR_PER_DAY * day if signal.startswith("brake") else 0.0
        drift = DRIFTS[signal][1] * day if signal == self.drift else 0.0
        return mean + self.offsets[signal] + swing * season + worn + drift

    def readings(self, days: int) -> Iterator[Telemetry]:
        """What it reports in that number of days; of one vehicle once, since chance goes on."""
        front = 0.0
        for day in range(days):
            front = 0.75 * front + self.chance.gauss(0, FRONT_C)
            season = self._season(day) + front / SEASON_C
            for start, minutes in self._trips():
                minute = self.chance.uniform(0, self.every_min)
                while minute < minutes:
                    yield self._reading(day + (start + minute) / 1_440, minute, season)
                    minute += self.every_min

    def _trips(self) -> list[tuple[float, float]]:
        """Minutes of the day, and minutes long; a vehicle that reports every hour works all day."""
        if self.every_min >= 60:
            return [(self.chance.uniform(360, 540), self.chance.uniform(300, 600))]
        starts = (420.0, 720.0, 1_020.0)[: self.chance.choice((0, 2, 2, 2, 3))]
        return [(start + self.chance.uniform(0, 90), self.chance.uniform(25, 75)) for start in starts]

    def _reading(self, day: float, minute: float, season: float) -> Telemetry:
        ambient = MEAN_AMBIENT_C + SEASON_C * season
        values = {n: self._level(n, day, season) + self.chance.gauss(0, noise) for n, (_, noise, _) in USUAL.items()}
        for name, time in WARM_UP_MIN.items():
            values[name] = ambient + (values[name] - ambient) * (1 - math.exp(-minute / time))
        speed = max(0.0, self.chance.gauss(50, 25))
        for name in TYRES:
            values[name] += 0.1 * speed * (1 - math.exp(-minute / 15))
        values |= {"engine_rpm": max(750.0, self.chance.gauss(1_800, 400)), "engine_load_pct": 40.0}
        values |= {"speed_kmh": speed, "ambient_temp_c": ambient}
        signals = {name: round(value, 2) for name, value in values.items()}
        return Telemetry(vehicle_id="v", ts_ms=START_MS + int(day * DAY_MS), **signals)  # type: ignore[arg-type]  # all are floats


@dataclass(frozen=True)
class Forecast:
    """What was foretold of one drift: days before it was due (None: never), and how far its date is off, as a share."""

    signal: str
    every_min: float
    ahead: float | None
    off: float | None


def forecast(rules: TriageRules, vehicle: DriftingVehicle) -> Forecast:
    """The first that triage foretells of a vehicle that drifts."""
    signal, due = vehicle.drift or "", vehicle.due()
    for finding in vehicle.findings(rules, DRIFT_DAYS):
        if (
            finding.rule == f"{DRIFTS[signal][0]}_trending"
            and finding.signal == signal
            and finding.crossing_ms is not None
        ):
            ahead = due - (finding.at_ms - START_MS) / DAY_MS
            return Forecast(
                signal, vehicle.every_min, ahead, (finding.crossing_ms - finding.at_ms) / DAY_MS / ahead - 1
            )
    return Forecast(signal, vehicle.every_min, None, None)
