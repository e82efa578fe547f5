"""The long memory at work: what a reading adds to it, and what is foretold when a day is over.

A trend is told of while its rule is silent: once, SCHEDULED, with the time at which the rule's limit is reached. What
was foretold stands, as a hold that has fired, until the trend is over: a step back (the repair), another direction, or
a limit that has moved out of sight.
"""

from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from master_orchestrator.core.triage.engine_state import TOO_FAR_MS, UNBROKEN_MS, gate_open
from master_orchestrator.core.triage.holds import FIRED
from master_orchestrator.core.triage.memory import (
    DAY_MS,
    LOOK_MS,
    DayValue,
    Key,
    closed,
    count_today,
    day_over,
    gathered,
    packed,
    points,
    points_of_fellows,
    unpacked,
    without_today,
)
from master_orchestrator.core.triage.moment import Moment, counts
from master_orchestrator.core.triage.rules import RuleSet, TriageRules
from master_orchestrator.core.triage.trackers import NEVER, Hold, Memory, Trackers
from master_orchestrator.core.triage.trend_slots import Side, TrendSlot
from master_orchestrator.core.triage.trends import MIN_POINTS, Z_80, Crossing, Trend, crossing, trend_beside, trend_of
from master_orchestrator_schemas.facts import Finding, SignalTrend
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import Priority

Holds = dict[str, Hold]

MIN_DAYS, MIN_SPAN = 10, 13.0
"""Fewer days, or days closer together, foretell nothing."""
SURE = 0.3
"""How far the ends of the interval may lie from the time left, as a share of it."""
SOON_DAYS, SURE_ENOUGH = 16.0, 0.6
"""What is this near is told of with a wider interval."""
OUT_OF_SIGHT = 2.0
"""A limit that many horizons ahead is out of sight."""
MAYBE_A_STEP = 4.0
"""A newest day that many noises off the line may be a step: the next day will tell."""
ALIKE_RUNS, WARM_MS = 1.5, 2_700_000
"""Runs that differ by less than this factor are as long as each other; after three quarters of an hour all is warm."""
MAX_HOURS = 100_000.0
ALIKE_K = 1.5
"""Tyres whose heat differs by less are as warm as each other."""


class Remembered(NamedTuple):
    """What the trackers hold after a reading that the memory wanted, and what is foretold with it."""

    memory: bytes
    due_ms: int
    wanted: int
    holds: Holds
    findings: list[Finding]


def remember(moment: Moment, trackers: Trackers, holds: Holds, bits: int, heat_k: float | None) -> Remembered:
    """What becomes of ``trackers`` with a reading that has the signals ``bits``.

    ``holds``: as the rules left them; ``heat_k``: of the tyres, if it is known.
    """
    rules, ts_ms = moment.rules, moment.reading.ts_ms
    memory, findings = unpacked(trackers.memory), list[Finding]()
    if day_over(memory, ts_ms):
        memory = closed(memory, ts_ms, dict.fromkeys(slot.series for slot in rules.trends))
        holds, findings = _foretold(rules, memory, holds, ts_ms)
    due_ms, wanted = trackers.due_ms, trackers.wanted
    if ts_ms >= due_ms:
        due_ms, wanted = ts_ms + LOOK_MS, rules.trend_bits
    looked_at = bits & wanted
    if looked_at & rules.tyre_bits and heat_k is not None:
        memory, is_cold = _with_cold_tyres(rules, memory, 0.0 if _has_stood(moment) else heat_k)
        looked_at &= -1 if is_cold else ~rules.tyre_bits
    if looked_at & rules.slow_bits:
        memory, is_warm = _with_long_runs(rules, memory, min(ts_ms - moment.engine.since_ms, WARM_MS))
        looked_at &= -1 if is_warm else ~rules.slow_bits
    taken = dict(_comparable(moment, looked_at))
    if taken:
        memory = gathered(memory, ts_ms, taken.items())
    return Remembered(packed(memory), due_ms, wanted & ~bits, holds, findings)


def _has_stood(moment: Moment) -> bool:
    """Whether nothing was heard of the vehicle long enough that its tyres have gone cold, as far as one can tell."""
    return moment.engine.gap_ms >= TOO_FAR_MS != moment.engine.reach_ms


