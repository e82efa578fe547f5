"""Files that are almost drives: CSV, NDJSON and column maps, mutated; and a few that are far too large."""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import yaml

from fuzz_suite.ingest_exports import EXPORTS
from fuzz_suite.records.mutations import mutated

COLUMNS = (
    "vehicle_id", "timestamp", "engine_temp", "rpm", "battery_voltage", "speed", "dtcs", "check_engine", "model",
    "cabin_db",
    "odometer_km", "extras", "ts", "request_id", "check_requested", "j1939",
    "Coolant Temp (°F)", "tire_pressure_fl", "oil_pressure", "Battery Voltage [mV]", "SPN", "FMI", "Status", "Date",
    "Time", "latitude", "trip_id", "dtc", "G(x)", "vin",
)  # fmt: skip
CELLS = (
    "", " ", "0", "-1", "91.5", "1e308", "-1e308", "1e999", "nan", "inf", "-inf", "NULL", "n/a", "true", "FALSE",
    "yes", "P0301", "p0301;P0217",
    "X9999", "1,5", "٣", "1_000", "0x10", "v-1", "v 1", "v" * 65, "2026-01-31T12:00:00Z", "2026-01-31 12:00",
    "2026-02-30", "12:00:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1700000000", "1700000000000",
    "99999999999999999999", "-62135596801",
    "1e300", "\x00", '"', '""', '"x', "'", "é" * 300, "x" * 300, "=1+1", "\t", "\u2028", "9" * 5_000, "[1]", "{}",
    "-0.0", "24:00:00", "5e-324",
    "-", "--", "?", "NO DATA", "unknown", "#N/A", "On", "Off", "91 °C", "14.1V", "1,234.5", "1.234,5", "118,5", "1 234",
    "110/0", "SPN 110 FMI 0; 100/1", "P0301/P0302", "['P0301']", "P 0217", "P0301-1C", "no codes",
    "05/08/2026 05:57:56 PM", "13/08/2026 17:57:56", "05-Aug-2026 18:57:56.210", "Wed Aug 05 18:57:56 GMT+01:00 2026",
    "20260805175756", "46239.74856481", "1785952676000000", "2026-10-25 02:30:00", "2026-03-29 02:30:00", "00:05.0",
    "05:57:56 PM", "2016-12-31T23:59:60z", "2026-06-01 10:00:00 CET", "99:99:99", "00/00/0000 00:00:00",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 91.5, 1e308, 10**30, 10**400, "", "x", "P0301", [], {}, [None], ["P0301"],
    [{"code": "P0301"}], [[]], "é" * 300,
    {"code": "P0301"}, {"a": 1}, {"a": None}, "2026-01-31T12:00:00Z", 1_700_000_000, 1_700_000_000_000,
    -62_135_596_801, 1e300, "nan", "\ud800",
    [{"spn": 1, "fmi": 2}], [{"spn": -1, "fmi": 99}], "v-1", "true", 5e-324, {"a": "b"}, {"x": 1e400},
    "9" * 5_000, [1] * 3_000,
)  # fmt: skip
MAPS: tuple[dict[str, Any], ...] = (
    {"columns": {"temp": "coolant_temp_c"}, "ts": {"column": "at"}, "vehicle_id": "v-1"},
    {"ts": {"kind": "rows", "rate_hz": 10}, "vehicle_id": "v-1", "ignore": ["timestamp"]},
    {"ts": {"kind": "time_of_day", "column": "timestamp"}, "vehicle_id": "v-1", "strip_units": True},
    {
        "columns": {"rpm": {"field": "engine_rpm", "scale": 2.0, "offset": -1.0}},
        "constants": {"model": "m", "mil_on": True},
    },
    {"ts": {"kind": "rows", "group_by": "model", "pause_s": 1.0}, "vehicle_id": "v-1"},
    {"ts": {"kind": "elapsed", "column": "timestamp", "unit": "ms", "start": "first_row"}, "vehicle_id": "v-1"},
    {"ts": {"kind": "excel", "column": "ts", "zone": "Europe/Berlin"}, "decimal": ","},
    {"ts": {"column": "Time", "date_column": "Date", "day_first": True}, "vehicle_id": "v-1"},
    {"long": {"name": "model", "value": "rpm", "unit": "dtc", "together_s": 1}, "vehicle_id": "v-1"},
    {"columns": {"rpm": {"field": "oil_pressure", "unit": "bar"}}, "ts": {"column": "at", "zone_column": "timestamp"}},
)
MAP_VALUES: tuple[Any, ...] = (
    *VALUES, {"kind": "rows", "rate_hz": 1e-300}, {"kind": "rows", "rate_hz": 1e300}, {"kind": "rows",
    "pause_s": 1e308},
    {"kind": "column"}, {"kind": "time_of_day", "column": "nope"}, {"field": "dtcs", "scale": 2}, {"field": "x",
    "scale": float("inf")},
    {"field": "engine_rpm", "offset": 1e308, "scale": 1e308}, {"field": "vehicle_id", "scale": 3}, {"field": ""},
    "ts_ms", "extras",
)  # fmt: skip
OPTIONS = (
    ("--vehicle-id", "v-9"), ("--vehicle-id", "v 9"), ("--start", "2026-01-31T12:00:00Z"), ("--start",
    "0001-01-01T00:00:00+23:59"),
    ("--start", "9999-12-31T23:59:59Z"), ("--start", "1e300"), ("--start", "nan"), ("--start", "-99999999999"),
    ("--strict",),
    ("--zone", "Europe/Berlin"), ("--zone", "Mars/Phobos"), ("--day-first",), ("--month-first",), ("--map", "openxc"),
    ("--map", "car-scanner"), ("--map", "torque"), ("--map", "obd-fusion"), ("--map", "j1939"), ("--guess",),
    ("--speed", "max"), ("--rejects", "rejects.ndjson"), ("--rejects", "."), ("--rejects", "nowhere/rejects"),
    ("--start", "inf"),
)  # fmt: skip
NAMES = (
    "drive.csv",
    "drive.ndjson",
    "2026-01-31_drive.csv",
    "2026-13-40_drive.csv",
    "0001-01-01.csv",
    "9999-12-31.csv",
    "d.gz",
    "2026-08-05 17-58-00.csv",
)
MAX_ROWS = 40
Files = dict[str, bytes]


