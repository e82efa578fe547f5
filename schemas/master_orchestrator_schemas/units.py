"""What every section of ``topology.yaml`` is made of: durations, sizes and priorities as people write them."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from master_orchestrator_schemas.vocabulary import Priority

_MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
MAX_SHOWN = 60
DURATION_PATTERN = r"^[1-9][0-9]{0,8}(ms|s|min|h|d)$"
SIZE_PATTERN = r"^[1-9][0-9]{0,8}(B|KiB|MiB|GiB)$"


def shown(given: object) -> str:
    """What somebody wrote, for a message. YAML takes hexadecimal numbers longer than Python prints in decimal."""
    try:
        text = repr(given)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _parse(value: Any, pattern: str, units: dict[str, int], kind: str) -> int:
    if not isinstance(value, str) or not (match := re.fullmatch(pattern, value)):
        raise ValueError(f"{shown(value)} is not a {kind}")
    unit = match.group(1)
    return int(value.removesuffix(unit)) * units[unit]


def parse_duration(value: Any) -> int:
    """Milliseconds of ``250ms``, ``2s``, ``10min``, ``24h`` or ``30d``. Raises ``ValueError``."""
    return _parse(value, DURATION_PATTERN, _MILLISECONDS, "duration; write a number with ms, s, min, h or d: 10min")


def duration(ms: int) -> str:
    """Milliseconds in the units of ``topology.yaml``, the largest first: ``3d 30min``."""
    parts = []
    for unit, size in sorted(_MILLISECONDS.items(), key=lambda each: -each[1]):
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0ms"


def parse_size(value: Any) -> int:
    """Bytes of ``512B``, ``256KiB``, ``4MiB`` or ``1GiB``. Raises ``ValueError``."""
    return _parse(value, SIZE_PATTERN, _BYTES, "size; write a number with B, KiB, MiB or GiB: 256KiB")


def parse_priority(value: Any) -> Priority:
    """The priority of that name. Raises ``ValueError``."""
    if not isinstance(value, str) or value not in Priority.__members__:
        raise ValueError(f"{shown(value)} is not a priority; write one of {', '.join(Priority.__members__)}")
    return Priority[value]


Duration = Annotated[
    int, BeforeValidator(parse_duration), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
"""Milliseconds, written with a unit."""

Size = Annotated[int, BeforeValidator(parse_size), WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN})]
"""Bytes, written with a unit."""

PriorityName = Annotated[
    Priority, BeforeValidator(parse_priority), WithJsonSchema({"type": "string", "enum": list(Priority.__members__)})
]
"""A priority, written as its name."""


class Terms(BaseModel):
    """Base of all sections: immutable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=False)
