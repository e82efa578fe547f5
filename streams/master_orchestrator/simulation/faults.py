"""What can break: every subsystem's faults, each an overlay on the healthy signals that grows from its onset.

One table, :data:`FAULTS`. An overlay gets the signals of one reading and the fault's age in seconds, and changes what
the fault changes. What each must set off in triage is in the table too, and tested.
"""

from collections.abc import Callable
from dataclasses import dataclass

from master_orchestrator.simulation.vehicle import Signals
from master_orchestrator_schemas.messages import Dtc
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

Overlay = Callable[[Signals, float], None]

CONFIRMED = 0x2F
"""ISO 14229 status byte: failed now and in this cycle, pending (b2) and confirmed (b3)."""
PENDING = 0x07
"""Failed in this cycle, pending, not yet confirmed: only raises interest."""
CONFIRMED_AFTER_S = 60.0


@dataclass(frozen=True)
class VehicleFault:
    """One kind of fault.

    Args:
        name: as the command line knows it.
        subsystem: under which triage must find it.
        priority: at least this much triage must make of it.
        overlay: what it does to the signals.
        onset_s: between which seconds from the start it sets in.
        hybrid: only vehicles with a traction battery have it.
    """

    name: str
    subsystem: Subsystem
    priority: Priority
    overlay: Overlay
    onset_s: tuple[float, float] = (90.0, 240.0)
    hybrid: bool = False


def _grown(age_s: float, over_s: float) -> float:
    """0 at the onset, 1 after ``over_s`` seconds."""
    return min(1.0, max(0.0, age_s / over_s))


def _running(signals: Signals) -> bool:
    return bool(signals["engine_rpm"] > 400)


def _cranking(signals: Signals) -> bool:
    return bool(0 < signals["engine_rpm"] <= 400)


def _overheating(signals: Signals, age_s: float) -> None:
    signals["coolant_temp_c"] += round(36 * _grown(age_s, 300))


def _thermostat_open(signals: Signals, _age_s: float) -> None:
    signals["coolant_temp_c"] = min(signals["coolant_temp_c"], 62)


def _coolant_sensor_open(signals: Signals, _age_s: float) -> None:
    signals["coolant_temp_c"] = -40.0


def _coolant_sensor_shorted(signals: Signals, _age_s: float) -> None:
    signals["coolant_temp_c"] = 215.0


def _oil_pressure_lost(signals: Signals, age_s: float) -> None:
    signals["oil_pressure_kpa"] = round(signals["oil_pressure_kpa"] * (1 - 0.8 * _grown(age_s, 240)))


def _oil_pump_worn(signals: Signals, age_s: float) -> None:
    """Idle stays just above the alarm, but the pressure does not rise with the speed of the engine."""
    worn = min(signals["oil_pressure_kpa"], 84)
    if _grown(age_s, 60) >= 1:
        signals["oil_pressure_kpa"] = worn


def _alternator_dead(signals: Signals, age_s: float) -> None:
    if _running(signals):
        signals["battery_voltage_v"] = round(signals["battery_voltage_v"] - 2.3 * _grown(age_s, 90), 2)


def _overcharging(signals: Signals, age_s: float) -> None:
    if _running(signals):
        signals["battery_voltage_v"] = round(signals["battery_voltage_v"] + 1.7 * _grown(age_s, 60), 2)


def _battery_weak(signals: Signals, _age_s: float) -> None:
    if _cranking(signals):
        signals["battery_voltage_v"] = round(signals["battery_voltage_v"] - 2.4, 2)
    elif not _running(signals):
        signals["battery_voltage_v"] = round(signals["battery_voltage_v"] - 0.95, 2)


def _tyre_punctured(signals: Signals, age_s: float) -> None:
    signals["tyre_fl_kpa"] = round(max(105.0, signals["tyre_fl_kpa"] - age_s * 9 / 60), 1)


def _tyre_leaking(signals: Signals, age_s: float) -> None:
    """Slow enough for no alarm by rate; comes to rest near three quarters of the placard."""
    lost = min(age_s * 2.7 / 60, 0.24 * signals["tyre_rr_kpa"])
    signals["tyre_rr_kpa"] = round(signals["tyre_rr_kpa"] - lost, 1)


def _pads_worn(signals: Signals, _age_s: float) -> None:
    signals["brake_pad_wear_fl_pct"] = 79.0


