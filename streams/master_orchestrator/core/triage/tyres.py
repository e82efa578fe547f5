"""Tyre pressures corrected for heat, and how fast they fall.

A warm tyre hides a loss: pressure grows with absolute temperature. The placard is for tyres at ambient temperature, so
pressures are taken back to that; how far a tyre is above ambient is followed from the speed. Cold weather is no excuse
and is not corrected: the tyre is soft then (FMVSS 138 knows no ambient correction either).
"""

from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.trackers import Tyres
from master_orchestrator_schemas.messages import Telemetry

ATMOSPHERE_KPA = 101.325
KELVIN = 273.15
MS_PER_MIN = 60_000

Pressures = tuple[float | None, ...]
"""Front left, front right, rear left, rear right."""

UNKNOWN_PRESSURES: Pressures = (None,) * 4
NO_TYRES: Pressures = UNKNOWN_PRESSURES + UNKNOWN_PRESSURES


def follow_tyres(rules: RuleSet, tyres: Tyres | None, reading: Telemetry) -> tuple[Tyres | None, Pressures]:
    """The tyres after this reading, and the eight values of :data:`TYRE_COLUMNS`: cold pressures, losses per minute.

    Losses come once per ``loss_window`` only, each measured against the reading that ended the window before: a single
    wild reading spoils two neighbouring windows in opposite ways, and two in a row are needed to fire.
    """
    raw = (reading.tyre_fl_kpa, reading.tyre_fr_kpa, reading.tyre_rl_kpa, reading.tyre_rr_kpa)
    if raw == UNKNOWN_PRESSURES:
        return tyres, NO_TYRES
    ts = reading.ts_ms
    heat_k = _heat(rules, tyres, reading)
    cold = _cold(rules, raw, heat_k, reading)
    if tyres is None:
        return Tyres(heat_k, ts, ts, cold), cold + UNKNOWN_PRESSURES
    if ts - tyres.anchor_ms < rules.tyres.loss_window_ms:
        return Tyres(heat_k, ts, tyres.anchor_ms, tyres.anchor_kpa), cold + UNKNOWN_PRESSURES
    minutes = (ts - tyres.anchor_ms) / MS_PER_MIN
    losses = tuple(
        None if then is None or now is None else (then - now) / minutes
        for then, now in zip(tyres.anchor_kpa, cold, strict=True)
    )
    return Tyres(heat_k, ts, ts, cold), cold + losses


def _heat(rules: RuleSet, tyres: Tyres | None, reading: Telemetry) -> float:
    """Kelvin above ambient, a first-order lag behind the speed; tyres seen for the first time count as cold.

    A late reading, which is looked at where it asks for a check, finds the heat as it is.
    """
    if tyres is None:
        return 0.0
    if reading.speed_kmh is None:
        return tyres.heat_k
    elapsed = max(0, reading.ts_ms - tyres.heat_ms)
    wanted = rules.tyres.heat_k_per_kmh * min(max(reading.speed_kmh, 0.0), 250.0)
    return tyres.heat_k + (wanted - tyres.heat_k) * elapsed / (rules.tyres.heat_time_ms + elapsed)


def _cold(rules: RuleSet, raw: Pressures, heat_k: float, reading: Telemetry) -> Pressures:
    ambient_c = rules.tyres.ambient_c if reading.ambient_temp_c is None else reading.ambient_temp_c
    ambient_k = max(ambient_c, -60.0) + KELVIN
    ratio = ambient_k / (ambient_k + heat_k)
    offset = ATMOSPHERE_KPA * (ratio - 1)
    return tuple([None if kpa is None else kpa * ratio + offset for kpa in raw])
