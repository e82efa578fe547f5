"""Units of measured values: which unit a field is in, and how another one is converted to it."""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple


class Conversion(NamedTuple):
    """``value * scale + offset`` is in the field's unit."""

    scale: float = 1.0
    offset: float = 0.0


SAME = Conversion()
PSI, INHG, MILE_KM = 6.894757, 3.386389, 1.609344
FAHRENHEIT = Conversion(5 / 9, -160 / 9)


def _spelled(spellings: str, conversion: Conversion) -> dict[str, Conversion]:
    return dict.fromkeys(spellings.split(), conversion)


TEMPERATURE: Mapping[str, Conversion] = {
    **_spelled("c celsius centigrade", SAME),
    **_spelled("f fahrenheit", FAHRENHEIT),
    **_spelled("k kelvin", Conversion(1.0, -273.15)),
}
PRESSURE: Mapping[str, Conversion] = {
    **_spelled("kpa kilopascal kpaa kpag", SAME),
    **_spelled("pa pascal", Conversion(0.001)),
    **_spelled("hpa mbar millibar", Conversion(0.1)),
    **_spelled("mpa", Conversion(1_000.0)),
    **_spelled("bar bara barg", Conversion(100.0)),
    **_spelled("psi psia psig lb/in2 lbf/in2", Conversion(PSI)),
    **_spelled("inhg", Conversion(INHG)),
    **_spelled("mmhg torr", Conversion(0.1333224)),
    **_spelled("kg/cm2 kgf/cm2", Conversion(98.0665)),
    **_spelled("atm", Conversion(101.325)),
}
VOLTAGE: Mapping[str, Conversion] = {
    **_spelled("v volt volts vdc", SAME),
    **_spelled("mv millivolt millivolts", Conversion(0.001)),
}
SPEED: Mapping[str, Conversion] = {
    **_spelled("km/h kmh kph kmph kmhr km/hr", SAME),
    **_spelled("mph mi/h mi/hr miles/h miles/hour mile/h", Conversion(MILE_KM)),
    **_spelled("m/s mps meters/second metres/second", Conversion(3.6)),
    **_spelled("kn kt kts knot knots", Conversion(1.852)),
}
DISTANCE: Mapping[str, Conversion] = {
    **_spelled("m meter meters metre metres", SAME),
    **_spelled("km kms kilometer kilometers kilometre kilometres", Conversion(1_000.0)),
    **_spelled("mi mile miles", Conversion(1_000 * MILE_KM)),
}
SHARE: Mapping[str, Conversion] = _spelled("% pct percent percentage perc", SAME)
AIR_FLOW: Mapping[str, Conversion] = {
    **_spelled("g/s gps g/sec gram/s grams/s gs", SAME),
    **_spelled("kg/h kg/hr kgh", Conversion(1 / 3.6)),
    **_spelled("lb/min lbs/min", Conversion(7.559872)),
}
TURNS: Mapping[str, Conversion] = {
    **_spelled("rpm 1/min r/min rev/min min-1 u/min /min rpms", SAME),
    **_spelled("1/s rps rev/s", Conversion(60.0)),
}

BY_SUFFIX: Mapping[str, Mapping[str, Conversion]] = {
    "c": TEMPERATURE,
    "kpa": PRESSURE,
    "v": VOLTAGE,
    "kmh": SPEED,
    "m": DISTANCE,
    "pct": SHARE,
    "gps": AIR_FLOW,
    "rpm": TURNS,
}
"""The last part of a field's name -> the units that a column for it may be in."""

SECONDS: Mapping[str, float] = {
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], 1.0),
    **dict.fromkeys(["ms", "msec", "millisecond", "milliseconds", "millis"], 1e-3),
    **dict.fromkeys(["us", "usec", "µs", "microsecond", "microseconds", "micros"], 1e-6),
    **dict.fromkeys(["ns", "nanosecond", "nanoseconds", "nanos"], 1e-9),
    **dict.fromkeys(["min", "mins", "minute", "minutes"], 60.0),
    **dict.fromkeys(["h", "hr", "hour", "hours"], 3_600.0),
}
"""Unit of time -> seconds."""

_DEGREES = re.compile(r"(?:degrees?|deg\.?|[°º˚\ufffd])\s*|\s+")


def plain_unit(text: str) -> str:
    """A unit as the tables have it: lower case, without spaces, degree signs and the marks of a wrong encoding."""
    bare = _DEGREES.sub("", text.replace("\u00c2", "").replace("\u2103", "c").replace("\u2109", "f").lower())
    return unicodedata.normalize("NFKC", bare).replace("\N{GREEK SMALL LETTER MU}", "µ").replace("in.hg", "inhg")


def units_of(field: str) -> Mapping[str, Conversion]:
    """The units that a column for this field may be in; empty where the field has no unit."""
    for suffix in reversed(field.split("_")):  # hv_cell_v_min, hv_temp_max_c
        if suffix in BY_SUFFIX:
            return BY_SUFFIX[suffix]
    return {}


def conversion(field: str, unit: str) -> Conversion | None:
    """How a value in ``unit`` comes into the field's unit; None where the unit measures something else."""
    return units_of(field).get(plain_unit(unit))


_ALL = frozenset().union(*BY_SUFFIX.values(), SECONDS)
OTHER_UNITS = frozenset(
    [
        "a",
        "ma",
        "w",
        "kw",
        "hp",
        "ps",
        "nm",
        "l",
        "gal",
        "gallon",
        "gallons",
        "l/h",
        "gal/h",
        "l/100km",
        "mpg",
        "ah",
        "kwh",
        "wh",
        "g",
        "deg",
        "lambda",
        "ratio",
        "mm",
        "cm",
        "bit",
        "count",
        "m/s2",
        "λ",
    ]
)
"""Units of things that no field measures."""


_WRITTEN = {"c": "°C", "f": "°F", "k": "K", "v": "V", "mv": "mV", "kpa": "kPa", "pa": "Pa", "hpa": "hPa", "mpa": "MPa"}


def written(unit: str) -> str:
    """A unit of the tables as people write it."""
    return _WRITTEN.get(unit, unit)


def is_unit(text: str) -> bool:
    """Whether a text is a unit of anything that vehicles report."""
    unit = plain_unit(text)
    return unit in _ALL or unit in OTHER_UNITS
