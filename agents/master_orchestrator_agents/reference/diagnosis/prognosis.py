"""Time to failure and whether it is safe to drive on.

Where the signal of a finding has been heading for its most urgent limit, the time to failure is the time until it is
there, at the rate that was observed. Else a cause's life in the table is the median from a HIGH finding (severity 0.7);
of a cause without one (wear, or only a code's title is known) no time is given. A worse anomaly means that more of that
life is used up, log-linearly:

    median = life_h * 10 ** (SLOPE * (0.7 - severity))        URGENT (0.9): life * 0.5, SCHEDULED (0.4): life * 2.6
    80 % interval = median / spread .. median * spread        log-normal
"""

from collections.abc import Iterable
from dataclasses import dataclass

from master_orchestrator_agents.reference.diagnosis.knowledge import UNSAFE_FROM
from master_orchestrator_agents.reference.diagnosis.ranking import Ranked, Ranking
from master_orchestrator_schemas.facts import Finding, SignalTrend

REFERENCE_SEVERITY, SLOPE = 0.7, 1.4
LIKELY = 0.3
"""A cause counts for safety from this probability on."""
UNSAFE_CONFIDENCE = 0.1
"""Below, DATA_ANALYSIS has all but dismissed the anomaly."""
MAX_HOURS = 100_000.0
OFF_ITS_TREND = 0.5
"""As a share of what lies between the trend and its limit."""


@dataclass(frozen=True)
class TimeToFailure:
    """Calendar hours: median and 80 % interval."""

    median: float
    low: float
    high: float


def observed(findings: Iterable[Finding], trends: Iterable[SignalTrend]) -> TimeToFailure | None:
    """The time to the first limit that one of the findings' signals gets to; None: none is known to be heading there.

    A value far off its trend has not come of it: something else has happened, and the old rate says nothing.
    """
    by_signal = {trend.signal: trend for trend in trends}
    ahead = [
        TimeToFailure(trend.hours, trend.hours_low, trend.hours_high)
        for finding in findings
        if (trend := by_signal.get(finding.signal or "")) is not None and _is_of(trend, finding)
        if trend.hours is not None and trend.hours_low is not None and trend.hours_high is not None
    ]
    return min(ahead, key=lambda time: time.median, default=None)


def _is_of(trend: SignalTrend, finding: Finding) -> bool:
    if trend.limit is None or finding.value is None or finding.is_below != (trend.per_day < 0):
        return False
    return abs(finding.value - trend.level) <= OFF_ITS_TREND * abs(trend.limit - trend.level)


def time_to_failure(ranked: Ranked) -> TimeToFailure | None:
    """The time to failure if this is the cause, and no rate was observed; None: the table has no life of it."""
    life_h, spread = ranked.cause.life_h, ranked.cause.spread
    if life_h is None or spread is None:
        return None
    median = life_h * 10 ** (SLOPE * (REFERENCE_SEVERITY - ranked.severity))
    hours = (median, median / spread, median * spread)
    return TimeToFailure(*(round(min(value, MAX_HOURS), 1) for value in hours))


def is_safe(ranking: Ranking) -> bool:
    """Not safe: an anomaly as bad as URGENT, or a likely cause that is dangerous earlier."""
    if ranking.severity >= UNSAFE_FROM and ranking.confidence >= UNSAFE_CONFIDENCE:
        return False
    likely = (entry for entry in ranking.ranked if entry.probability >= LIKELY)
    return all(entry.severity < entry.cause.unsafe_from for entry in likely)
