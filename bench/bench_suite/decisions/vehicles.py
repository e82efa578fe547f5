"""A vehicle in good health, with figures other than the simulator's: what its sensors say at any time of a journey."""

import math
import random
from typing import Any

from bench_suite.decisions.journeys import Climate

SignalRow = dict[str, Any]
"""Column of a recorded drive -> value of one reading."""

WHEELS = ("fl", "fr", "rl", "rr")
NOISE: dict[str, tuple[float, float]] = {
    "speed_kmh": (0.5, 1),
    "engine_rpm": (12, 1),
    "engine_load_pct": (2, 0.4),
    "coolant_temp_c": (0.4, 1),
    "engine_oil_temp_c": (0.4, 1),
    "oil_pressure_kpa": (3, 1),
    "battery_voltage_v": (0.04, 0.01),
    "gearbox_temp_c": (0.4, 1),
    "ltft_b1_pct": (0.4, 0.78),
    "stft_b1_pct": (1.5, 0.78),
    "ambient_temp_c": (0.3, 1),
    **{f"tyre_{wheel}_kpa": (0.4, 0.1) for wheel in WHEELS},
    **{f"brake_pad_wear_{wheel}_pct": (0.1, 0.1) for wheel in WHEELS},
}
"""Signal -> standard deviation of a good sensor, and the step in which it reports (in the signal's unit)."""
NEVER_NEGATIVE = frozenset({"speed_kmh", "oil_pressure_kpa", "engine_load_pct"})
WARMTH = "_warmth_kpa"
"""What driving adds to a tyre's pressure; for the kinds, never sent."""
MAX_STEP_S = 30.0
ATMOSPHERE_KPA = 101.3


def towards(value: float, target: float, step_s: float, time_s: float) -> float:
    """``value`` after ``step_s`` seconds on its way to ``target`` with this time constant."""
    return target + (value - target) * math.exp(-step_s / time_s)


