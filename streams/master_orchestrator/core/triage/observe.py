"""One reading against the rules: the quick look, the thorough one where something is odd, and what comes of it."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from master_orchestrator.core.triage.codes import follow_codes
from master_orchestrator.core.triage.cranking import judge_start
from master_orchestrator.core.triage.engine_state import SERVED_MS, follow_engine, gate_open, has_started, rpm_at
from master_orchestrator.core.triage.extras import without
from master_orchestrator.core.triage.holds import FIRED, contradicted, gate_shut, met, ripe
from master_orchestrator.core.triage.moment import Moment, Values, counts
from master_orchestrator.core.triage.rules import RuleSet, TriageRules
from master_orchestrator.core.triage.slots import Slot
from master_orchestrator.core.triage.summaries import absorb
from master_orchestrator.core.triage.trackers import SLOTS, Hold, Trackers
from master_orchestrator.core.triage.trending import remember
from master_orchestrator.core.triage.tyres import follow_tyres
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry

Holds = dict[str, Hold]


class Observation(NamedTuple):
    """What came of a reading.

    ``accepted``: False for a repeat or a late one, which changes nothing. ``findings``: what fired with this reading;
    a finding comes once, and again only after it has cleared or when it is more urgent than before.
    """

    accepted: bool
    findings: tuple[Finding, ...]


REFUSED = Observation(accepted=False, findings=())
NOTHING: frozenset[int] = frozenset()
QUIET = Observation(accepted=True, findings=())


def observe(rules: TriageRules, trackers: Trackers, reading: Telemetry) -> tuple[Trackers, Observation]:
    """The trackers after a reading, and what it set off. Pure: ``trackers`` stays as it was."""
    ts = reading.ts_ms
    if ts < trackers.ts_ms:
        return trackers, REFUSED
    model, ruleset = _rule_set(rules, trackers, reading)
    values = ruleset.read(reading)
    before = 0
    if ts == trackers.ts_ms:
        before = trackers.present
        reading = _what_is_new(ruleset, before, reading)
        values = ruleset.read(reading)
        if values.count(None) == len(values) and not _has_new_codes(ruleset, trackers, reading):
            return trackers, REFUSED
    empty = values.count(None) == len(values)
    engine = trackers.engine if empty else follow_engine(ruleset, trackers.engine, reading)
    tyres, tyre_values = follow_tyres(ruleset, trackers.tyres, reading, engine)
    values += tyre_values
    seen = ruleset.look(*values)
    codes, holds = trackers.codes, trackers.holds
    findings: list[Finding] = []
    if codes or reading.dtcs or reading.j1939:
        codes, findings = follow_codes(ruleset, codes, reading, engine.reach_ms)
    odd = () if seen >= 0 else _odd(ruleset, values)
    started = has_started(trackers.engine, engine)
    if odd or holds or started:
        coded = any(code.level for code in codes.values())
        moment = Moment(ruleset, reading, engine, values, trackers.summary, coded)
        holds, fired = _judged(moment, holds, odd, started=started)
        findings = [*fired, *findings]
    bits = seen if seen >= 0 else ~seen
    memory, due_ms, wanted = trackers.memory, trackers.due_ms, trackers.wanted
    if ts >= due_ms or bits & wanted:
        coded = any(code.level for code in codes.values())
        moment = Moment(ruleset, reading, engine, values, trackers.summary, coded)
        heat_k = tyres.heat_k if tyres else None
        memory, due_ms, wanted, holds, foretold = remember(moment, trackers, holds, bits, heat_k)
        findings = [*findings, *foretold]
    summary = trackers.summary
    if findings or ts - summary.at_ms >= ruleset.summary_every_ms or ts == summary.at_ms:
        summary = absorb(ruleset, summary, reading, _suspect(ruleset, holds) if holds else NOTHING)
    after = Trackers(ts, model, engine, tyres, holds, codes, summary, before | bits, memory, due_ms, wanted)
    return after, Observation(accepted=True, findings=tuple(findings)) if findings else QUIET


def _suspect(rules: RuleSet, holds: Holds) -> frozenset[int]:
    """The slots of the signals for which a rule holds."""
    signals = {slot.signal for key in holds if (slot := rules.by_key.get(key)) is not None}
    return frozenset(SLOTS.index(signal) for signal in signals if signal in SLOTS)


def _what_is_new(rules: RuleSet, present: int, reading: Telemetry) -> Telemetry:
    """A reading of the same time as the last one, without the signals that are known of that time already."""
    return without(reading, [signal for bit, signal in enumerate(rules.bits) if present >> bit & 1])


def _has_new_codes(rules: RuleSet, trackers: Trackers, reading: Telemetry) -> bool:
    codes, _ = follow_codes(rules, trackers.codes, reading, trackers.engine.reach_ms)
    return codes != trackers.codes


def _odd(rules: RuleSet, values: Values) -> tuple[int, ...]:
    """The columns whose value lies outside its quiet band."""
    return tuple(
        column
        for column, (value, low, high) in enumerate(zip(values, rules.low, rules.high, strict=True))
        if value is not None and not low < value < high
    )


def _rule_set(rules: TriageRules, trackers: Trackers, reading: Telemetry) -> tuple[str | None, RuleSet]:
    """The vehicle's rules; its model is kept only where the topology makes an exception for it."""
    model = reading.model or trackers.model
    if model in rules.models:
        return model, rules.models[model]
    return None, rules.other


