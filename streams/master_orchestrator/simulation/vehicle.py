"""A healthy vehicle: first-order physics, plausible to the rules and cheap enough for a fleet in one process.

Levels are those of domain.md: thermostat at 90 °C, hot idle oil pressure above 100 kPa, 13.5-14.3 V while running,
crank dips far below 12 V, fuel trims within a few per cent. Nothing in here is a fault; those are laid over it.
"""

import math
import random
from typing import Any

from master_orchestrator.simulation.drive_cycle import Ignition

Signals = dict[str, Any]
"""Telemetry field -> value, for one reading; the faults change it in place."""

IDLE_RPM = 760.0
GEARS = ((18.0, 95.0), (35.0, 58.0), (55.0, 41.0), (75.0, 31.0), (math.inf, 24.0))
"""Up to which speed (km/h), and engine rpm per km/h."""
PLACARD_KPA = 230.0
WHEELS = ("fl", "fr", "rl", "rr")


def approach(value: float, target: float, dt_s: float, tau_s: float) -> float:
    """``value`` after ``dt_s`` on its way to ``target`` with time constant ``tau_s``."""
    return target + (value - target) * math.exp(-dt_s / tau_s)


class SimulatedVehicle:
    """The physical state of one vehicle; :meth:`step` moves it on, :meth:`signals` is what its sensors say."""

    def __init__(self, rng: random.Random, *, hybrid: bool) -> None:
        self._rng = rng
        self._hybrid = hybrid
        self._ignition = Ignition.OFF
        self._ambient_c = rng.uniform(4, 27)
        self._thermostat_c = rng.uniform(88.5, 92.5)
        start_c = self._ambient_c if rng.random() < 0.6 else rng.uniform(50, 85)
        self._coolant_c = self._oil_c = start_c
        self._gearbox_c = self._ambient_c + (start_c - self._ambient_c) * 0.8
        self._catalyst_c = self._ambient_c
        self._tyre_c = self._ambient_c
        self._speed_kmh = self._acceleration = 0.0
        self._odometer_m = rng.uniform(8e6, 1.6e8)
        self._fuel_pct = rng.uniform(25, 95)
        self._ltft_pct = rng.uniform(-3.5, 3.5)
        self._rest_v = rng.uniform(12.5, 12.7)
        self._alternator_v = rng.uniform(13.9, 14.2)
        self._crank_v = rng.uniform(9.9, 10.9)
        self._running_s = 0.0
        self._tyres_cold_kpa = {wheel: PLACARD_KPA + rng.uniform(-6, 8) for wheel in WHEELS}
        self._pads_pct = {wheel: rng.uniform(8, 58) for wheel in WHEELS}
        self._hv_soh_pct, self._hv_cell_v = rng.uniform(88, 99), rng.uniform(3.65, 3.85)

    def step(self, dt_s: float, ignition: Ignition, target_kmh: float) -> None:
        """Move on by ``dt_s`` seconds with the key at ``ignition`` and the driver wanting ``target_kmh``."""
        self._ignition = ignition
        running = ignition is Ignition.ON
        self._running_s = self._running_s + dt_s if running else 0.0
        self._drive(dt_s, target_kmh if running else 0.0)
        self._heat(dt_s, running=running)

    def _drive(self, dt_s: float, target_kmh: float) -> None:
        before = self._speed_kmh
        after = approach(before, target_kmh, dt_s, 5.0 if target_kmh >= before else 3.0)
        self._speed_kmh = after if after > 0.4 else 0.0
        self._acceleration = (self._speed_kmh - before) / dt_s
        self._odometer_m += self._speed_kmh / 3.6 * dt_s

    def _heat(self, dt_s: float, *, running: bool) -> None:
        ambient = self._ambient_c
        if running:
            effort = self._speed_kmh / 110
            self._coolant_c = approach(self._coolant_c, self._thermostat_c + 3.0 * effort, dt_s, 210 - 60 * effort)
            self._oil_c = approach(self._oil_c, self._thermostat_c + 4 + 10 * effort, dt_s, 330)
            self._gearbox_c = approach(self._gearbox_c, 78 + 14 * effort, dt_s, 420)
            self._catalyst_c = approach(self._catalyst_c, 430 + 240 * effort, dt_s, 60)
            self._fuel_pct = max(4.0, self._fuel_pct - dt_s * (0.0006 + 0.002 * effort))
        else:
            self._coolant_c = approach(self._coolant_c, ambient, dt_s, 5_400)
            self._oil_c = approach(self._oil_c, ambient, dt_s, 5_400)
            self._gearbox_c = approach(self._gearbox_c, ambient, dt_s, 5_400)
            self._catalyst_c = approach(self._catalyst_c, ambient, dt_s, 900)
        self._tyre_c = approach(self._tyre_c, ambient + 0.16 * self._speed_kmh, dt_s, 600)

    def signals(self) -> Signals:
        """The readings of all sensors now, with their noise and resolution."""
        gauss, running = self._rng.gauss, self._ignition is Ignition.ON
        rpm = self._rpm()
        load = self._load_pct() if running else 0.0
        signals: Signals = {
            "coolant_temp_c": round(self._coolant_c + gauss(0, 0.25)),
            "engine_oil_temp_c": round(self._oil_c + gauss(0, 0.25)),
            "oil_pressure_kpa": self._oil_pressure_kpa(rpm),
            "engine_rpm": rpm,
            "engine_load_pct": round(load, 1),
            "throttle_pct": round(12 + 0.7 * load, 1) if running else 16.0,
            "map_kpa": round(28 + 0.7 * load) if running else 101,
            "maf_gps": round(rpm * (0.2 + load / 100) / 190, 2),
            "intake_air_temp_c": round(self._ambient_c + (18 if self._speed_kmh < 20 else 7)),
            "battery_voltage_v": self._voltage(),
            "speed_kmh": round(self._speed_kmh),
            "odometer_m": round(self._odometer_m),
            "gearbox_temp_c": round(self._gearbox_c + gauss(0, 0.3)),
            "stft_b1_pct": round(gauss(0, 1.6), 2) if running else 0.0,
            "ltft_b1_pct": round(self._ltft_pct + gauss(0, 0.2), 2),
            "catalyst_temp_c": round(self._catalyst_c),
            "fuel_level_pct": round(self._fuel_pct, 1),
            "ambient_temp_c": round(self._ambient_c),
            "brake_fluid_low": False,
            "abs_error": False,
            "esc_error": False,
            "mil_on": False,
        }
        self._add_wheels(signals)
        if self._hybrid:
            self._add_traction_battery(signals)
        return signals

    def _rpm(self) -> float:
        if self._ignition is Ignition.OFF:
            return 0.0
        if self._ignition is Ignition.CRANK:
            return round(self._rng.uniform(180, 260))
        per_kmh = next(ratio for upto, ratio in GEARS if self._speed_kmh < upto)
        fast_idle = max(0.0, 60 - self._coolant_c) * 9
        return round(max(IDLE_RPM + fast_idle, self._speed_kmh * per_kmh) + self._rng.gauss(0, 12))

    def _load_pct(self) -> float:
        target = 22 + 0.35 * self._speed_kmh + 4.0 * self._acceleration
        return min(95.0, max(14.0, target + self._rng.gauss(0, 2)))

    def _oil_pressure_kpa(self, rpm: float) -> float:
        """Pump pressure with the relief valve at 480 kPa; cold oil is thick."""
        if rpm < 300:
            return 0.0
        hot = 115 + 0.115 * (rpm - IDLE_RPM)
        cold = 1 + max(0.0, 80 - self._oil_c) / 70
        return round(min(480.0, hot * cold) + self._rng.gauss(0, 3))

    def _voltage(self) -> float:
        if self._ignition is Ignition.OFF:
            return round(self._rest_v + self._rng.gauss(0, 0.02), 2)
        if self._ignition is Ignition.CRANK:
            return round(self._crank_v + self._rng.uniform(-1.2, 0.6), 2)
        recovering = 0.5 * math.exp(-self._running_s / 8)
        return round(self._alternator_v - recovering + self._rng.gauss(0, 0.05), 2)

    def _add_wheels(self, signals: Signals) -> None:
        """Pressure rises with the tyre's absolute temperature (the cold pressure is at ambient)."""
        heat = (self._tyre_c + 273.15) / (self._ambient_c + 273.15)
        for wheel, cold_kpa in self._tyres_cold_kpa.items():
            signals[f"tyre_{wheel}_kpa"] = round((cold_kpa + 101.3) * heat - 101.3 + self._rng.gauss(0, 0.4), 1)
            signals[f"brake_pad_wear_{wheel}_pct"] = round(self._pads_pct[wheel], 1)

    def _add_traction_battery(self, signals: Signals) -> None:
        sag = 0.0006 * self._speed_kmh
        signals["hv_soh_pct"] = round(self._hv_soh_pct, 1)
        signals["hv_temp_max_c"] = round(self._ambient_c + 9 + 0.06 * self._speed_kmh)
        signals["hv_cell_v_min"] = round(self._hv_cell_v - sag - 0.012 + self._rng.gauss(0, 0.001), 3)
        signals["hv_cell_v_max"] = round(self._hv_cell_v - sag + 0.006 + self._rng.gauss(0, 0.001), 3)
