"""Starts of the engine: one deep dip of the voltage proves nothing, the same at several warm starts in a row does."""

from master_orchestrator.core.triage.engine_state import is_warm
from master_orchestrator.core.triage.holds import FIRED
from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.slots import Slot
from master_orchestrator.core.triage.trackers import NEVER, Engine, Hold
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Telemetry


def judge_start(rules: RuleSet, engine: Engine, reading: Telemetry, holds: dict[str, Hold]) -> list[Finding]:
    """Count the start that this reading has confirmed, in ``holds`` (hits: starts), and find what it completes."""
    findings = []
    for slot in rules.cranking:
        hold = _counted(rules, slot, engine, reading, holds.get(slot.key))
        if hold is None:
            holds.pop(slot.key, None)
        elif hold.fired or hold.hits < slot.repeats:
            holds[slot.key] = hold
        else:
            holds[slot.key] = FIRED
            findings.append(_finding(slot, engine, reading, hold))
    return findings


def _counted(rules: RuleSet, slot: Slot, engine: Engine, reading: Telemetry, hold: Hold | None) -> Hold | None:
    """The count after this start; as it was after a cold start, or one during which no voltage was seen."""
    ts = reading.ts_ms
    seen = engine.dip_ms != NEVER and engine.since_ms - engine.dip_ms <= rules.engine.crank_window_ms
    if not seen or (slot.gate.warm and not is_warm(rules, engine, ts)):
        return hold
    if engine.dip_v >= slot.limit:
        return None
    if hold is None:
        return Hold(ts)
    return hold if hold.fired else Hold(hold.since_ms, ts - hold.since_ms, hold.hits + 1)


def _finding(slot: Slot, engine: Engine, reading: Telemetry, hold: Hold) -> Finding:
    return Finding(
        rule=slot.rule,
        subsystem=slot.subsystem,
        priority=slot.priority,
        at_ms=reading.ts_ms,
        signal=slot.signal,
        value=round(engine.dip_v, 3),
        threshold=slot.limit,
        held_s=hold.lasted_ms / 1000,
    )
