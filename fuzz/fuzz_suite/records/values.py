"""Values at the ends of what a field can hold, and beyond."""

import sys
from random import Random

from master_orchestrator_schemas.messages.telemetry import MAX_MS

LONG_MAX, LONG_MIN = 2**63 - 1, -(2**63)
NUMBERS = (
    0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, sys.float_info.max, -sys.float_info.max, 1e300, 1e-300, 0.1, 65_535.0,
    4_294_967_296.0, 1e15, 9_007_199_254_740_993.0, -40.0, 215.0, 100.0, 1e5, 1e308,
)  # fmt: skip
NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
INTEGERS = (
    0, 1, -1, 2, 10, 127, 128, 255, 256, 65_535, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**53 + 1,
    MAX_MS, MAX_MS + 1, LONG_MAX, LONG_MAX - 1, LONG_MIN,
)  # fmt: skip
TEXTS = (
    "", " ", "x", "-", "0", "null", "P0301", "\x00", "\n", "\r\n", "\t", '"', "\\", "'", "{}", "[]", "%s",
    "{0}", "~", "/",
    "../..", "~0", "a~1/b", "=1+1", "ü", "日本", "\U0001f697", "\u202e", "\u2028", "\ufeff", "\x7f", "\x1b[31m",
    "\u00b5" * 40,
    "a" * 40, "a" * 199, "a" * 200, "a" * 201, "\U0001f697" * 200, "é" * 2_000, '"' * 2_000, "\x01" * 2_000,
    "\\" * 2_000,
)  # fmt: skip


def number(rng: Random) -> float:
    """Any finite number, most often one at an end of something."""
    return rng.choice(NUMBERS) if rng.random() < 0.6 else rng.uniform(-300.0, 8_000.0)


def text(rng: Random, longest: int = 200) -> str:
    """A text of at most ``most`` characters."""
    return rng.choice(TEXTS)[:longest]


def maybe(rng: Random, value: object) -> object:
    """The value, or None."""
    return None if rng.random() < 0.3 else value
