"""How bad a confirmed finding is, 0 to 1.

    severity = base of its priority + 0.1 * how far beyond the threshold, in spans of its signal, at most 1

so that severity never leaves the band of its priority: URGENT 0.9-1.0, HIGH 0.7-0.8, SCHEDULED 0.4-0.5, ROUTINE
0.1-0.2. A trend, which has not reached its threshold, is at the beginning of its band. Which priority it becomes in the
end is the engine's decision (severity times probability).
"""

from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.vocabulary import Priority

BASE: dict[Priority, float] = {
    Priority.URGENT: 0.9,
    Priority.HIGH: 0.7,
    Priority.SCHEDULED: 0.4,
    Priority.ROUTINE: 0.1,
}
BAND = 0.1

SPANS: dict[str, float] = {
    "coolant_temp_c": 10.0,
    "gearbox_temp_c": 19.0,
    "oil_pressure_kpa": 70.0,
    "battery_voltage_v": 1.0,
    "ltft_b1_pct": 8.0,
}
"""What lies between a noteworthy and a dangerous value, in the signal's unit (from the triage thresholds)."""
DEFAULT_SPAN = 15.0
"""Per cent worn of a brake pad, kPa of a tyre: about 15."""


def severity_of(finding: Finding) -> float:
    """The severity of a finding, from its priority and its distance from the threshold."""
    return round(BASE[finding.priority] + BAND * excess_of(finding), 3)


def excess_of(finding: Finding) -> float:
    """How far the finding's value lies from its threshold, in spans of its signal, 0 to 1; 0 of a trend."""
    return 0.0 if finding.is_trend or finding.value is None else excess_at(finding, finding.value)


def excess_at(finding: Finding, value: float) -> float:
    """How far any value of the signal lies from the threshold, in the same measure."""
    if finding.threshold is None:
        return 0.0
    return min(1.0, abs(value - finding.threshold) / SPANS.get(finding.signal or "", DEFAULT_SPAN))