class PhysicalVehicle:
    """First-order physics. ``noise``: how many times as noisy as good sensors its sensors are."""

    def __init__(self, rng: random.Random, climate: Climate, at_ms: int, noise: float) -> None:
        self._rng, self._climate, self._noise = rng, climate, noise
        self._at_ms = at_ms
        self._ambient_c = climate.ambient_c(at_ms)
        self._coolant_c = self._gearbox_c = self._oil_c = self._ambient_c
        self._tyre_k = self._speed_kmh = self._running_s = self._parked_s = 0.0
        self._odometer_m = rng.uniform(2e6, 3e8)
        self._thermostat_c = rng.uniform(84, 95)
        self._gearbox_warm_c = rng.uniform(72, 94)
        self._rest_v, self._alternator_v = rng.uniform(12.35, 12.75), rng.uniform(13.5, 14.6)
        self._oil_idle_kpa, self._oil_per_rpm = rng.uniform(105, 160), rng.uniform(0.09, 0.14)
        self._ltft_pct = rng.uniform(-5, 5)
        self._filled_kpa = {wheel: rng.uniform(226, 244) for wheel in WHEELS}
        self._filled_c = self._ambient_c
        self._pads_pct = {wheel: rng.uniform(5, 55) for wheel in WHEELS}
        self._idle_rpm = rng.uniform(680, 860)
        self._tyre_step_kpa = rng.choice((0.1, 1.0, 2.5))
        self._missing = rng.choice((0.0, 0.0, 0.05, 0.25))
        self._running = False

    def go(self, at_ms: int, speed_kmh: float, *, running: bool) -> None:
        """Move on to a time, with the engine on or off and the driver wanting this speed."""
        left_s = (at_ms - self._at_ms) / 1000
        self._ambient_c = self._climate.ambient_c(at_ms)
        if running != self._running:
            self._running, self._running_s, self._parked_s = running, 0.0, 0.0
        while left_s > 0:
            step_s = min(left_s, MAX_STEP_S if running else 1_800.0)
            self._step(step_s, speed_kmh if running else 0.0)
            left_s -= step_s
        self._at_ms = at_ms

    def _step(self, step_s: float, speed_kmh: float) -> None:
        self._speed_kmh = towards(self._speed_kmh, speed_kmh, step_s, 6.0)
        self._odometer_m += self._speed_kmh / 3.6 * step_s
        effort = self._speed_kmh / 120
        if self._running:
            self._running_s += step_s
            self._coolant_c = towards(self._coolant_c, self._thermostat_c + 4 * effort, step_s, 270 - 90 * effort)
            self._oil_c = towards(self._oil_c, self._thermostat_c + 3 + 12 * effort, step_s, 420)
            self._gearbox_c = towards(self._gearbox_c, self._gearbox_warm_c + 11 * effort, step_s, 600)
        else:
            self._parked_s += step_s
            for part in ("_coolant_c", "_oil_c", "_gearbox_c"):
                setattr(self, part, towards(getattr(self, part), self._ambient_c, step_s, 6_500))
        self._tyre_k = towards(self._tyre_k, 0.14 * self._speed_kmh, step_s, 700)

    def truth(self) -> SignalRow:
        """What is so now; a kind may change it before it is measured."""
        running = self._running
        rpm = self._rpm()
        row: SignalRow = {
            "speed_kmh": self._speed_kmh,
            "engine_rpm": rpm,
            "engine_load_pct": min(92.0, 20 + 0.4 * self._speed_kmh) if running else 0.0,
            "coolant_temp_c": self._coolant_c,
            "engine_oil_temp_c": self._oil_c,
            "oil_pressure_kpa": self._oil_kpa(rpm),
            "battery_voltage_v": self._volts(),
            "gearbox_temp_c": self._gearbox_c,
            "ltft_b1_pct": self._ltft_pct,
            "stft_b1_pct": 0.0,
            "ambient_temp_c": self._ambient_c,
            "odometer_m": self._odometer_m,
            "abs_error": False,
            "brake_fluid_low": False,
            "mil_on": False,
        }
        row[WARMTH] = (self._filled_kpa["fr"] + ATMOSPHERE_KPA) * self._tyre_k / (self._filled_c + 273.15)
        for wheel in WHEELS:
            row[f"tyre_{wheel}_kpa"] = self._tyre_kpa(wheel)
            row[f"brake_pad_wear_{wheel}_pct"] = self._pads_pct[wheel]
        return row

    def measured(self, row: SignalRow) -> SignalRow:
        """What the sensors make of it: with their noise, in their steps, and now and then nothing."""
        shown: SignalRow = {}
        for signal, value in row.items():
            if signal in NOISE and self._rng.random() < self._missing:
                continue
            sensor = NOISE.get(signal)
            if sensor is None or (signal == "engine_rpm" and not value):
                shown[signal] = value
                continue
            spread, step = sensor if not signal.startswith("tyre") else (sensor[0], self._tyre_step_kpa)
            least = 0.0 if signal in NEVER_NEGATIVE else -math.inf
            noisy = max(least, value + self._rng.gauss(0, spread * self._noise))
            shown[signal] = round(round(noisy / step) * step, 2)
        return shown

    def _rpm(self) -> float:
        if not self._running:
            return 0.0
        cold = max(0.0, 55 - self._coolant_c) * 8
        return max(self._idle_rpm + cold, self._speed_kmh * 23 + 500)

    def _oil_kpa(self, rpm: float) -> float:
        if rpm < 300:
            return 0.0
        thick = 1 + max(0.0, 75 - self._oil_c) / 60
        kpa = (self._oil_idle_kpa + self._oil_per_rpm * (rpm - self._idle_rpm)) * thick
        return min(kpa, 520)

    def _volts(self) -> float:
        if self._running:
            return self._alternator_v
        return self._rest_v + 0.5 * math.exp(-self._parked_s / 2_400)

    def _tyre_kpa(self, wheel: str) -> float:
        if abs(self._ambient_c - self._filled_c) > 14:  # the owner fills them up when the season has changed
            self._filled_c = self._ambient_c
        warm = (self._ambient_c + self._tyre_k + 273.15) / (self._filled_c + 273.15)
        return (self._filled_kpa[wheel] + ATMOSPHERE_KPA) * warm - ATMOSPHERE_KPA
