"""Kinds of vehicles: each fault, each healthy look-alike of one, and what has to come of them.

A kind's ``change`` gets what is true of the healthy vehicle, the seconds since its onset, and its strength, 0 to 1,
which a vehicle keeps; it changes the row as the fault does, before it is measured. ``shown`` changes what was measured.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench_suite.decisions.vehicles import WARMTH, WHEELS, SignalRow
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

Change = Callable[[SignalRow, float, float], None]


@dataclass(frozen=True)
class VehicleKind:
    """One kind.

    Args:
        name: as reports show it.
        change: what is different from the healthy vehicle; ``shown``: in what its sensors say of it.
        subsystem: where the fault is; None: nothing is broken.
        priority: what the workflow has to have at its end.
        slowest_s: up to this time between readings the documentation promises that it is found.
        parked: readings also come from the parked vehicle.
        idle: the engine mostly idles.
        also: where another fault is, which came first.
    """

    name: str
    change: Change | None = None
    subsystem: Subsystem | None = None
    priority: Priority = Priority.ROUTINE
    slowest_s: float = 1_800
    parked: bool = False
    idle: bool = False
    shown: Change | None = None
    also: Subsystem | None = None

    @property
    def subsystems(self) -> frozenset[Subsystem]:
        """Where something is broken."""
        return frozenset(one for one in (self.subsystem, self.also) if one is not None)

    @property
    def is_safety(self) -> bool:
        """Whether somebody may be hurt, or an engine lost."""
        return self.subsystem is not None and self.priority is Priority.URGENT


def _running(row: SignalRow) -> bool:
    return bool(row.get("engine_rpm", 0.0) > 400)


def _grown(age_s: float, over_s: float) -> float:
    return min(1.0, age_s / over_s)


def _hotter(signal: str, to_c: tuple[float, float]) -> Change:
    """A temperature that rises to between these while the engine runs, in some ten minutes."""

    def change(row: SignalRow, age_s: float, strength: float) -> None:
        target_c = to_c[0] + (to_c[1] - to_c[0]) * strength
        if _running(row):
            row[signal] += max(0.0, target_c - row[signal]) * _grown(age_s, 700)

    return change


def _thermostat(row: SignalRow, _age_s: float, strength: float) -> None:
    row["coolant_temp_c"] = min(row["coolant_temp_c"], 58 + 13 * strength + row["speed_kmh"] / 60)


def _oil_lost(row: SignalRow, age_s: float, strength: float) -> None:
    row["oil_pressure_kpa"] *= 1 - (0.8 + 0.15 * strength) * _grown(age_s, 300)


def _oil_pump(row: SignalRow, age_s: float, strength: float) -> None:
    if _grown(age_s, 60) >= 1:
        row["oil_pressure_kpa"] = min(row["oil_pressure_kpa"], 84 + 14 * strength)


def _charging_low(row: SignalRow, _age_s: float, strength: float) -> None:
    if _running(row):
        row["battery_voltage_v"] = 12.4 - 0.7 * strength


def _charging_high(row: SignalRow, _age_s: float, strength: float) -> None:
    if _running(row):
        row["battery_voltage_v"] = 15.25 + 0.9 * strength


def _battery_weak(row: SignalRow, _age_s: float, strength: float) -> None:
    if not _running(row):
        row["battery_voltage_v"] = 11.9 - 0.7 * strength


def _puncture(row: SignalRow, age_s: float, strength: float) -> None:
    row["tyre_rl_kpa"] = max(95.0, row["tyre_rl_kpa"] - (4 + 8 * strength) * age_s / 60)


def _leak(row: SignalRow, age_s: float, strength: float) -> None:
    """Slow, and cold it comes to rest between 76.5 and 79 % of the placard."""
    row["tyre_fr_kpa"] = max(177 + 3.5 * strength + row[WARMTH], row["tyre_fr_kpa"] - 0.8 * age_s / 60)


def _pads(least_pct: float, span_pct: float) -> Change:
    def change(row: SignalRow, _age_s: float, strength: float) -> None:
        row["brake_pad_wear_rr_pct"] = least_pct + span_pct * strength

    return change


def _shows(**values: object) -> Change:
    """Signals that say so themselves."""

    def change(row: SignalRow, _age_s: float, _strength: float) -> None:
        row.update(values)

    return change


def _code(code: str, *, flashing: bool = False) -> Change:
    def change(row: SignalRow, _age_s: float, _strength: float) -> None:
        row.update(dtc=code, mil_on=True, mil_flashing=flashing and _running(row))

    return change


def _trim(row: SignalRow, age_s: float, strength: float) -> None:
    side = 1 if strength > 0.4 else -1
    row["ltft_b1_pct"] += side * (18.5 + 5 * strength) * _grown(age_s, 400)


def _now_and_then(change: Change, on_s: float, off_s: float) -> Change:
    """A fault that comes and goes."""

    def intermittent(row: SignalRow, age_s: float, strength: float) -> None:
        if age_s % (on_s + off_s) < on_s:
            change(row, age_s, strength)

    return intermittent


def _lean_then_oil(row: SignalRow, age_s: float, strength: float) -> None:
    """A code first, and the oil goes the next day."""
    _code("P0171")(row, age_s, strength)
    if age_s > 10 * 3_600:
        _oil_lost(row, age_s - 10 * 3_600, strength)


def _worn_then_hot(row: SignalRow, age_s: float, strength: float) -> None:
    _pads(76, 8)(row, age_s, strength)
    if age_s > 10 * 3_600:
        _hotter("coolant_temp_c", (119, 131))(row, age_s - 10 * 3_600, strength)


def _tow(row: SignalRow, age_s: float, strength: float) -> None:
    """A trailer uphill: warm, and cool again, some minutes every hour."""
    if _running(row) and age_s % 3_600 < 240:
        row["coolant_temp_c"] = min(103.0, row["coolant_temp_c"] + 8 + 5 * strength)


def _cold_snap(row: SignalRow, age_s: float, strength: float) -> None:
    for wheel in WHEELS:
        row[f"tyre_{wheel}_kpa"] -= (8 + 8 * strength) * _grown(age_s, 36_000)
    row["ambient_temp_c"] -= (8 + 8 * strength) * _grown(age_s, 36_000)


def _slow_to_warm(row: SignalRow, _age_s: float, strength: float) -> None:
    """A diesel in winter that idles: it gets to 76-80 °C, late."""
    row["coolant_temp_c"] = min(row["coolant_temp_c"], 78 + 4 * strength)


def _garbled(row: SignalRow, age_s: float, strength: float) -> None:
    """A loose contact: now and then one wild value."""
    turn = int(age_s / 10)
    if (turn * 7_919 + int(strength * 997)) % 61 == 0:
        signal, value = (("coolant_temp_c", 215), ("oil_pressure_kpa", 0), ("tyre_fl_kpa", 0), ("gearbox_temp_c", 150))[
            turn % 4
        ]
        row[signal] = value


def _tired_battery(row: SignalRow, _age_s: float, strength: float) -> None:
    if not _running(row):
        row["battery_voltage_v"] = 12.14 + 0.2 * strength


def _smart_alternator(row: SignalRow, age_s: float, strength: float) -> None:
    """Lowers its voltage while nothing asks for power."""
    if _running(row) and age_s % 300 < 120:
        row["battery_voltage_v"] = 12.9 + 0.3 * strength


def _for_a_while(change: Change, every_s: float, least_s: float, most_s: float) -> Change:
    """What passes by itself: for some minutes every ``every_s``, longer with more strength."""

    def passing(row: SignalRow, age_s: float, strength: float) -> None:
        if age_s % every_s < least_s + (most_s - least_s) * strength:
            change(row, age_s, strength)

    return passing


def _at_least(signal: str, least: float, span: float) -> Change:
    """A running engine's signal stands at such a value."""

    def change(row: SignalRow, _age_s: float, strength: float) -> None:
        if _running(row):
            row[signal] = least + span * (1 - strength)

    return change