def ingest_case(rng: Random) -> tuple[Files, list[str]]:
    """Files by name, and the words of a command line that reads them."""
    words: list[str] = []
    files: Files = {}
    for _ in range(rng.choice((1, 1, 1, 2))):
        name = rng.choice(NAMES)
        files[name] = drive(rng)
        words.append(name)
    if rng.random() < 0.2:
        files["map.yaml"] = column_map(rng)
        words += ["--map", "map.yaml"]
    if rng.random() < 0.4:
        words += ("--vehicle-id", "v-1", "--start", "2026-01-31T12:00:00Z")
    for option in rng.sample(OPTIONS, rng.choice((0, 0, 0, 0, 1, 2))):
        words += option
    return files, ["ingest", *words, "--dry-run", "--json"]


def drive(rng: Random) -> bytes:
    """One file."""
    draw = rng.random()
    content = _csv(rng) if draw < 0.5 else _ndjson(rng) if draw < 0.8 else rng.choice(EXPORTS)(rng, VALUES)
    draw = rng.random()
    if draw < 0.3:
        content = mutated(rng, content, b'\xef\xbb\xbf"\r\n,;{}\x00\n"') or b""
    elif draw < 0.5:
        content = rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\n\n", b" ", b"\r", b'"', b"\xe9")) + content
    elif draw < 0.55:
        content = content.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\x0b")))
    if rng.random() < 0.1:
        content = gzip.compress(content, 1)
        if rng.random() < 0.6:
            content = mutated(rng, content, content) or b""
    return content


def _csv(rng: Random) -> bytes:
    names = ["vehicle_id", "timestamp", *rng.sample(COLUMNS[2:], rng.choice((1, 3, 8)))]
    if rng.random() < 0.2:
        names = [
            rng.choice((*COLUMNS, "temp", "at", "", "RPM [1/min]", "a b", "é")) for _ in range(rng.choice((1, 2, 5)))
        ]
    lines = [(rng.choice((";", "\t")) if rng.random() < 0.05 else ",").join(names)]
    lines += [",".join(_cell(rng, name, number) for name in names) for number in range(rng.randrange(MAX_ROWS))]
    text = "\n".join(line if rng.random() > 0.02 else line + "," * rng.choice((1, 50)) for line in lines)
    return text.encode(rng.choice(("utf-8", "utf-8", "latin-1")), "replace") + rng.choice((b"\n", b""))


