"""Tyre pressures corrected for heat, and how fast they fall.

A warm tyre hides a loss: pressure grows with absolute temperature. The placard is for tyres at ambient temperature, so
pressures are taken back to that; how far a tyre is above ambient is followed from the speed. Cold weather is not
corrected: the tyre is soft then (FMVSS 138 knows no ambient correction either).
"""

from master_orchestrator.core.triage.engine_state import TOO_FAR_MS
from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.trackers import RUNNING, Engine, Tyres
from master_orchestrator_schemas.messages import Telemetry

ATMOSPHERE_KPA = 101.325
KELVIN = 273.15
MS_PER_MIN = 60_000

Pressures = tuple[float | None, ...]
"""Front left, front right, rear left, rear right."""

UNKNOWN_PRESSURES: Pressures = (None,) * 4
NO_TYRES: Pressures = UNKNOWN_PRESSURES + UNKNOWN_PRESSURES


def follow_tyres(
    rules: RuleSet, tyres: Tyres | None, reading: Telemetry, engine: Engine
) -> tuple[Tyres | None, Pressures]:
    """The tyres after this reading, and the eight values of :data:`TYRE_COLUMNS`: cold pressures, losses per minute.

    Losses come once per ``loss_window`` only, each measured against the reading that ended the window before: a single
    wild reading spoils two neighbouring windows in opposite ways, and two in a row are needed to fire. A value that
    does not count is not measured against.
    """
    raw: Pressures = (reading.tyre_fl_kpa, reading.tyre_fr_kpa, reading.tyre_rl_kpa, reading.tyre_rr_kpa)
    if raw == UNKNOWN_PRESSURES or (0 in raw and _asleep(rules, raw)):
        return tyres, NO_TYRES
    low, high = rules.tyre_band
    for kpa in raw:
        if kpa is not None and not low < kpa < high:
            raw = tuple([one.counted(kpa) for kpa, one in zip(raw, rules.tyre_ranges, strict=True)])
            break
    ts = reading.ts_ms
    heat_k = 0.0 if tyres is None else _heat(rules, tyres, ts, engine)
    ambient_c = reading.ambient_temp_c
    low, high = rules.ambient_band
    if ambient_c is None or not (low < ambient_c < high or rules.ambient.holds(ambient_c)):
        ambient_c = rules.tyres.ambient_c
    ratio = (ambient_c + KELVIN) / (ambient_c + KELVIN + heat_k)
    offset = ATMOSPHERE_KPA * (ratio - 1)
    cold = tuple([None if kpa is None else kpa * ratio + offset for kpa in raw])
    if tyres is None:
        return Tyres(heat_k, ts, ts, cold), cold + UNKNOWN_PRESSURES
    if ts == tyres.anchor_ms:  # another tyre's message of the same time
        merged = tuple(now if then is None else then for then, now in zip(tyres.anchor_kpa, cold, strict=True))
        return Tyres(heat_k, ts, ts, merged), cold + UNKNOWN_PRESSURES
    if ts - tyres.anchor_ms < rules.tyres.loss_window_ms:
        return Tyres(heat_k, ts, tyres.anchor_ms, tyres.anchor_kpa), cold + UNKNOWN_PRESSURES
    minutes = (ts - tyres.anchor_ms) / MS_PER_MIN
    losses = tuple(
        None if then is None or now is None else (then - now) / minutes
        for then, now in zip(tyres.anchor_kpa, cold, strict=True)
    )
    return Tyres(heat_k, ts, ts, cold), cold + losses


def _asleep(rules: RuleSet, raw: Pressures) -> bool:
    """Whether all sensors that report, two at least, show what sleeping ones do: four tyres are not flat at once."""
    shown = [(kpa, one) for kpa, one in zip(raw, rules.tyre_ranges, strict=True) if kpa is not None]
    return len(shown) > 1 and all(kpa == one.asleep for kpa, one in shown)


def _heat(rules: RuleSet, tyres: Tyres, ts_ms: int, engine: Engine) -> float:
    """Kelvin above ambient, a first-order lag behind the speed; tyres seen for the first time count as cold.

    Until the engine was started the vehicle stood, however fast it is driving now. Where readings are so far apart that
    every one may be of another drive, a start is not known. A late reading, which is looked at where it asks for a
    check, finds the heat as it is.
    """
    elapsed = ts_ms - tyres.heat_ms
    if elapsed <= 0 or ts_ms - engine.speed_ms > rules.engine.carry_ms:
        return tyres.heat_k
    heat_k, settled_k = tyres.heat_k, rules.tyres.heat_k_per_kmh * min(engine.speed_kmh, 250.0)
    stood_ms = engine.since_ms - tyres.heat_ms
    if stood_ms > 0 and engine.state == RUNNING and engine.reach_ms != TOO_FAR_MS:
        heat_k -= heat_k * stood_ms / (rules.tyres.heat_time_ms + stood_ms)
        elapsed -= stood_ms
    return heat_k + (settled_k - heat_k) * elapsed / (rules.tyres.heat_time_ms + elapsed)