def _pads_gone(signals: Signals, _age_s: float) -> None:
    signals["brake_pad_wear_fr_pct"] = 93.0


def _brake_fluid_lost(signals: Signals, _age_s: float) -> None:
    signals["brake_fluid_low"] = True


def _abs_failed(signals: Signals, _age_s: float) -> None:
    signals["abs_error"] = True


def _gearbox_overheating(signals: Signals, age_s: float) -> None:
    signals["gearbox_temp_c"] += round(68 * _grown(age_s, 360))


def _mixture_lean(signals: Signals, age_s: float) -> None:
    signals["ltft_b1_pct"] = round(signals["ltft_b1_pct"] + 19 * _grown(age_s, 120), 2)


def _with_code(signals: Signals, code: str, age_s: float) -> bool:
    """A code is pending first; returns whether it is confirmed by now."""
    confirmed = age_s >= CONFIRMED_AFTER_S
    signals["dtcs"] = (Dtc(code=code, status=CONFIRMED if confirmed else PENDING),)
    signals["mil_on"] = confirmed
    return confirmed


def _misfiring(signals: Signals, age_s: float) -> None:
    _with_code(signals, "P0301", age_s)


def _misfiring_badly(signals: Signals, age_s: float) -> None:
    signals["mil_flashing"] = _with_code(signals, "P0302", age_s) and _running(signals)


def _catalyst_worn(signals: Signals, age_s: float) -> None:
    _with_code(signals, "P0420", age_s)


def _hv_battery_hot(signals: Signals, age_s: float) -> None:
    signals["hv_temp_max_c"] += round(48 * _grown(age_s, 240))


FAULTS: dict[str, VehicleFault] = {
    fault.name: fault
    for fault in (
        VehicleFault("overheating", Subsystem.COOLING, Priority.HIGH, _overheating),
        VehicleFault("thermostat-open", Subsystem.COOLING, Priority.SCHEDULED, _thermostat_open, onset_s=(0, 0)),
        VehicleFault("coolant-sensor-open", Subsystem.COOLING_SENSOR, Priority.SCHEDULED, _coolant_sensor_open),
        VehicleFault("coolant-sensor-shorted", Subsystem.COOLING_SENSOR, Priority.SCHEDULED, _coolant_sensor_shorted),
        VehicleFault("oil-pressure-lost", Subsystem.LUBRICATION, Priority.URGENT, _oil_pressure_lost),
        VehicleFault("oil-pump-worn", Subsystem.LUBRICATION, Priority.HIGH, _oil_pump_worn),
        VehicleFault("alternator-dead", Subsystem.CHARGING, Priority.HIGH, _alternator_dead),
        VehicleFault("overcharging", Subsystem.CHARGING, Priority.HIGH, _overcharging),
        VehicleFault("battery-weak", Subsystem.BATTERY, Priority.SCHEDULED, _battery_weak, onset_s=(0, 0)),
        VehicleFault("tyre-punctured", Subsystem.TYRES, Priority.URGENT, _tyre_punctured),
        VehicleFault("tyre-leaking", Subsystem.TYRES, Priority.HIGH, _tyre_leaking, onset_s=(0, 10)),
        VehicleFault("pads-worn", Subsystem.BRAKES, Priority.HIGH, _pads_worn),
        VehicleFault("pads-gone", Subsystem.BRAKES, Priority.URGENT, _pads_gone),
        VehicleFault("brake-fluid-lost", Subsystem.BRAKES, Priority.URGENT, _brake_fluid_lost),
        VehicleFault("abs-failed", Subsystem.BRAKES, Priority.HIGH, _abs_failed),
        VehicleFault("gearbox-overheating", Subsystem.TRANSMISSION, Priority.HIGH, _gearbox_overheating),
        VehicleFault("mixture-lean", Subsystem.FUEL_AIR, Priority.SCHEDULED, _mixture_lean),
        VehicleFault("misfiring", Subsystem.IGNITION, Priority.HIGH, _misfiring),
        VehicleFault("misfiring-badly", Subsystem.IGNITION, Priority.URGENT, _misfiring_badly),
        VehicleFault("catalyst-worn", Subsystem.EMISSIONS, Priority.SCHEDULED, _catalyst_worn),
        VehicleFault("hv-battery-hot", Subsystem.HV_BATTERY, Priority.HIGH, _hv_battery_hot, hybrid=True),
    )
}
"""Every fault by name."""
