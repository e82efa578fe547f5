"""Telemetry as outsiders write it: plain names, ISO times, lists of codes. One table says what each name means.

Nothing is guessed: a name that is not in the table is kept under ``extras`` if it is a number, and is an error if not.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from numbers import Real
from typing import NamedTuple

import msgspec

from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.messages import SIGNALS, Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.units import shown


class AliasError(ContractError):
    """A mapping is no reading. ``key`` is the key that is wrong, as it came; empty if it is the whole."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
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
TRUE_OR_FALSE: Mapping[object, bool] = {True: True, False: False, "true": True, "false": False}
"""1 and 0 equal True and False, as keys too."""

LATEST_S = 1e11
"""A bare number as time: below this seconds since 1970 (up to the year 5138), from here on milliseconds (from 1973)."""

_FIELDS: Mapping[str, Alias] = {field: Alias(field) for field in Telemetry.__struct_fields__} | dict(ALIASES)
_SIGNALS = frozenset(SIGNALS)
_PATH = re.compile(r" - at `\$\.(\w+)")


def telemetry_from_mapping(mapping: Mapping[str, object], *, vehicle_id: str | None = None) -> Telemetry:
    """The reading that a mapping of plain names or fields describes.

    Args:
        mapping: field or alias -> value; None is the same as absent. Times are ISO 8601 (without a zone: UTC), or
            seconds or milliseconds since 1970 (``ts_ms``: milliseconds). ``dtcs`` holds texts or ``{code, status}``.
        vehicle_id: whose reading this is, where the mapping does not say; if it does, it must say the same.

    Raises:
        AliasError: a key is unknown and no number, is there twice, or has a wrong or impossible value.
    """
    fields: dict[str, object] = {}
    keys: dict[str, str] = {}
    extras: dict[str, float] = {}
    for key, value in mapping.items():
        if value is None:
            continue
        alias = _FIELDS.get(key)
        if alias is None:
            extras[_name(key)] = _unknown(key, value)
        elif alias.field == "extras":
            extras |= _extras(key, value)
        elif alias.field in keys:
            raise AliasError(key, f"says the same as {keys[alias.field]!r}; send one of them")
        else:
            keys[alias.field] = key
            fields[alias.field] = _value(key, alias, value)
    if vehicle_id is not None and fields.setdefault("vehicle_id", vehicle_id) != vehicle_id:
        raise AliasError(keys["vehicle_id"], f"{fields['vehicle_id']!r} is not {vehicle_id!r}, whose reading this is")
    return _built({**fields, "extras": extras}, keys)


def _built(fields: dict[str, object], keys: Mapping[str, str]) -> Telemetry:
    for needed in ("vehicle_id", "ts_ms"):
        if needed not in fields:
            raise AliasError(needed, "is missing; every reading needs it")
    try:
        return msgspec.convert(fields, Telemetry)
    except msgspec.ValidationError as error:
        text = str(error)
        at = _PATH.search(text)
        field = at.group(1) if at else ""
        raise AliasError(keys.get(field, field), _PATH.split(text)[0]) from error


def _value(key: str, alias: Alias, value: object) -> object:
    field = alias.field
    if field in _SIGNALS:
        return _number(key, value) * alias.scale
    if field in FLAGS:
        return _flag(key, value)
    if field == "ts_ms":
        return _millis(key, value)
    if field == "dtcs":
        return tuple(_dtc(key, item) for item in _items(key, value))
    if field == "j1939":
        return tuple(_fault(key, item) for item in _items(key, value))
    if not isinstance(value, str):
        raise AliasError(key, f"{shown(value)} is not a text")
    return value


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise AliasError(key, f"{shown(value)} is not a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise AliasError(key, "is too large for a number; leave it out") from error
    if not math.isfinite(number):
        raise AliasError(key, f"{number} is no measurement; leave it out")
    return number


def _flag(key: str, value: object) -> bool:
    wanted = value.lower() if isinstance(value, str) else value
    if isinstance(wanted, bool | int | float | str) and wanted in TRUE_OR_FALSE:
        return TRUE_OR_FALSE[wanted]
    raise AliasError(key, f"{shown(value)} is neither true nor false")


def _millis(key: str, value: object) -> int:
    if isinstance(value, str):
        value = _instant(key, value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    number = _number(key, value)
    millis = number * 1000 if key != "ts_ms" and number < LATEST_S else number
    if not 0 <= millis <= MAX_MS:
        raise AliasError(key, f"{number:g} is no time from 1970 to 9999")
    return round(millis)


def _instant(key: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise AliasError(key, f"{text[:60]!r} is no time; write ISO 8601: 2026-01-31T12:00:00Z") from error


def _items(key: str, value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise AliasError(key, f"{shown(value)} is not a list")
    return list(value)


def _dtc(key: str, item: object) -> Dtc:
    if isinstance(item, Dtc):
        return item
    fields = dict(item) if isinstance(item, Mapping) else {"code": item}
    unknown = sorted(str(name) for name in fields.keys() - {"code", "status"})
    if unknown:
        raise AliasError(key, f"a trouble code has code and status, not {shown(unknown[0])}")
    try:
        return msgspec.convert(fields, Dtc)
    except msgspec.ValidationError as error:
        raise AliasError(key, f"{shown(item)} is no trouble code such as P0301 ({error})") from error


def _fault(key: str, item: object) -> J1939Fault:
    try:
        return msgspec.convert(item, J1939Fault)
    except msgspec.ValidationError as error:
        raise AliasError(key, f"{shown(item)} is no fault with spn and fmi ({error})") from error


def _extras(key: str, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise AliasError(key, f"{shown(value)} is not a mapping of names and numbers")
    return {_name(name): _number(f"{key}.{name}", number) for name, number in value.items() if number is not None}


def _unknown(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise AliasError(key, "is not a known name, and only numbers are kept of what is not known; leave it out")
    return _number(key, value)


def _name(key: object) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= 200:
        raise AliasError(str(key)[:60], "a name is a text of 1 to 200 characters")
    return key
