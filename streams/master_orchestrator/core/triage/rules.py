"""The triage table compiled: per model, flat columns for the quick look and slots for the thorough one.

The quick look asks of each signal only whether it lies inside its quiet band, where no rule on it can hold. All but a
few readings of a healthy vehicle end there.
"""

import functools
import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from master_orchestrator.core.triage.extras import in_order, reader_of, value_of
from master_orchestrator.core.triage.ranges import ANY, Range, compile_ranges
from master_orchestrator.core.triage.slots import COMPARE, Slot, outside
from master_orchestrator.core.triage.trackers import SLOTS
from master_orchestrator.core.triage.trend_slots import TrendSlot, compile_trends
from master_orchestrator_schemas.signal_names import TYRE_SIGNALS
from master_orchestrator_schemas.triage_rules import (
    DtcRule,
    EngineTerms,
    J1939Terms,
    Placard,
    RuleTerms,
    TriageTerms,
    TyreTerms,
)
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

Column = tuple[str, str]
"""A signal and how it is measured: ``value`` (``per_1000_rpm`` reads it too), ``placard_pct`` or ``loss_per_min``."""

TYRE_COLUMNS: tuple[Column, ...] = tuple(
    (signal, measure) for measure in ("placard_pct", "loss_per_min") for signal in TYRE_SIGNALS
)
"""The columns that are computed from the tyres' history, in this order, after those read from the telemetry."""

