"""Telemetry as outsiders write it: plain names, ISO times, lists of codes. One table says what each name means.

Nothing is guessed: what is not in the table is kept under ``extras`` if it is a number, and left out, with a word on
it, if not. So is the value of a known name that makes no sense there. The rest of the reading counts.
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from numbers import Real
from typing import NamedTuple

import msgspec

from master_orchestrator_schemas import values
from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.instants import aware, finer_unit, parse_instant
from master_orchestrator_schemas.messages import Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.refusals import refusal_of
from master_orchestrator_schemas.trouble_codes import NO_CODE
from master_orchestrator_schemas.units import shown
from master_orchestrator_schemas.values import plain


class AliasError(ContractError):
    """A mapping is not a reading. ``key`` is the key that is wrong, as it came; empty if it is the whole."""

    def __init__(self, key: str, problem: str) -> None:
        self.key, self.problem = key, problem
        super().__init__(f"{key}: {problem}" if key else problem)


class Alias(NamedTuple):
    """A field of :class:`Telemetry`; for signals ``value * scale`` is in the field's unit."""

    field: str
    scale: float = 1.0


PSI, BAR, MILE_KM = 6.894757, 100.0, 1.609344

ALIASES: Mapping[str, Alias] = {
    "vehicle": Alias("vehicle_id"),
    "timestamp": Alias("ts_ms"),
    "ts": Alias("ts_ms"),
    "vehicle_model": Alias("model"),
    "engine_temp": Alias("coolant_temp_c"),
    "engine_temperature": Alias("coolant_temp_c"),
    "coolant_temp": Alias("coolant_temp_c"),
    "coolant_temperature": Alias("coolant_temp_c"),
    "engine_oil_temp": Alias("engine_oil_temp_c"),
    "oil_temp": Alias("engine_oil_temp_c"),
    "oil_pressure": Alias("oil_pressure_kpa"),
    "oil_pressure_bar": Alias("oil_pressure_kpa", BAR),
    "oil_pressure_psi": Alias("oil_pressure_kpa", PSI),
    "rpm": Alias("engine_rpm"),
    "engine_speed": Alias("engine_rpm"),
    "engine_load": Alias("engine_load_pct"),
    "throttle": Alias("throttle_pct"),
    "throttle_position": Alias("throttle_pct"),
    "battery_voltage": Alias("battery_voltage_v"),
    "speed": Alias("speed_kmh"),
    "vehicle_speed": Alias("speed_kmh"),
    "speed_mph": Alias("speed_kmh", MILE_KM),
    "mileage": Alias("odometer_m", 1_000.0),
    "odometer_km": Alias("odometer_m", 1_000.0),
    "tyre_pressure_fl": Alias("tyre_fl_kpa"),
    "tyre_pressure_fr": Alias("tyre_fr_kpa"),
    "tyre_pressure_rl": Alias("tyre_rl_kpa"),
    "tyre_pressure_rr": Alias("tyre_rr_kpa"),
    "tire_pressure_fl": Alias("tyre_fl_kpa"),
    "tire_pressure_fr": Alias("tyre_fr_kpa"),
    "tire_pressure_rl": Alias("tyre_rl_kpa"),
    "tire_pressure_rr": Alias("tyre_rr_kpa"),
    "brake_pad_wear_fl": Alias("brake_pad_wear_fl_pct"),
    "brake_pad_wear_fr": Alias("brake_pad_wear_fr_pct"),
    "brake_pad_wear_rl": Alias("brake_pad_wear_rl_pct"),
    "brake_pad_wear_rr": Alias("brake_pad_wear_rr_pct"),
    "brake_failure": Alias("brake_fluid_low"),
    "transmission_temp": Alias("gearbox_temp_c"),
    "transmission_temperature": Alias("gearbox_temp_c"),
    "gearbox_temp": Alias("gearbox_temp_c"),
    "intake_air_temp": Alias("intake_air_temp_c"),
    "fuel_level": Alias("fuel_level_pct"),
    "ambient_temp": Alias("ambient_temp_c"),
    "outside_temp": Alias("ambient_temp_c"),
    "check_engine_light": Alias("mil_on"),
    "check_engine": Alias("mil_on"),
    "dtc_codes": Alias("dtcs"),
    "trouble_codes": Alias("dtcs"),
}
"""Plain name -> field. Units are those of the field (°C, V, kPa, km/h, %) unless a scale says otherwise; ``mileage``
is in km, and ``brake_failure`` is taken as the most urgent of what it can mean."""

