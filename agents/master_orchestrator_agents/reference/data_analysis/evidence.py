"""What speaks for and against one finding, each piece with its weight, and how they add up.

Confidence is the logistic function of a sum of weights (log-odds), so that pieces of evidence can be read, argued
about and changed one by one:

    confidence = 1 / (1 + exp(-(prior + held + past + trend + code + recovered + weather + noise)))

The weights are this project's own first estimates. A finding is confirmed from :data:`CONFIRM_FROM` on, which is low
where a wrong dismissal is dangerous.
"""

import math
from dataclasses import dataclass

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis.plausibility import Signals, tyres_fell_together
from master_orchestrator_schemas.facts import Finding, SignalSummary
from master_orchestrator_schemas.vocabulary import Priority

PRIOR = 0.8
"""Triage has gated the rule and waited for it to persist: more likely true than not (0.69)."""
CODE_PRIOR = 2.0
"""A finding that is itself a confirmed trouble code has passed the vehicle's own test (0.88)."""
HELD_PER_MINUTE, HELD_AT_MOST = 0.25, 0.5
PAST_WEIGHT, USUAL_SPREADS, ENOUGH_SAMPLES = 0.8, 3.0, 60
"""Further from the vehicle's own mean than three of its spreads speaks for the finding, nearer speaks against it."""
TREND_WORSE, TREND_BETTER = 0.6, -0.3
CODE_SUPPORT = 1.5
RECOVERED = -1.2
WEATHER = -1.5
RATES = frozenset({"tyre_losing"})
"""Rules whose value is a rate."""
WITHIN_NOISE, NOISE_SPREADS, LEAST_NOISE_KPA = -2.5, 1.5, 0.5

CONFIRM_FROM: dict[Priority, float] = {
    Priority.URGENT: 0.1,
    Priority.HIGH: 0.3,
    Priority.SCHEDULED: 0.5,
    Priority.ROUTINE: 0.5,
}


@dataclass(frozen=True)
class Evidence:
    """One piece: its log-odds weight and its words."""

    weight: float
    text: str


def confidence(pieces: list[Evidence]) -> float:
    """The pieces together, 0 to 1."""
    return 1 / (1 + math.exp(-sum(piece.weight for piece in pieces)))


def is_high_side(finding: Finding) -> bool:
    """Whether the finding says "too high" (or has no threshold at all)."""
    return finding.threshold is None or finding.value is None or finding.value >= finding.threshold


def evidence_for(finding: Finding, signals: Signals, dtcs: tuple[str, ...], codes: CodeTable) -> list[Evidence]:
    """All pieces that the readings at hand give for one finding; those without weight are left out."""
    summary = signals.get(finding.signal) if finding.signal else None
    pieces = [_prior(finding), _held(finding), _code(finding, dtcs, codes), _weather(finding, signals)]
    pieces.append(_fallen(finding, signals))
    if summary is not None and _comparable(finding, summary):
        pieces += [_past(finding, summary), _trend(finding, summary), _recovered(finding, summary)]
    return [piece for piece in pieces if piece.weight]


def _comparable(finding: Finding, summary: SignalSummary) -> bool:
    """Whether the finding's value is a value of the signal itself, not a rate, a ratio or a switch."""
    if finding.value is None:
        return False
    margin = 0.05 * abs(finding.value)
    return summary.minimum - margin <= finding.value <= summary.maximum + margin


def _prior(finding: Finding) -> Evidence:
    if finding.rule.startswith("dtc:"):
        return Evidence(CODE_PRIOR, f"{finding.rule[4:]} is confirmed by the vehicle")
    return Evidence(PRIOR, f"rule {finding.rule} fired")


def _held(finding: Finding) -> Evidence:
    weight = min(finding.held_s / 60 * HELD_PER_MINUTE, HELD_AT_MOST)
    return Evidence(weight, f"held for {finding.held_s:.0f} s")


def _code(finding: Finding, dtcs: tuple[str, ...], codes: CodeTable) -> Evidence:
    own = finding.rule.removeprefix("dtc:")
    support = [code for code in dtcs if code != own and codes.of(code).subsystem == finding.subsystem]
    return Evidence(CODE_SUPPORT if support else 0.0, f"codes {', '.join(support)} agree")


def _weather(finding: Finding, signals: Signals) -> Evidence:
    together = finding.priority > Priority.URGENT and tyres_fell_together(finding, signals)
    return Evidence(WEATHER if together else 0.0, "all four tyres fell alike, as in cold weather")


def _past(finding: Finding, summary: SignalSummary) -> Evidence:
    """Against the vehicle's own past, unless that is itself beyond the limit: then the fault is older than the past."""
    if finding.value is None or summary.samples < ENOUGH_SAMPLES or summary.spread <= 0:
        return Evidence(0.0, "")
    if _beyond(finding, summary.mean):
        return Evidence(0.0, "")
    spreads = abs(finding.value - summary.mean) / summary.spread
    weight = PAST_WEIGHT * max(-1.0, min(1.0, (spreads - USUAL_SPREADS) / USUAL_SPREADS))
    return Evidence(weight, f"{spreads:.1f} spreads from this vehicle's mean of {summary.mean:.1f}")


def _beyond(finding: Finding, value: float) -> bool:
    """Whether a value is as bad as the finding's limit, or worse."""
    if finding.threshold is None:
        return False
    return value >= finding.threshold if is_high_side(finding) else value <= finding.threshold


def _fallen(finding: Finding, signals: Signals) -> Evidence:
    """A rate of loss is believed of a pressure that has left its own noise, which differs from vehicle to vehicle."""
    summary = signals.get(finding.signal or "")
    if finding.rule not in RATES or summary is None or summary.samples < ENOUGH_SAMPLES:
        return Evidence(0.0, "")
    below = summary.mean - summary.last
    if below >= NOISE_SPREADS * max(summary.spread, LEAST_NOISE_KPA):
        return Evidence(0.0, "")
    return Evidence(WITHIN_NOISE, f"{below:.1f} kPa below its mean, within its noise of {summary.spread:.1f}")


def _trend(finding: Finding, summary: SignalSummary) -> Evidence:
    """An hour at the recent slope moves the signal by more than its spread: it is going somewhere."""
    if summary.spread <= 0 or abs(summary.slope_per_h) < summary.spread:
        return Evidence(0.0, "")
    worse = (summary.slope_per_h > 0) == is_high_side(finding)
    return Evidence(TREND_WORSE if worse else TREND_BETTER, f"moving by {summary.slope_per_h:+.1f} per hour")


def _recovered(finding: Finding, summary: SignalSummary) -> Evidence:
    if finding.threshold is None or finding.value is None or finding.value == finding.threshold:
        return Evidence(0.0, "")
    back = (summary.last < finding.threshold) == is_high_side(finding)
    return Evidence(RECOVERED if back else 0.0, f"back at {summary.last:.1f}")