EVERYTHING = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class CodeRule:
    """One line of the table of trouble codes."""

    matches: Callable[[str], object]
    subsystem: Subsystem
    priority: Priority
    flashing: Priority


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules as they are for one model.

    ``read`` gets the values of the first columns from a reading; ``low`` and ``high`` bound each column's quiet band,
    and ``look`` tells of all values at once which there are, by ``bits``, and whether each lies within;
    ``slots`` are by column; ``cranking`` (keys: ``starts``) are judged at each start of the engine instead;
    ``holding``: the keys of all that may hold.
    ``trends``: what is remembered from day to day; ``trend_bits``: its signals, as in ``look``;
    ``tyre_bits`` and ``slow_bits``: the tyres, and what warms up slowly.
    ``summarised``: the ranges of the summaries' signals, ``all_count`` asks all at once: 0. ``bands``: lower and upper
    ends of what surely counts of ``rpm``, ``speed`` and ``coolant``.
    """

    max_gap_ms: int
    clear_after_ms: int
    summary_every_ms: int
    engine: EngineTerms
    rpm: Range
    speed: Range
    coolant: Range
    volts: Range
    ambient: Range
    ambient_band: tuple[float, float]
    tyre_ranges: tuple[Range, ...]
    tyre_band: tuple[float, float]
    odometer: Range
    bands: tuple[float, ...]
    summarised: tuple[Range, ...]
    all_count: Callable[..., int]
    tyres: TyreTerms
    read: Callable[[Any], tuple[Any, ...]]
    look: Callable[..., int]
    bits: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    slots: tuple[tuple[Slot, ...], ...]
    cranking: tuple[Slot, ...]
    by_key: dict[str, Slot]
    starts: frozenset[str]
    holding: frozenset[str]
    codes: tuple[CodeRule, ...]
    j1939: J1939Terms
    trends: tuple[TrendSlot, ...]
    trends_by_key: dict[str, TrendSlot]
    trend_bits: int
    tyre_bits: int
    slow_bits: int


@dataclass(frozen=True, slots=True)
class TriageRules:
    """The rule set of every model; ``other`` for all models without an exception."""

    other: RuleSet
    models: dict[str, RuleSet]


def compile_rules(triage: TriageTerms) -> TriageRules:
    """The section of the topology in the form that :func:`observe` runs on."""
    models = {model: _rule_set(triage, model) for model in triage.models}
    return TriageRules(other=_rule_set(triage, None), models=models)


def _rule_set(triage: TriageTerms, model: str | None) -> RuleSet:
    rules = triage.rules_of(model)
    columns = _columns(rules)
    read = tuple(signal for signal, measure in columns if measure == "value")
    slots = _slots(triage, rules, columns, triage.placard_of(model))
    plain = [slot for slot in slots if not slot.repeats]
    by_column = tuple(tuple(slot for slot in plain if slot.column == index) for index in range(len(columns)))
    bands = [_quiet_band(on_column, triage.engine) for on_column in by_column]
    ranges = compile_ranges(triage.ranges)
    rpm, speed, coolant = (ranges.get(signal, ANY) for signal in ("engine_rpm", "speed_kmh", "coolant_temp_c"))
    trends = compile_trends(triage.trends, slots, read)
    ambient = ranges.get("ambient_temp_c", Range(-60.0, 80.0))
    tyres = tuple(ranges.get(signal, ANY) for signal in TYRE_SIGNALS)
    summarised = tuple(ranges.get(signal, ANY) for signal in SLOTS)
    return RuleSet(
        max_gap_ms=triage.max_gap_ms,
        clear_after_ms=triage.clear_after_ms,
        summary_every_ms=triage.summary_every_ms,
        engine=triage.engine,
        rpm=rpm,
        speed=speed,
        coolant=coolant,
        bands=(*rpm.quiet, *speed.quiet, *coolant.quiet),
        volts=ranges.get("battery_voltage_v", ANY),
        ambient=ambient,
        ambient_band=ambient.quiet,
        tyre_ranges=tyres,
        tyre_band=(max(one.quiet[0] for one in tyres), min(one.quiet[1] for one in tyres)),
        odometer=ranges.get("odometer_m", ANY),
        summarised=summarised,
        all_count=_look([one.quiet for one in summarised], 0),
        tyres=triage.tyres,
        read=reader_of(read),
        look=_look(bands, len(read)),
        bits=read,
        low=tuple(low for low, _ in bands),
        high=tuple(high for _, high in bands),
        slots=by_column,
        cranking=tuple(slot for slot in slots if slot.repeats),
        starts=frozenset(slot.key for slot in slots if slot.repeats),
        holding=frozenset(slot.key for slot in slots).union(slot.key for slot in trends),
        by_key={slot.key: slot for slot in plain},
        codes=tuple(_code_rule(line) for line in triage.dtcs),
        j1939=triage.j1939,
        trends=trends,
        trends_by_key={slot.key: slot for slot in trends},
        trend_bits=_bits_of(trends),
        tyre_bits=_bits_of(slot for slot in trends if slot.fellows),
        slow_bits=_bits_of(slot for slot in trends if slot.is_slow),
    )


def _bits_of(trends: Iterable[TrendSlot]) -> int:
    return functools.reduce(operator.or_, (slot.bit for slot in trends), 0)


def _columns(rules: dict[str, RuleTerms]) -> tuple[Column, ...]:
    """All that a reading is looked at for, whatever the rules; the tyres' columns always, at the end."""
    read = {"coolant_temp_c", "battery_voltage_v", "engine_rpm", "engine_load_pct", "speed_kmh", "odometer_m"}
    read |= set(TYRE_SIGNALS)
    read |= {signal for rule in rules.values() if _measure(rule) == "value" for signal in rule.signals}
    return (*((signal, "value") for signal in sorted(read, key=in_order)), *TYRE_COLUMNS)


def _measure(rule: RuleTerms) -> str:
    return "value" if rule.measure == "per_1000_rpm" else rule.measure