def _heat_share(moment: Moment) -> float:
    """How much of the correction for heat is taken back: of tyres that have stood all; half where the vehicle may have
    driven unseen, and the correction is a guess.
    """
    if _has_stood(moment):
        return 1.0
    return 0.5 if moment.engine.reach_ms == TOO_FAR_MS else 0.0


def _with_cold_tyres(rules: RuleSet, memory: Memory, heat_k: float) -> tuple[Memory, bool]:
    """Whether the tyres are as cold as in any reading of the day: the correction for heat is only an estimate.

    What the day had of warmer tyres is given up for colder ones.
    """
    keys = [slot.series for slot in rules.trends if slot.fellows]
    if not any(count_today(memory, key) for key in keys):
        return replace(memory, heat_k=heat_k), True
    if heat_k < memory.heat_k - ALIKE_K:
        return replace(without_today(memory, keys), heat_k=heat_k), True
    return memory, heat_k <= memory.heat_k + ALIKE_K


def _with_long_runs(rules: RuleSet, memory: Memory, run_ms: int) -> tuple[Memory, bool]:
    """Whether the engine has run about as long as in any reading of the day: what is still warming up is too low.

    What the day had of shorter runs is given up for longer ones.
    """
    keys = [slot.series for slot in rules.trends if slot.is_slow]
    if not any(count_today(memory, key) for key in keys):
        return replace(memory, run_ms=run_ms), True
    if run_ms > ALIKE_RUNS * memory.run_ms:
        return replace(without_today(memory, keys), run_ms=run_ms), True
    return memory, run_ms * ALIKE_RUNS >= memory.run_ms


def _comparable(moment: Moment, bits: int) -> Iterator[tuple[Key, float]]:
    """The values that can be compared with other days'."""
    for trend in moment.rules.trends:
        value = moment.values[trend.slot.column]
        if trend.fellows and value is not None:
            value += _heat_share(moment) * (trend.slot.value_of(moment.reading) - value)
        if trend.bit & bits and value is not None and counts(moment, trend.slot) and _applies(moment, trend):
            yield trend.series, value


def _applies(moment: Moment, trend: TrendSlot) -> bool:
    """Whether the gate is surely open: readings far apart show no duration, and one against the state no state."""
    engine, slow = moment.engine, moment.engine.reach_ms > UNBROKEN_MS
    if trend.gate.engine != "any" and engine.other_ms != NEVER:
        return False
    gate = trend.slow_gate if slow else trend.gate
    return bool(gate_open(moment.rules, gate, engine, moment.reading, coded=moment.coded))


def _foretold(rules: RuleSet, memory: Memory, holds: Holds, ts_ms: int) -> tuple[Holds, list[Finding]]:
    after, findings = dict(holds), list[Finding]()
    for slot in rules.trends:
        if any(key in holds and holds[key].fired for key in slot.silenced_by):
            continue
        if slot.key in holds:
            if not any(_goes_on(slot, trend) for trend in _trends(slot, memory, ts_ms)):
                del after[slot.key]
        elif (finding := _finding(slot, memory, ts_ms)) is not None:
            after[slot.key] = FIRED
            findings.append(finding)
    return after, findings


def _trends(slot: TrendSlot, memory: Memory, ts_ms: int, *, worth: bool = False) -> Iterator[Trend]:
    """The signal's own trend, before it that against its fellows; ``worth``: only those worth a look."""
    days = points(memory, slot.series, ts_ms)
    if len(days) >= MIN_POINTS and (not worth or _worth_a_look(slot, days)):
        fellows = points_of_fellows(memory, slot.fellows, ts_ms)
        trend = trend_beside(days, fellows, slot.season_per_day) or trend_of(days)
        if trend is not None:
            yield trend


