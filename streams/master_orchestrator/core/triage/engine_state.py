"""Whether the engine runs, for how long, and whether it is warm: what the rules' gates ask.

A single reading never changes the state, so a spike of the engine speed shuts no gate. A silence longer than the
``max_gap`` leaves the state unknown: the engine may have been off and on again.
"""

import msgspec

from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.trackers import NEVER, RUNNING, STOPPED, UNKNOWN, Engine
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.triage_rules import Gate


def follow_engine(rules: RuleSet, engine: Engine, reading: Telemetry) -> Engine:
    """The engine after this reading."""
    if engine.state != UNKNOWN and reading.ts_ms - engine.seen_ms > rules.max_gap_ms:
        engine = msgspec.structs.replace(engine, state=UNKNOWN, other_ms=NEVER)
    state, since_ms, seen_ms, other_ms = _state(rules, engine, reading)
    coolant_c, coolant_ms = reading.coolant_temp_c, reading.ts_ms
    low, high = rules.coolant_range
    if coolant_c is None or not low < coolant_c < high:
        coolant_c, coolant_ms = engine.coolant_c, engine.coolant_ms
    peak_c, peak_ms = engine.peak_c, engine.peak_ms
    sure_c = min(coolant_c, engine.coolant_c)  # a lone spike is not a peak
    if sure_c >= peak_c + 1 or (state == RUNNING and since_ms != engine.since_ms):
        peak_c, peak_ms = sure_c, reading.ts_ms
    dip_v, dip_ms = engine.dip_v, engine.dip_ms
    if engine.state != RUNNING:
        dip_v, dip_ms = _dip(rules, engine, reading)
    return Engine(state, since_ms, seen_ms, other_ms, coolant_c, coolant_ms, dip_v, dip_ms, peak_c, peak_ms)


def has_started(before: Engine, after: Engine) -> bool:
    """Whether this reading has confirmed a start: the second in a row that shows a stopped engine running.

    An engine that runs after a silence has started unseen, and how deep the voltage fell then is not known.
    """
    return after.state == RUNNING and before.state == STOPPED and after.since_ms == before.other_ms


def _state(rules: RuleSet, engine: Engine, reading: Telemetry) -> tuple[int, int, int, int]:
    """``state``, ``since_ms``, ``seen_ms``, ``other_ms`` after this reading."""
    ts, state = reading.ts_ms, engine.state
    shown = _shown(rules, state, reading)
    if shown == UNKNOWN:
        return state, engine.since_ms, engine.seen_ms, engine.other_ms
    if state == UNKNOWN:
        return shown, ts, ts, NEVER
    if shown == state:
        return state, engine.since_ms, ts, NEVER
    if engine.other_ms == NEVER:
        return state, engine.since_ms, ts, ts
    return shown, engine.other_ms, ts, NEVER


def _shown(rules: RuleSet, state: int, reading: Telemetry) -> int:
    """What this reading says. Movement speaks only where no engine speed does: a hybrid rolls with a still engine."""
    rpm = reading.engine_rpm
    if rpm is not None:
        return RUNNING if rpm > rules.engine.running_rpm else STOPPED
    speed = reading.speed_kmh
    moving = speed is not None and speed >= rules.engine.moving_kmh
    return RUNNING if moving and state != STOPPED else UNKNOWN


def _dip(rules: RuleSet, engine: Engine, reading: Telemetry) -> tuple[float, int]:
    """The lowest voltage of the last moments before a start."""
    volts = reading.battery_voltage_v
    if volts is None:
        return engine.dip_v, engine.dip_ms
    forgotten = reading.ts_ms - engine.dip_ms > rules.engine.crank_window_ms
    return (volts, reading.ts_ms) if forgotten or volts < engine.dip_v else (engine.dip_v, engine.dip_ms)


def is_warm(rules: RuleSet, engine: Engine, ts_ms: int) -> bool:
    """By the coolant; where none is sent, by how long the engine has run."""
    if engine.coolant_ms != NEVER and ts_ms - engine.coolant_ms <= rules.max_gap_ms:
        return engine.coolant_c >= rules.engine.warm_c
    return engine.state == RUNNING and ts_ms - engine.since_ms >= rules.engine.warm_after_ms


def gate_open(rules: RuleSet, gate: Gate, engine: Engine, reading: Telemetry, *, coded: bool) -> bool | None:
    """Whether a rule applies to this reading; None: it cannot be told, the reading counts as if it had no value.

    ``coded``: true if a trouble code is active.
    """
    ts = reading.ts_ms
    fits = _engine_fits(gate, engine, ts)
    if not fits:
        return fits
    if ts - engine.peak_ms < gate.settled_ms:
        return False
    if (gate.warm or gate.closed_loop) and not is_warm(rules, engine, ts):
        return False
    if gate.closed_loop and (reading.engine_load_pct or 0.0) > rules.engine.closed_loop_load_pct:
        return None
    return not (gate.no_codes and coded)


def _engine_fits(gate: Gate, engine: Engine, ts_ms: int) -> bool | None:
    """Whether the engine has been as the gate wants it for long enough; None: its state is unknown."""
    if gate.engine == "any":
        return True
    if engine.state == UNKNOWN:
        return None
    wanted = RUNNING if gate.engine == "running" else STOPPED
    return engine.state == wanted and ts_ms - engine.since_ms >= gate.for_ms