def _slots(
    triage: TriageTerms, rules: dict[str, RuleTerms], columns: tuple[Column, ...], placard: Placard
) -> tuple[Slot, ...]:
    """The most urgent first: what they say silences those after them."""
    pairs = [(name, rule, signal) for name, rule in rules.items() for signal in rule.signals]
    pairs.sort(key=lambda pair: pair[1].priority)
    return tuple(
        Slot(
            order=order,
            key=_key(name, rule, signal),
            rule=name,
            signal=signal,
            value_of=value_of(signal),
            column=columns.index((signal, _measure(rule))),
            subsystem=rule.subsystem,
            priority=rule.priority,
            gate=rule.gate,
            compare=COMPARE[rule.limit],
            limit=_limit(rule, signal, placard),
            per_1000_rpm=rule.measure == "per_1000_rpm",
            is_rate=rule.measure == "loss_per_min",
            range=_range_of(triage, signal),
            sensor_ends=rule.sensor_ends,
            hold_ms=rule.hold_ms,
            max_gap_ms=rule.max_gap_ms or triage.max_gap_ms,
            repeats=rule.repeats or 0,
            silenced_by=_silencers(rules, rule, signal),
        )
        for order, (name, rule, signal) in enumerate(pairs)
    )


def _range_of(triage: TriageTerms, signal: str) -> Range:
    """Tyres that are asleep are told apart from flat ones all together (``tyres.py``), not one by one."""
    one = compile_ranges(triage.ranges).get(signal, ANY)
    return replace(one, asleep=None) if signal in TYRE_SIGNALS else one


def _key(name: str, rule: RuleTerms, signal: str) -> str:
    if len(rule.signals) == 1:
        return name
    return f"{name}/{SLOTS.index(signal) if signal in SLOTS else signal}"


def _limit(rule: RuleTerms, signal: str, placard: Placard) -> Any:
    figure = getattr(rule, rule.limit)
    if rule.measure != "placard_pct":
        return figure
    return figure / 100 * (placard.front if signal.startswith("tyre_f") else placard.rear)


def _silencers(rules: dict[str, RuleTerms], rule: RuleTerms, signal: str) -> tuple[str, ...]:
    """The same measure of the same signal, compared the same way, more urgent."""
    return tuple(
        _key(name, other, signal)
        for name, other in rules.items()
        if other.priority < rule.priority
        and signal in other.signals
        and (other.limit, other.measure) == (rule.limit, rule.measure)
    )


def _quiet_band(slots: tuple[Slot, ...], engine: EngineTerms) -> tuple[float, float]:
    """Strictly between these, no rule on this column can hold."""
    low, high = EVERYTHING
    for slot in slots:
        if slot.compare is outside:
            low, high = max(low, slot.limit[0]), min(high, slot.limit[1])
        elif slot.compare in (operator.le, operator.lt):
            low = max(low, slot.limit * engine.relief_rpm / 1000 if slot.per_1000_rpm else slot.limit)
        else:
            high = min(high, slot.limit)
    return low, high


def _look(bands: list[tuple[float, float]], raw: int) -> Callable[..., int]:
    """All values at a glance: which of the first ``raw`` there are, the first as the lowest bit.

    The bits are inverted (negative) if some value lies outside its quiet band. Made as one expression: in a fifth of a
    loop's time.
    """
    names = [f"v{column}" for column in range(len(bands))]
    bits = [f"({1 << column} if {name} is not None else 0)" for column, name in enumerate(names[:raw])] or ["0"]
    tests = [
        f"({name} is None or {low!r} < {name} < {high!r})".replace("-inf < ", "").replace(" < inf", "")
        for name, (low, high) in zip(names, bands, strict=True)
        if (low, high) != EVERYTHING
    ] or ["True"]
    source = f"lambda {', '.join(names)}: ({' | '.join(bits)}) ^ (0 if {' and '.join(tests)} else -1)"
    look: Callable[..., int] = eval(source)  # noqa: S307 - names and floats of this module's making
    return look


def _code_rule(line: DtcRule) -> CodeRule:
    return CodeRule(
        matches=re.compile(line.code).fullmatch,
        subsystem=line.subsystem,
        priority=line.priority,
        flashing=line.flashing or line.priority,
    )