def _cell(rng: Random, name: str, number: int) -> str:
    if rng.random() < 0.1:
        return rng.choice(CELLS)
    match name:
        case "vehicle_id":
            return "v-1"
        case "timestamp" | "at" | "ts":
            return f"2026-01-31T12:00:{number % 60:02}Z"
        case _:
            return str(rng.uniform(0.0, 120.0))


def _ndjson(rng: Random) -> bytes:
    rows = []
    for number in range(rng.randrange(1, MAX_ROWS)):
        row: dict[str, Any] = {"vehicle_id": "v-1", "timestamp": 1_700_000_000 + number, "engine_temp": 90.0}
        if rng.random() < 0.4:
            row[rng.choice(COLUMNS)] = rng.choice(VALUES)
        line = json.dumps(row, ensure_ascii=rng.random() < 0.5)
        rows.append(
            rng.choice((line, "[" * rng.choice((3, 100_000)), line[:-1], "", "null", "NaN", " "))
            if rng.random() < 0.1
            else line
        )
    return "\n".join(rows).encode(errors="surrogatepass")


def column_map(rng: Random) -> bytes:
    """A map file."""
    content: dict[Any, Any] = {**rng.choice(MAPS)}
    for _ in range(rng.choice((0, 1, 1, 2))):
        key = rng.choice([*content, "columns", "ts", "vehicle_id", "constants", "ignore", "strip_units", "colums"])
        value = rng.choice(MAP_VALUES)
        content[key] = {rng.choice(COLUMNS): value} if key in ("columns", "constants") and rng.random() < 0.7 else value
    text = yaml.safe_dump(content, allow_unicode=True)
    if rng.random() < 0.3:
        text = re.sub(
            r": [^\n]*", lambda match: rng.choice((match[0], match[0], ": !!int ''", ": *a", ": [", ": !!bool x")), text
        )
    raw = text.encode(errors="surrogatepass")
    return (mutated(rng, raw, b"\xff\n: [{&*!") or b"") if rng.random() < 0.2 else raw


def _pieces(start: bytes, piece: bytes, size: int) -> Iterator[bytes]:
    yield start
    block = piece * (1_000_000 // len(piece))
    for _ in range(-(-size // len(block))):
        yield block


MANY = 40
"""Millions of lines only take their time: by so much there are less of them."""

GIANTS: Mapping[str, Callable[[int], Iterator[bytes]]] = {
    "a header that never ends": lambda size: _pieces(b"", b"a", size),
    "a line that never ends": lambda size: _pieces(b"vehicle_id,timestamp,rpm\n", b"a", size),
    "a row of commas": lambda size: _pieces(b"vehicle_id,timestamp,rpm\n", b",", size),
    "an open quote": lambda size: _pieces(b'vehicle_id,timestamp,rpm\nv-1,"', b"a,b\n", size // MANY),
    "quotes": lambda size: _pieces(b"vehicle_id,timestamp,rpm\n", b'"', size),
    "an object that never ends": lambda size: _pieces(b'{"vehicle_id": "v-1", "model": "', b"x", size),
    "an array that never ends": lambda size: _pieces(b'{"vehicle_id": "v-1"}\n', b"[", size),
    "empty lines": lambda size: _pieces(b"vehicle_id,timestamp,rpm\n", b"\n", size // MANY),
    "spaces": lambda size: _pieces(b"", b" ", size),
}
"""What a file may be that does not fit into memory -> its pieces."""


def write_giant(name: str, size: int, file: Path, *, gzipped: bool) -> None:
    """Write one of :data:`GIANTS` of about ``size`` bytes; gzipped, it is a small file of the same content."""
    with gzip.open(file, "wb", 1) if gzipped else file.open("wb") as stream:
        for piece in GIANTS[name](size):
            stream.write(piece)
