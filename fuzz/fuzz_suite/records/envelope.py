"""What stands around a record's value: key, headers, time."""

from random import Random

from fuzz_suite.records.values import LONG_MAX, LONG_MIN
from master_orchestrator_schemas.messages.telemetry import MAX_MS

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACES = (
    TRACE, b"", b"00", TRACE[:-1], TRACE + b"\n", TRACE.upper(), b"ff" + TRACE[2:],
    b"00-" + b"0" * 32 + TRACE[35:], b"\xff" * 55,
    TRACE * 100, None,
)  # fmt: skip
NAMES = (
    "",
    "traceparent",
    "ce_id",
    "dead_letter_reason",
    "dead_letter_attempts",
    "x" * 257,
    "日本",
    "\x00",
    "Traceparent",
)
CONTENTS = (None, b"", b"1", b"-1", b"9" * 30, b"\xff\xfe", b"\x00", b"v" * 4_096, b"v" * 4_097, b"v" * 100_000)
KEYS = (
    None,
    b"",
    b"\x00position",
    b"\x00outbox/0",
    b"__faust\x00offset",
    b"__faust",
    b"\xff\xfe",
    b"other",
    b"k" * 5_000,
)
TIMES = (-1, 0, 1, LONG_MIN, LONG_MAX, MAX_MS, MAX_MS + 1, 2**53, LONG_MAX - 1, -(10**12))
Headers = tuple[tuple[str, bytes | None], ...]


def key_of(rng: Random, vehicle_id: str) -> bytes | None:
    """The vehicle's key, seldom another."""
    key = vehicle_id.encode()
    if rng.random() > 0.03:
        return key
    return rng.choice((*KEYS, key + b"\n", b" " + key, key.upper(), key * 2_000))


def headers_of(rng: Random) -> Headers:
    """No headers, a trace, or anything."""
    draw = rng.random()
    if draw < 0.5:
        return ()
    if draw < 0.85:
        return (("traceparent", TRACE),)
    few = rng.choice((1, 2, 40)) if draw < 0.995 else 2_000
    return tuple(
        ("traceparent", rng.choice(TRACES)) if rng.random() < 0.3 else (rng.choice(NAMES), rng.choice(CONTENTS))
        for _ in range(few)
    )


def time_of(rng: Random, at_ms: int) -> int:
    """The time, seldom another."""
    return at_ms if rng.random() > 0.005 else rng.choice(TIMES)