def _worth_a_look(slot: TrendSlot, days: list[DayValue]) -> bool:
    """Whether the signal has moved at all, as its first and its last days have it: a line through all days is dear."""
    if len(days) < MIN_DAYS:
        return False
    third = len(days) // 3
    first, last = median(value for _, value in days[:third]), median(value for _, value in days[-third:])
    rate = (last - first) / (days[-1 - third // 2][0] - days[third // 2][0])
    reach = OUT_OF_SIGHT * slot.horizon_days
    return any(side.sign * (last + rate * reach - side.limit) >= 0 for side in slot.sides)


def _ahead(slot: TrendSlot, trend: Trend) -> tuple[Side, Crossing] | None:
    """The limit that the trend is heading for."""
    side = next((side for side in slot.sides if side.sign * trend.per_day > 0), None)
    ahead = side and crossing(trend, side.limit)
    return (side, ahead) if side and ahead else None


def _is_sure(slot: TrendSlot, trend: Trend, ahead: Crossing) -> bool:
    """Whether it is worth a finding: faster than a season, near enough, and the date known well enough."""
    if trend.points < MIN_DAYS or trend.span < MIN_SPAN or ahead.days > slot.horizon_days:
        return False
    if abs(trend.last_off) > MAYBE_A_STEP * trend.noise:
        return False
    if abs(trend.per_day) - Z_80 * trend.per_day_error <= slot.season_per_day:
        return False
    share = SURE_ENOUGH if ahead.days <= SOON_DAYS else SURE
    return max(ahead.high - ahead.days, ahead.days - ahead.low) <= share * ahead.days


def _goes_on(slot: TrendSlot, trend: Trend) -> bool:
    """Whether what was foretold still stands; beyond its limit it does, until its rule says more."""
    ahead = _ahead(slot, trend)
    if ahead is None:
        return any(side.sign * (trend.level - side.limit) >= 0 for side in slot.sides)
    return ahead[1].days <= OUT_OF_SIGHT * slot.horizon_days


def _finding(slot: TrendSlot, memory: Memory, ts_ms: int) -> Finding | None:
    for trend in _trends(slot, memory, ts_ms, worth=True):
        ahead = _ahead(slot, trend)
        if ahead is not None and _is_sure(slot, trend, ahead[1]):
            return _foretelling(slot, trend, *ahead, ts_ms)
    return None


def _foretelling(slot: TrendSlot, trend: Trend, side: Side, ahead: Crossing, ts_ms: int) -> Finding:
    def at(days: float) -> int:
        return min(ts_ms + round(days * DAY_MS), MAX_MS)

    return Finding(
        rule=slot.rule,
        subsystem=slot.slot.subsystem,
        priority=Priority.SCHEDULED,
        at_ms=ts_ms,
        signal=slot.slot.signal,
        value=round(trend.level, 3),
        threshold=round(side.limit, 3),
        held_s=round(trend.span) * DAY_MS / 1000,
        crossing_ms=at(ahead.days),
        crossing_low_ms=at(ahead.low),
        crossing_high_ms=at(ahead.high),
    )


def trends(rules: TriageRules, trackers: Trackers) -> tuple[SignalTrend, ...]:
    """The trend of each signal that is remembered for long enough, with the time to its most urgent limit."""
    by_series: dict[Key, SignalTrend] = {}
    memory = unpacked(trackers.memory)
    for slot in rules.models.get(trackers.model or "", rules.other).trends:
        trend = next(_trends(slot, memory, trackers.ts_ms), None)
        if trend is not None and (slot.series not in by_series or by_series[slot.series].limit is None):
            by_series[slot.series] = _told(slot, trend)
    return tuple(by_series.values())


def _told(slot: TrendSlot, trend: Trend) -> SignalTrend:
    error = Z_80 * trend.per_day_error
    side = next((side for side in slot.sides if side.sign * trend.per_day > error), None)
    ahead = side and crossing(trend, side.failure)

    def hours(days: float) -> float:
        return round(min(days * 24, MAX_HOURS), 1)

    return SignalTrend(
        signal=slot.slot.signal,
        days=trend.points,
        level=_figure(trend.level),
        per_day=_figure(trend.per_day),
        per_day_low=_figure(trend.per_day - error),
        per_day_high=_figure(trend.per_day + error),
        limit=_figure(side.failure) if side and ahead else None,
        hours=hours(ahead.days) if ahead else None,
        hours_low=hours(ahead.low) if ahead else None,
        hours_high=hours(ahead.high) if ahead else None,
    )


def _figure(value: float) -> float:
    return float(f"{value:.6g}")
