"""How the command line shows what others wrote, and how old something is."""

import time

from rich.text import Text

from master_orchestrator.cli.output import harmless_text
from master_orchestrator_schemas.headers import rfc3339

UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def shown(text: str) -> Text:
    """The same for tables."""
    return Text(harmless_text(text))


def to_the_second(at_ms: int) -> str:
    """Date and time with the zone, as ``2026-11-30T23:00:48Z``; the JSON answers have milliseconds."""
    return rfc3339(at_ms).partition(".")[0] + "Z"


def age_of(at_ms: int) -> str:
    """How long ago, in the largest unit that fits."""
    return in_units(max(0, now_ms() - at_ms))


def in_units(span_ms: int) -> str:
    """A length of time, in the largest unit that fits."""
    return next((f"{span_ms // size} {unit}" for unit, size in UNITS if span_ms >= size), "0 s")


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
