"""What speaks for and against one finding, and how it adds up.

Confidence is the logistic function of a sum over the kinds of evidence, so that each can be read and argued about by
itself:

    confidence = 1 / (1 + exp(-sum of weight * amount))

The weights are in ``weights.toml``, fitted by ``python bench decisions calibrate``. A finding is confirmed from
:data:`CONFIRM_FROM` on, which is low where a wrong dismissal is dangerous. What is reported of a confirmed one is
:func:`reported`: how often findings weighed like it were faults.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis.plausibility import TYRES, Signals, tyres_fell_together
from master_orchestrator_agents.reference.severity import excess_at, excess_of
from master_orchestrator_schemas.facts import Finding, SignalSummary
from master_orchestrator_schemas.vocabulary import Priority

LONG_S = 120.0
"""From here on it makes no difference for how long a condition has held."""
USUAL_SPREADS, ENOUGH_SAMPLES = 3.0, 60
"""Further from the vehicle's own mean than three of its spreads speaks for the finding, nearer speaks against it."""
SECONDS_PER_DAY = 86_400
CLEARLY_BACK = 0.5
"""Back from the limit by this share of the way to danger, a value is no longer within the noise of one beyond it."""
RATES = frozenset({"tyre_losing"})
"""Rules whose value is a rate."""
NOISE_SPREADS, MIN_NOISE_KPA = 1.5, 0.5
MIN_SHARE_OF_LOSS = 0.5
"""Of what a rate means over the time that it held, at least this much must be gone."""

CONFIRM_FROM: dict[Priority, float] = {
    Priority.URGENT: 0.1,
    Priority.HIGH: 0.3,
    Priority.SCHEDULED: 0.5,
    Priority.ROUTINE: 0.5,
}


DOUBTFUL = 0.75
"""Up to here a confidence is reported as it is: the line was fitted to hardly any finding that is so doubtful."""


def _load(name: str) -> dict[str, float]:
    text = resources.files(__package__ or "").joinpath(name).read_text("utf-8")
    return {key: float(value) for key, value in tomllib.loads(text).items()}


WEIGHTS = _load("weights.toml")
"""Kind of evidence -> log-odds per amount of it."""
REPORTED = _load("reported.toml")
"""``slope`` and ``offset`` of the line from the log-odds of a confidence to those of what is reported."""


@dataclass(frozen=True)
class EvidencePiece:
    """One piece: its kind, how much of it there is (mostly 0 to 1), and its words."""

    kind: str
    amount: float
    text: str

    @property
    def weight(self) -> float:
        """Its log-odds."""
        return WEIGHTS[self.kind] * self.amount


def confidence(pieces: list[EvidencePiece]) -> float:
    """The pieces together, 0 to 1."""
    return 1 / (1 + math.exp(-sum(piece.weight for piece in pieces)))


def reported(sure: float, line: Mapping[str, float] = REPORTED) -> float:
    """How often findings with this confidence are faults: a straight line of log-odds, above what is doubtful."""
    inside = min(max(sure, 1e-9), 1 - 1e-9)
    log_odds = line["offset"] + line["slope"] * math.log(inside / (1 - inside))
    return max(1 / (1 + math.exp(-log_odds)), min(sure, DOUBTFUL))


def is_high_side(finding: Finding) -> bool:
    """Whether the finding says "too high" (or has no threshold at all)."""
    return not finding.is_below


def evidence_for(finding: Finding, signals: Signals, dtcs: tuple[str, ...], codes: CodeTable) -> list[EvidencePiece]:
    """All pieces that the readings at hand give for one finding; of kinds that there is nothing of, none.

    What is coming is not held against the values of today, which are within their limits.
    """
    if finding.is_trend:
        return [piece for piece in (_foretold(finding), _code(finding, dtcs, codes)) if piece is not None]
    summary = signals.get(finding.signal) if finding.signal else None
    pieces = [_fired(finding), _held(finding), _beyond_limit(finding), _code(finding, dtcs, codes)]
    pieces += [_weather(finding, signals), _fallen(finding, summary)]
    if summary is not None and _comparable(finding, summary):
        pieces += [_past(finding, summary), _trend(finding, summary), _recovered(finding, summary)]
    return [piece for piece in pieces if piece is not None and piece.amount]


def _comparable(finding: Finding, summary: SignalSummary) -> bool:
    """Whether the finding's value is a value of the signal itself, not a rate, a ratio or a switch."""
    if finding.value is None:
        return False
    margin = 0.05 * abs(finding.value)
    return summary.minimum - margin <= finding.value <= summary.maximum + margin


