"""Whether the engine runs, for how long, and whether it is warm: what the rules' gates ask.

A single reading never changes the state, so a spike of the engine speed shuts no gate. A silence longer than the
``max_gap`` leaves the state unknown: the engine may have been off and on again.
"""

import msgspec

from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.trackers import NEVER, RUNNING, STOPPED, UNKNOWN, Engine
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.triage_rules import Gate

MAX_PACE_MS = 2_700_000
"""Readings further apart than three quarters of an hour are not of one drive."""
TOO_FAR_MS = MAX_PACE_MS + 1
"""The reach of readings that are further apart than that: next to the same, and told apart by it."""
UNBROKEN_MS = 450_000
"""Between readings further apart (every five minutes, and half as much again) the engine may have been off."""
SERVED_MS = 60_000
"""A gate for no longer than this is open to readings so far apart all the same: two in a row show the engine so."""


def follow_engine(rules: RuleSet, engine: Engine, reading: Telemetry) -> Engine:
    """The engine after a reading that has values. Comparisons are inlined: this is done for every reading."""
    ts = reading.ts_ms
    gap_ms = ts - engine.heard_ms
    heard_ms, gap_ms, reach_ms = (ts, gap_ms, 0) if 0 < gap_ms <= rules.max_gap_ms else _pace(rules, engine, ts)
    if engine.state != UNKNOWN and ts - engine.seen_ms > (reach_ms or rules.max_gap_ms):
        engine = msgspec.structs.replace(engine, state=UNKNOWN, other_ms=NEVER)
    rpm, speed, load, coolant = reading.engine_rpm, reading.speed_kmh, reading.engine_load_pct, reading.coolant_temp_c
    rpm_low, rpm_high, speed_low, speed_high, coolant_low, coolant_high = rules.bands
    if rpm is not None and not (rpm_low < rpm < rpm_high or rules.rpm.holds(rpm)):
        rpm = None
    if speed is not None and not (speed_low < speed < speed_high or rules.speed.holds(speed)):
        speed = None
    if coolant is not None and not (coolant_low < coolant < coolant_high or rules.coolant.holds(coolant)):
        coolant = None
    state, since_ms, seen_ms, other_ms = _state(rules, engine, ts, rpm, speed)
    coolant_c, coolant_ms = (engine.coolant_c, engine.coolant_ms) if coolant is None else (coolant, ts)
    peak_c, peak_ms = engine.peak_c, engine.peak_ms
    sure_c = coolant_c if coolant_c < engine.coolant_c else engine.coolant_c  # noqa: FURB136 - a lone spike is not a peak
    if sure_c >= peak_c + 1 or (state == RUNNING and since_ms != engine.since_ms):
        peak_c, peak_ms = sure_c, ts
    dip_v, dip_ms = engine.dip_v, engine.dip_ms
    if engine.state != RUNNING:
        dip_v, dip_ms = _dip(rules, engine, reading)
    rpm_ms = load_ms = speed_ms = ts
    if rpm is None:
        rpm, rpm_ms = engine.rpm, engine.rpm_ms
    if load is None:
        load, load_ms = engine.load_pct, engine.load_ms
    if speed is None:
        speed, speed_ms = engine.speed_kmh, engine.speed_ms
    now = (state, since_ms, seen_ms, other_ms, coolant_c, coolant_ms, dip_v, dip_ms, peak_c, peak_ms)
    return Engine(*now, rpm, rpm_ms, load, load_ms, speed, speed_ms, heard_ms, gap_ms, reach_ms)


