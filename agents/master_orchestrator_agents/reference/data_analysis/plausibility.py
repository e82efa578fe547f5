"""Whether a sensor's value can be true at all: ends of the sensor's range, and combinations that physics rules out.

Only temperatures are called implausible: an oil pressure or a tyre pressure of 0 is what a real failure looks like,
and a false dismissal there costs an engine or worse.
"""

from collections.abc import Mapping

from master_orchestrator_schemas.facts import Finding, SignalSummary

Signals = Mapping[str, SignalSummary]

RANGE_ENDS: dict[str, tuple[float, float]] = {
    "coolant_temp_c": (-40.0, 215.0),
    "intake_air_temp_c": (-40.0, 215.0),
    "engine_oil_temp_c": (-40.0, 210.0),
    "ambient_temp_c": (-40.0, 215.0),
}
"""Ends of the range that SAE J1979 encodes, °C: an open or shorted circuit reads as one of them."""

END_MARGIN_C = 1.0
IMPOSSIBLE_C = 140.0
"""Coolant under pressure boils at 125 to 130 °C, and oil follows late. Well above that, with cool oil and gearbox, a
value is the sensor's. Nearer to boiling it is believed: an engine is lost otherwise.
"""
COOL_OIL_C = 100.0
COOL_GEARBOX_C = 90.0


def implausible(finding: Finding, signals: Signals) -> str | None:
    """Why the finding's value is the sensor's fault, or None if it may be true."""
    if finding.signal is None or finding.signal not in RANGE_ENDS:
        return None
    summary = signals.get(finding.signal)
    value = finding.value if finding.value is not None or summary is None else summary.last
    if value is None:
        return None
    low, high = RANGE_ENDS[finding.signal]
    if value <= low + END_MARGIN_C or value >= high - END_MARGIN_C:
        return f"{finding.signal} stands at {value:g} °C, an end of the sensor's range"
    if finding.signal == "coolant_temp_c" and value > IMPOSSIBLE_C and _everything_else_cool(signals):
        return f"coolant at {value:g} °C is above boiling while oil and gearbox are cool"
    return None


def _everything_else_cool(signals: Signals) -> bool:
    """At least one other temperature is known, and none of them supports the heat."""
    limits = {"engine_oil_temp_c": COOL_OIL_C, "gearbox_temp_c": COOL_GEARBOX_C}
    known = {name: signals[name].last for name in limits if name in signals}
    return bool(known) and all(value < limits[name] for name, value in known.items())


TYRES = ("tyre_fl_kpa", "tyre_fr_kpa", "tyre_rl_kpa", "tyre_rr_kpa")
ALIKE_KPA = 8.0
UNEVEN_KPA = 16.0
"""Tyres in good order are filled to within this of each other."""


def tyres_fell_together(finding: Finding, signals: Signals) -> bool:
    """All four tyres lost about the same against their own past, and this one is not the odd one: weather, not a leak.

    A tyre that has leaked for as long as its past is remembered has lost nothing against it.
    """
    if finding.signal not in TYRES or any(name not in signals for name in TYRES):
        return False
    others = [signals[name].last for name in TYRES if name != finding.signal]
    if signals[finding.signal].last < sum(others) / len(others) - UNEVEN_KPA:
        return False
    losses = [signals[name].mean - signals[name].last for name in TYRES]
    return min(losses) > 0 and max(losses) - min(losses) < ALIKE_KPA
