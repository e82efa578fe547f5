"""Files as the programs that people use write them: seeds for the ``ingest`` target."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

MAX_ROWS = 40


def _torque(rng: Random, _: Sequence[Any]) -> bytes:
    head = "GPS Time, Device Time, Longitude, Latitude,Engine Coolant Temperature(°F),Engine RPM(rpm),Speed (OBD)(mph)"
    rows = [
        f"Wed Aug 05 18:57:{second % 60:02} GMT+01:00 2026,05-Aug-2026 18:57:{second % 60:02}.210,8,49,205,2100,-"
        for second in range(rng.randrange(MAX_ROWS))
    ]
    return "\n".join([head, *rows, *([head] if rng.random() < 0.2 else [])]).encode(rng.choice(("utf-8", "cp1252")))


def _car_scanner(rng: Random, _: Sequence[Any]) -> bytes:
    names = (
        '"Engine RPM";"2100,5";"rpm"',
        '"Engine coolant temperature";"118";"°C"',
        '"Fuel level";"40";"l"',
        '"x";"";""',
    )
    rows = [f'"{64_000 + number / 2}";{rng.choice(names)};' for number in range(rng.randrange(MAX_ROWS))]
    return "\n".join(['"SECONDS";"PID";"VALUE";"UNITS";', *rows]).encode(rng.choice(("utf-8-sig", "utf-16")))


def _obd_fusion(rng: Random, _: Sequence[Any]) -> bytes:
    start = rng.choice(("08/05/2026 05:57:56 PM", "13.08.2026 17:57:56", "soon", ""))
    rows = [f"{number * 5},40,240" for number in range(rng.randrange(MAX_ROWS))]
    head = "Time (sec),Vehicle speed (MPH),Engine coolant temperature (°F)"
    return "\n".join([f"# StartTime = {start}", head, *rows]).encode()


def _openxc(rng: Random, values: Sequence[Any]) -> bytes:
    rows = [
        {
            "name": rng.choice(("engine_speed", "odometer", "latitude", "x", 5, None)),
            "value": rng.choice(values),
            "timestamp": 1786039076.0 + n / 2,
        }
        for n in range(rng.randrange(1, MAX_ROWS))
    ]
    text = json.dumps(rows, indent=rng.choice((None, 1))) if rng.random() < 0.5 else "\n".join(map(json.dumps, rows))
    return text.encode(errors="surrogatepass")


def _wrapped(rng: Random, values: Sequence[Any]) -> bytes:
    rows = [
        {
            "vehicle_id": "v-1",
            "ts": 1_780_000_000 + n,
            rng.choice(("rpm", "dtcs", "j1939", "extras", "x")): rng.choice(values),
        }
        for n in range(MAX_ROWS)
    ]
    return json.dumps({"readings": rows}, indent=rng.choice((None, 2))).encode(errors="surrogatepass")


def _written_by_a_spreadsheet(rng: Random, _: Sequence[Any]) -> bytes:
    """Semicolons, decimal commas, a ``sep=`` line, a power cut at the end."""
    rows = [f"v-1;01.06.2026 12:00:{second % 60:02};118,5;2.100" for second in range(rng.randrange(MAX_ROWS))]
    text = "\r\n".join(["sep=;", "vehicle_id;timestamp;engine_temp;rpm", *rows, ";;;"])
    return text.encode(rng.choice(("cp1252", "utf-16", "utf-8-sig"))) + b"\x00" * rng.choice((0, 700))


EXPORTS = (_torque, _car_scanner, _obd_fusion, _openxc, _wrapped, _written_by_a_spreadsheet)
"""Files as the programs that people use write them."""
