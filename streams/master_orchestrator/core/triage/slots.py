"""One rule on one signal, compiled."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from master_orchestrator.core.triage.ranges import Range
from master_orchestrator_schemas.triage_rules import Gate
from master_orchestrator_schemas.vocabulary import Priority, Subsystem


def outside(value: float, limits: tuple[float, float]) -> bool:
    """Whether a value lies outside of two limits."""
    return value < limits[0] or value > limits[1]


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge,
    "above": operator.gt,
    "at_most": operator.le,
    "below": operator.lt,
    "outside": outside,
    "is_true": operator.eq,
}
"""The comparisons of a rule, by the names of its limits."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One rule on one signal.

    ``key``: under which the trackers hold it. ``value_of``: the signal's value in a reading. ``limit``: in the unit of
    the column (kPa where the rule has per cent of placard). ``range``: values outside it count as missing;
    ``sensor_ends``: the rule is about those.
    ``silenced_by``: keys of rules that say the same more urgently.
    """

    order: int
    key: str
    rule: str
    signal: str
    value_of: Callable[[Any], Any]
    column: int
    subsystem: Subsystem
    priority: Priority
    gate: Gate
    compare: Callable[[Any, Any], bool]
    limit: Any
    per_1000_rpm: bool
    is_rate: bool
    range: Range
    sensor_ends: bool
    hold_ms: int
    max_gap_ms: int
    repeats: int
    silenced_by: tuple[str, ...]
