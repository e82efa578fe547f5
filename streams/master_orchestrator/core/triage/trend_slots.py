"""The topology's ``trends:`` compiled: which signal is remembered when, and which limits it may be heading for."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from master_orchestrator.core.triage.slots import Slot, outside
from master_orchestrator.core.triage.trackers import SLOTS
from master_orchestrator_schemas.signal_names import TYRE_SIGNALS
from master_orchestrator_schemas.triage_rules import TRENDING, Gate, TrendTerms

SLOW_MS = 600_000
"""A signal whose gate waits that long warms up slowly."""
UPWARDS, DOWNWARDS = (operator.ge, operator.gt), (operator.le, operator.lt)


class Side(NamedTuple):
    """A limit, in the unit of the column. ``failure``: that of the most urgent rule on the same side; ``sign``: +1 if
    values above it are bad, -1 if those below are.
    """

    limit: float
    failure: float
    sign: int


@dataclass(frozen=True, slots=True)
class TrendSlot:
    """A rule's signal that is remembered from day to day.

    Args:
        key: under which the trackers hold what was foretold.
        rule: the finding's name.
        slot: the rule on this signal.
        series: under which the memory holds the signal: its place in ``SLOTS``, or ``extras.NAME``.
        bit: of the signal in what a reading has.
        slow_gate: the gate as far as readings far apart can tell.
        silenced_by: keys of the rules that say it has come to that.
        fellows: series of the other tyres, which the weather moves alike.
        is_slow: it warms up slowly, as its gate says.
    """

    key: str
    rule: str
    slot: Slot
    series: int | str
    bit: int
    gate: Gate
    slow_gate: Gate
    sides: tuple[Side, ...]
    season_per_day: float
    horizon_days: float
    silenced_by: tuple[str, ...]
    fellows: tuple[int | str, ...]
    is_slow: bool


def compile_trends(
    trends: Mapping[str, TrendTerms], slots: Sequence[Slot], bits: Sequence[str]
) -> tuple[TrendSlot, ...]:
    """A slot for each signal of each rule that has a trend; rules that are not enabled have none.

    ``slots``: of all rules, in their order; ``bits``: the signals in the order of what a reading has.
    """
    return tuple(_compiled(trends[slot.rule], slot, slots, bits) for slot in slots if slot.rule in trends)


def _compiled(terms: TrendTerms, slot: Slot, slots: Sequence[Slot], bits: Sequence[str]) -> TrendSlot:
    name, separator, rest = slot.key.partition("/")
    return TrendSlot(
        key=f"{name}{TRENDING}{separator}{rest}",
        rule=slot.rule + TRENDING,
        slot=slot,
        series=_series(slot),
        bit=1 << bits.index(slot.signal),
        gate=terms.gate,
        slow_gate=terms.gate.model_copy(update={"for_ms": 0, "settled_ms": 0}),
        sides=_sides(slot, slots),
        season_per_day=terms.season_per_day,
        horizon_days=terms.horizon_ms / 86_400_000,
        silenced_by=(slot.key, *slot.silenced_by),
        fellows=tuple(_series(other) for other in slots if other.rule == slot.rule and other is not slot)
        if slot.signal in TYRE_SIGNALS
        else (),
        is_slow=terms.gate.for_ms >= SLOW_MS,
    )


def _series(slot: Slot) -> int | str:
    return SLOTS.index(slot.signal) if slot.signal in SLOTS else slot.signal


def _sides(slot: Slot, slots: Sequence[Slot]) -> tuple[Side, ...]:
    if slot.compare is outside:
        low, high = slot.limit
        return Side(low, low, -1), Side(high, high, 1)
    sign, alike = (1, UPWARDS) if slot.compare in UPWARDS else (-1, DOWNWARDS)
    ends = [
        other.limit
        for other in slots
        if other.signal == slot.signal
        and other.column == slot.column
        and other.compare in alike
        and not other.sensor_ends
    ]
    return (Side(slot.limit, sign * max(sign * end for end in ends), sign),)