def _fired(finding: Finding) -> EvidencePiece:
    """Triage has gated the rule and waited for it to last; a code has passed the vehicle's own test."""
    if finding.rule.startswith(("dtc:", "j1939:")):
        return EvidencePiece("code_fired", 1.0, f"{finding.rule.partition(':')[2]} is confirmed by the vehicle")
    return EvidencePiece("rule_fired", 1.0, f"rule {finding.rule} fired")


def _held(finding: Finding) -> EvidencePiece:
    return EvidencePiece("held", min(finding.held_s / LONG_S, 1.0), f"held for {finding.held_s:.0f} s")


def _foretold(finding: Finding) -> EvidencePiece:
    """Triage has told the trend from noise and seasons."""
    days = finding.held_s / SECONDS_PER_DAY
    return EvidencePiece("trend_fired", 1.0, f"moving towards its limit for {days:.0f} days")


def _beyond_limit(finding: Finding) -> EvidencePiece:
    excess = excess_of(finding)
    return EvidencePiece("beyond_limit", excess, f"beyond its limit by {excess:.0%} of the way to danger")


def _code(finding: Finding, dtcs: tuple[str, ...], codes: CodeTable) -> EvidencePiece | None:
    own = finding.rule.removeprefix("dtc:")
    support = [code for code in dtcs if code != own and codes.of(code).subsystem == finding.subsystem]
    return EvidencePiece("code_agrees", 1.0, f"codes {', '.join(support)} agree") if support else None


def _weather(finding: Finding, signals: Signals) -> EvidencePiece | None:
    if finding.priority is Priority.URGENT or not tyres_fell_together(finding, signals):
        return None
    return EvidencePiece("weather", 1.0, "all four tyres fell alike, as in cold weather")


def _past(finding: Finding, summary: SignalSummary) -> EvidencePiece | None:
    """Against the vehicle's own past, unless that is itself beyond the limit: then the fault is older than the past."""
    if finding.value is None or summary.samples < ENOUGH_SAMPLES or summary.spread <= 0:
        return None
    if _beyond(finding, summary.mean):
        return None
    spreads = abs(finding.value - summary.mean) / summary.spread
    amount = max(-1.0, min(1.0, (spreads - USUAL_SPREADS) / USUAL_SPREADS))
    return EvidencePiece("unusual", amount, f"{spreads:.1f} spreads from this vehicle's mean of {summary.mean:.1f}")


def _beyond(finding: Finding, value: float) -> bool:
    """Whether a value is as bad as the finding's limit, or worse."""
    if finding.threshold is None:
        return False
    return value >= finding.threshold if is_high_side(finding) else value <= finding.threshold


def _fallen(finding: Finding, summary: SignalSummary | None) -> EvidencePiece | None:
    """A rate of loss is believed of a pressure that has fallen by as much, and has left its own noise."""
    if finding.rule not in RATES or finding.value is None or summary is None:
        return None
    lost, claimed = summary.maximum - summary.last, finding.value * finding.held_s / 60
    if lost < MIN_SHARE_OF_LOSS * claimed:
        return EvidencePiece("within_noise", 1.0, f"lost {lost:.1f} kPa of late, where the rate means {claimed:.1f}")
    below = summary.mean - summary.last
    if summary.samples < ENOUGH_SAMPLES or below >= NOISE_SPREADS * max(summary.spread, MIN_NOISE_KPA):
        return None
    return EvidencePiece(
        "within_noise", 1.0, f"{below:.1f} kPa below its mean, within its noise of {summary.spread:.1f}"
    )


def _trend(finding: Finding, summary: SignalSummary) -> EvidencePiece | None:
    """An hour at the recent slope moves the signal by more than its spread: it is going somewhere."""
    if summary.spread <= 0 or abs(summary.slope_per_h) < summary.spread:
        return None
    worse = (summary.slope_per_h > 0) == is_high_side(finding)
    kind = "gets_worse" if worse else "gets_better"
    return EvidencePiece(kind, 1.0, f"moving by {summary.slope_per_h:+.1f} per hour")


def _recovered(finding: Finding, summary: SignalSummary) -> EvidencePiece | None:
    """Not said of tyres: the limit is for cold ones, and what is known of late is as measured, warm."""
    if finding.threshold is None or finding.value is None or finding.value == finding.threshold:
        return None
    if finding.signal in TYRES:
        return None
    if (summary.last < finding.threshold) != is_high_side(finding):
        return None
    back = min(1.0, excess_at(finding, summary.last) / CLEARLY_BACK)
    return EvidencePiece("recovered", back, f"back at {summary.last:.1f}")