def _sensor_dips(signal: str, to: float) -> Change:
    def change(row: SignalRow, _age_s: float, strength: float) -> None:
        if signal in row and _running(row):
            row[signal] = round(row[signal] * (to + 0.2 * (1 - strength)), 1)

    return change


def _radio(row: SignalRow, _age_s: float, strength: float) -> None:
    if not _running(row):
        row["battery_voltage_v"] = 11.98 - 0.1 * strength


S, P = Subsystem, Priority
FAULTS: tuple[VehicleKind, ...] = (
    VehicleKind("overheating", _hotter("coolant_temp_c", (118, 134)), S.COOLING, P.URGENT),
    VehicleKind("running hot", _hotter("coolant_temp_c", (106, 112)), S.COOLING, P.HIGH),
    VehicleKind("thermostat", _thermostat, S.COOLING, P.SCHEDULED, slowest_s=300),
    VehicleKind("thermostat, idling", _thermostat, S.COOLING, P.SCHEDULED, slowest_s=300, idle=True),
    VehicleKind("coolant sensor open", None, S.COOLING_SENSOR, P.SCHEDULED, shown=_shows(coolant_temp_c=-40)),
    VehicleKind("oil loss", _oil_lost, S.LUBRICATION, P.URGENT),
    VehicleKind("oil loss, idling", _oil_lost, S.LUBRICATION, P.URGENT, idle=True),
    VehicleKind("oil pump", _oil_pump, S.LUBRICATION, P.HIGH),
    VehicleKind("charging low", _charging_low, S.CHARGING, P.HIGH),
    VehicleKind("charging high", _charging_high, S.CHARGING, P.HIGH),
    VehicleKind("charging low at times", _now_and_then(_charging_low, 600, 400), S.CHARGING, P.HIGH, slowest_s=150),
    VehicleKind("weak battery", _battery_weak, S.BATTERY, P.SCHEDULED, parked=True),
    VehicleKind("puncture", _puncture, S.TYRES, P.URGENT),
    VehicleKind("slow leak", _leak, S.TYRES, P.HIGH),
    VehicleKind("pads gone", _pads(91, 7), S.BRAKES, P.URGENT),
    VehicleKind("pads worn", _pads(76, 9), S.BRAKES, P.HIGH),
    VehicleKind("brake fluid", _shows(brake_fluid_low=True), S.BRAKES, P.URGENT),
    VehicleKind("abs", _shows(abs_error=True), S.BRAKES, P.HIGH),
    VehicleKind("abs at times", _now_and_then(_shows(abs_error=True), 500, 700), S.BRAKES, P.HIGH, slowest_s=150),
    VehicleKind("gearbox boiling", _hotter("gearbox_temp_c", (138, 155)), S.TRANSMISSION, P.URGENT),
    VehicleKind("gearbox hot", _hotter("gearbox_temp_c", (119, 131)), S.TRANSMISSION, P.HIGH),
    VehicleKind("fuel trim", _trim, S.FUEL_AIR, P.SCHEDULED),
    VehicleKind("misfire", _code("P0303"), S.IGNITION, P.HIGH),
    VehicleKind("misfire, flashing", _code("P0302", flashing=True), S.IGNITION, P.URGENT),
    VehicleKind("catalyst", _code("P0420"), S.EMISSIONS, P.SCHEDULED),
    VehicleKind("particulate filter", _code("P2002"), S.EMISSIONS, P.SCHEDULED),
    VehicleKind("throttle", _code("P2135"), S.OTHER, P.URGENT),
    VehicleKind("code: oil pressure", _code("P0524"), S.LUBRICATION, P.URGENT),
    VehicleKind("J1939: coolant", _shows(j1939="110/0"), S.COOLING, P.URGENT),
    VehicleKind("J1939: oil pressure", _shows(j1939="100/1"), S.LUBRICATION, P.URGENT),
    VehicleKind("J1939: oil low", _shows(j1939="100/18"), S.LUBRICATION, P.HIGH),
    VehicleKind("J1939: exhaust fluid", _shows(j1939="1761/1"), S.EMISSIONS, P.SCHEDULED),
    VehicleKind("lean, then oil loss", _lean_then_oil, S.LUBRICATION, P.URGENT, also=S.FUEL_AIR),
    VehicleKind("pads, then overheating", _worn_then_hot, S.COOLING, P.URGENT, also=S.BRAKES),
)
HEALTHY: tuple[VehicleKind, ...] = (
    VehicleKind("healthy"),
    VehicleKind("healthy, parked", parked=True),
    VehicleKind("healthy, idling", idle=True),
    VehicleKind("towing", _tow),
    VehicleKind("cold snap", _cold_snap),
    VehicleKind("slow to warm", _slow_to_warm, idle=True),
    VehicleKind("loose contact", shown=_garbled),
    VehicleKind("tired battery", _tired_battery, parked=True),
    VehicleKind("smart alternator", _smart_alternator),
)
DECEPTIVE: tuple[VehicleKind, ...] = (
    VehicleKind("hot on a pass", _for_a_while(_at_least("coolant_temp_c", 105.5, 3), 5_000, 60, 300)),
    VehicleKind("hot gearbox on a pass", _for_a_while(_at_least("gearbox_temp_c", 116.5, 4), 5_000, 60, 300)),
    VehicleKind("alternator coasts", _for_a_while(_at_least("battery_voltage_v", 12.4, 0.18), 2_400, 15, 120)),
    VehicleKind("oil sensor dips", shown=_for_a_while(_sensor_dips("oil_pressure_kpa", 0.2), 4_000, 10, 60)),
    VehicleKind("tyre sensor dips", shown=_for_a_while(_sensor_dips("tyre_rl_kpa", 0.7), 9_000, 40, 200)),
    VehicleKind("brake sensor dips", _for_a_while(_at_least("brake_pad_wear_fl_pct", 76, 5), 9_000, 30, 120)),
    VehicleKind("trim of a rich purge", _for_a_while(_at_least("ltft_b1_pct", 12.5, 2), 4_000, 70, 250)),
    VehicleKind("radio in the garage", _for_a_while(_radio, 200_000, 0, 20_000), parked=True),
    VehicleKind("abs after a jump start", _for_a_while(_shows(abs_error=True), 90_000, 15, 120)),
)
"""Nothing is broken that a workshop could mend, and yet triage finds something: what the agents weigh evidence for."""
LOOK_ALIKES = tuple(replace(kind, name=f"{kind.name}, {number}") for kind in DECEPTIVE for number in range(1, 7))
"""Six vehicles of each: a fleet has more that only look broken than there are kinds of them."""