def _pace(rules: RuleSet, engine: Engine, ts_ms: int) -> tuple[int, int, int]:
    """``heard_ms``, ``gap_ms`` and ``reach_ms`` after a reading; a late one is not heard.

    Slow is what two gaps in a row show, so that readings in pairs or a single silence are not it.
    """
    gap_ms = ts_ms - engine.heard_ms
    if gap_ms <= 0:
        return engine.heard_ms, engine.gap_ms, engine.reach_ms
    if engine.heard_ms == NEVER:
        return ts_ms, 0, 0
    slower_ms = min(engine.gap_ms, gap_ms)
    if slower_ms <= rules.max_gap_ms:
        return ts_ms, gap_ms, 0
    return ts_ms, gap_ms, min(slower_ms * 3 // 2, MAX_PACE_MS) if slower_ms <= MAX_PACE_MS else TOO_FAR_MS


def has_started(before: Engine, after: Engine) -> bool:
    """Whether this reading has confirmed a start: the second in a row that shows a stopped engine running.

    An engine that runs after a silence has started unseen, and how deep the voltage fell then is not known.
    """
    return after.state == RUNNING and before.state == STOPPED and after.since_ms == before.other_ms


def rpm_at(rules: RuleSet, engine: Engine, ts_ms: int) -> float | None:
    """The engine speed that stands at this time."""
    return engine.rpm if ts_ms - engine.rpm_ms <= rules.engine.carry_ms else None


def _state(
    rules: RuleSet, engine: Engine, ts: int, rpm: float | None, speed: float | None
) -> tuple[int, int, int, int]:
    """``state``, ``since_ms``, ``seen_ms``, ``other_ms`` after this reading."""
    state = engine.state
    if rpm is not None:
        shown = RUNNING if rpm > rules.engine.running_rpm else STOPPED
    else:  # movement speaks only where no engine speed does: a hybrid rolls with a still engine
        moving = speed is not None and speed >= rules.engine.moving_kmh
        shown = RUNNING if moving and state != STOPPED else UNKNOWN
    if shown == UNKNOWN:
        return state, engine.since_ms, engine.seen_ms, engine.other_ms
    if state == UNKNOWN:
        return shown, ts, ts, NEVER
    if shown == state:
        return state, engine.since_ms, ts, NEVER
    if engine.other_ms == NEVER:
        return state, engine.since_ms, ts, ts
    return shown, engine.other_ms, ts, NEVER


def _dip(rules: RuleSet, engine: Engine, reading: Telemetry) -> tuple[float, int]:
    """The lowest voltage of the last moments before a start."""
    volts = reading.battery_voltage_v
    if volts is None or not rules.volts.holds(volts):
        return engine.dip_v, engine.dip_ms
    forgotten = reading.ts_ms - engine.dip_ms > rules.engine.crank_window_ms
    return (volts, reading.ts_ms) if forgotten or volts < engine.dip_v else (engine.dip_v, engine.dip_ms)


def is_warm(rules: RuleSet, engine: Engine, ts_ms: int) -> bool:
    """By the coolant; where none is sent, by how long the engine has run."""
    if engine.coolant_ms != NEVER and ts_ms - engine.coolant_ms <= (engine.reach_ms or rules.max_gap_ms):
        return engine.coolant_c >= rules.engine.warm_c
    return engine.state == RUNNING and ts_ms - engine.since_ms >= rules.engine.warm_after_ms


def gate_open(rules: RuleSet, gate: Gate, engine: Engine, reading: Telemetry, *, coded: bool) -> bool | None:
    """Whether a rule applies to this reading; None: it cannot be told, the reading counts as if it had no value.

    ``coded``: true if a trouble code is active.
    """
    ts = reading.ts_ms
    fits = _engine_fits(rules, gate, engine, ts)
    if not fits:
        return fits
    if ts - engine.peak_ms < gate.settled_ms:
        return False
    if (gate.warm or gate.closed_loop) and not is_warm(rules, engine, ts):
        return False
    enriched = engine.load_pct > rules.engine.closed_loop_load_pct and ts - engine.load_ms <= rules.engine.carry_ms
    if gate.closed_loop and enriched:
        return None
    return not (gate.no_codes and coded)


def _engine_fits(rules: RuleSet, gate: Gate, engine: Engine, ts_ms: int) -> bool | None:
    """Whether the engine has been as the gate wants it for long enough; None: its state is not known of this reading.

    A reading that says nothing of the engine, or is the first to say otherwise, may be of one that was just switched
    off, which has no oil pressure and charges nothing.
    """
    if gate.engine == "any":
        return True
    in_doubt = engine.other_ms != NEVER or ts_ms - engine.seen_ms > rules.engine.carry_ms
    if in_doubt or engine.state == UNKNOWN:
        return None
    if engine.reach_ms > UNBROKEN_MS and gate.for_ms > SERVED_MS:
        return None
    required = RUNNING if gate.engine == "running" else STOPPED
    lasts = engine.reach_ms == TOO_FAR_MS or ts_ms - engine.since_ms >= gate.for_ms  # each reading speaks for itself
    return engine.state == required and lasts