def _judged(moment: Moment, holds: Holds, odd: Iterable[int], *, started: bool) -> tuple[Holds, list[Finding]]:
    """The holds after this reading, and the findings of the rules that fired, the most urgent first."""
    rules = moment.rules
    after = {key: hold for key, hold in holds.items() if key in rules.holding}
    findings: list[Finding] = []
    for slot in _concerned(moment, after, odd):
        hold = _next(moment, slot, after.get(slot.key))
        if hold is None:
            after.pop(slot.key, None)
        elif ripe(hold, slot.hold_ms):
            if not any(key in after and after[key].fired for key in slot.silenced_by):
                findings.append(_finding(moment, slot, hold))
            after[slot.key] = FIRED
        else:
            after[slot.key] = hold
    if started:
        findings += judge_start(rules, moment.engine, moment.reading, after)
    return after, findings


def _concerned(moment: Moment, holds: Holds, odd: Iterable[int]) -> list[Slot]:
    """The rules on signals that are odd, and those that hold, as far as this reading has their signal."""
    rules = moment.rules
    slots = {slot.order: slot for column in odd for slot in rules.slots[column]}
    for key in holds:
        slot = rules.by_key.get(key)
        if slot is not None and moment.values[slot.column] is not None:
            slots[slot.order] = slot
    return [slots[order] for order in sorted(slots)]


def _next(moment: Moment, slot: Slot, hold: Hold | None) -> Hold | None:
    """A rule's hold after this reading; as it was if the reading says nothing about it."""
    meets = _meets(moment, slot)
    if meets is None:
        return hold
    is_open = gate_open(moment.rules, slot.gate, moment.engine, moment.reading, coded=moment.coded)
    if is_open is None:
        return hold
    if not is_open:
        return gate_shut(hold) if hold else None
    max_gap_ms = max(slot.max_gap_ms, moment.engine.reach_ms)
    if meets:
        return met(hold, moment.reading.ts_ms, max_gap_ms=max_gap_ms)
    if hold is None:
        return None
    clear_after_ms = moment.rules.clear_after_ms
    return contradicted(hold, moment.reading.ts_ms, max_gap_ms=max_gap_ms, clear_after_ms=clear_after_ms)


def _meets(moment: Moment, slot: Slot) -> bool | None:
    """Whether the value meets the rule's condition; None: it is missing, does not count, or has no limit now."""
    value, limit = moment.values[slot.column], _limit(moment, slot)
    if value is None or limit is None:
        return None
    known = counts(moment, slot)
    if slot.sensor_ends:
        return not known and math.isfinite(value) and slot.compare(value, limit)
    return slot.compare(value, limit) if known else None


def _limit(moment: Moment, slot: Slot) -> Any:
    """The rule's limit for this reading; None: it depends on a signal that is missing."""
    if not slot.per_1000_rpm:
        return slot.limit
    rpm = rpm_at(moment.rules, moment.engine, moment.reading.ts_ms)
    return None if rpm is None else slot.limit * min(rpm, moment.rules.engine.relief_rpm) / 1000


def _finding(moment: Moment, slot: Slot, hold: Hold) -> Finding:
    value, limit = moment.values[slot.column], _limit(moment, slot)
    if isinstance(limit, tuple):
        limit = limit[0] if value < limit[0] else limit[1]
    return Finding(
        rule=slot.rule,
        subsystem=slot.subsystem,
        priority=slot.priority,
        at_ms=moment.reading.ts_ms,
        signal=slot.signal,
        value=round(float(value), 3),
        threshold=round(float(limit), 3),
        held_s=hold.lasted_ms / 1000,
    )


def suspicions(rules: TriageRules, trackers: Trackers, reading: Telemetry) -> tuple[Finding, ...]:
    """What this reading alone would make one suspect, were it to last; for a check that somebody asked for.

    Left out are rules that need more history than a minute (a cool engine is not suspicious), those on rates, which one
    reading's noise suffices for, and those whose gate is known to be shut. ``held_s`` is 0: nothing of this has been
    seen to last.
    """
    _, ruleset = _rule_set(rules, trackers, reading)
    engine = follow_engine(ruleset, trackers.engine, reading)
    served = msgspec.structs.replace(engine, since_ms=min(engine.since_ms, reading.ts_ms - SERVED_MS))
    _, tyre_values = follow_tyres(ruleset, trackers.tyres, reading, engine)
    moment = Moment(ruleset, reading, served, ruleset.read(reading) + tyre_values, trackers.summary, coded=False)
    slots = [slot for column in ruleset.slots for slot in column if slot.gate.for_ms <= SERVED_MS]
    met_now = {slot.key: slot for slot in sorted(slots, key=lambda slot: slot.order) if _suspicious(moment, slot)}
    now = Hold(reading.ts_ms)
    return tuple(
        _finding(moment, slot, now) for slot in met_now.values() if not any(key in met_now for key in slot.silenced_by)
    )


def odometer_of(rules: TriageRules, reading: Telemetry) -> float | None:
    """The distance travelled, if the reading has one that counts."""
    metres = reading.odometer_m
    return None if metres is None else rules.other.odometer.counted(metres)


def _suspicious(moment: Moment, slot: Slot) -> bool:
    if not _meets(moment, slot) or slot.is_rate:
        return False
    return gate_open(moment.rules, slot.gate, moment.engine, moment.reading, coded=moment.coded) is not False