FLAGS: frozenset[str] = frozenset(
    field.name for field in msgspec.structs.fields(Telemetry) if field.type == bool | None
) | {"check_requested"}
SEPARATORS = re.compile("[,;|]")
"""Between trouble codes in one text."""

LATEST_S = 1e11
"""A bare number as time: below this seconds since 1970 (up to the year 5138), from here on milliseconds (from 1973)."""

FIELDS: Mapping[str, Alias] = {field: Alias(field) for field in Telemetry.__struct_fields__} | dict(ALIASES)
"""Every name that is known."""


def number(key: str, value: object) -> float:
    """A finite number, also one that is written as text. Raises :class:`AliasError`."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise AliasError(key, f"{shown(value)} is not a number")
    try:
        return finite(key, float(value))
    except OverflowError as error:
        raise AliasError(key, "is too large for a number; leave it out") from error


def finite(key: str, number: float) -> float:
    """The number, neither NaN nor infinite. Raises :class:`AliasError`."""
    if not math.isfinite(number):
        raise AliasError(key, f"{number} is not a measurement; leave it out")
    return number


def flag(key: str, value: object) -> bool:
    """True or false, however it is written. Raises :class:`AliasError`."""
    try:
        return values.flag(value)
    except ValueError as error:
        raise AliasError(key, f"{shown(value)} is {error}") from error


def millis(key: str, value: object, zone: tzinfo | None) -> int:
    """A time as milliseconds since 1970 UTC. Raises :class:`AliasError`.

    ``zone`` is that of a time that names none; None is this machine's own.
    """
    value = plain(value)
    if isinstance(value, str | datetime):
        return _instant_ms(key, value, zone)
    given = number(key, value)
    at_ms = given * 1000 if not key.endswith("_ms") and given < LATEST_S else given
    return _within(key, at_ms, shown(value))


def _instant_ms(key: str, value: str | datetime, zone: tzinfo | None) -> int:
    try:
        moment = parse_instant(value, zone) if isinstance(value, str) else aware(value, zone)
    except (ValueError, OverflowError, OSError) as error:
        raise AliasError(key, f"{shown(value)} is not a time; write ISO 8601: 2026-01-31T12:00:00Z") from error
    return _within(key, moment.timestamp() * 1000, shown(value))


def _within(key: str, at_ms: float, given: str) -> int:
    if not 0 <= at_ms <= MAX_MS:
        unit = finer_unit(at_ms)
        cause = f": it looks like {unit}; send milliseconds, or ISO 8601" if unit else ""
        raise AliasError(key, f"{given} is not a time from 1970 to 9999{cause}")
    return round(at_ms)


def listed(key: str, value: object) -> list[object]:
    """A list, or a text with separators between its items. Raises :class:`AliasError`."""
    if isinstance(value, str):
        return [part for part in SEPARATORS.split(value) if part.strip()]
    if value == 0:
        return [NO_CODE]
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise AliasError(key, f"{shown(value)} is not a list")
    return [item for item in value if item is not None]


def dtc(key: str, item: object) -> Dtc:
    """A trouble code: a text, or ``{code, status}``. Raises :class:`AliasError`."""
    if isinstance(item, Dtc):
        return item
    fields = dict(item) if isinstance(item, Mapping) else {"code": item}
    try:
        return msgspec.convert(fields, Dtc)
    except msgspec.ValidationError as error:
        raise AliasError(key, f"{shown(item)}: {refusal_of(error)}") from error


def fault(key: str, item: object) -> J1939Fault:
    """A J1939 fault: ``{spn, fmi}``. Raises :class:`AliasError`."""
    try:
        return msgspec.convert(item, J1939Fault)
    except msgspec.ValidationError as error:
        raise AliasError(key, f"{shown(item)} is not a fault with spn and fmi: {refusal_of(error)}") from error
