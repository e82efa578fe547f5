"""An actor's risk: a score from 0 to 100 over its newest findings, which fade with age."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice

from master_orchestrator.behaviour.acts import DAY_MS
from master_orchestrator.behaviour.findings import BehaviourFinding, Rule
from master_orchestrator_schemas.vocabulary import Verdict

NEWEST = 32
SHARE = 0.9
"""Of a finding's severity that counts: one finding of 100 gives a score of 90."""
HALF_LIFE_MS = DAY_MS


class Band(StrEnum):
    """What a score means."""

    QUIET = "quiet"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"


BAND_STARTS = ((90, Band.CRITICAL), (70, Band.HIGH), (40, Band.MODERATE), (20, Band.LOW), (0, Band.QUIET))
ALERTING_BANDS = (Band.HIGH, Band.CRITICAL)


def score(findings: Sequence[BehaviourFinding], at_ms: int) -> float:
    """``100 * (1 - prod(1 - 0.9 * severity / 100 * 2 ** (-age / 24 h)))`` over the newest findings.

    A rule that keeps firing on one pair counts once, by its strongest finding: an hour more of the same is not more
    evidence. Findings of the rule ``risk`` follow from the score and do not count; those that an operator holds to be
    benign do not either, and those that are confirmed do not fade.
    """
    if not findings:
        return 0.0
    newest = list(islice((each for each in reversed(findings) if each.verdict is not Verdict.BENIGN), NEWEST))
    counted = [finding for finding in reversed(newest) if finding.rule is not Rule.RISK]
    remaining = 1.0
    for part in _strongest(counted, at_ms):
        remaining *= 1 - part
    return round(100 * (1 - remaining), 1)


def band_of(value: float) -> Band:
    """The band of a score."""
    return next(band for start, band in BAND_STARTS if value >= start)


def band_start(band: Band) -> int:
    """The lowest score of a band."""
    return next(start for start, known in BAND_STARTS if known is band)


def _strongest(findings: Iterable[BehaviourFinding], at_ms: int) -> Iterable[float]:
    parts: dict[tuple[Rule, str, str], float] = {}
    for finding in findings:
        key = (finding.rule, finding.action, finding.resource)
        age_ms = 0 if finding.verdict is Verdict.CONFIRMED else max(0, at_ms - finding.last_ms)
        part = SHARE * finding.severity / 100 * 2 ** (-age_ms / HALF_LIFE_MS)
        parts[key] = max(part, parts.get(key, 0.0))
    return parts.values()
