"""Time to failure and whether it is safe to drive on.

A cause's life in the table is the median from a HIGH finding (severity 0.7). A worse anomaly means that more of that
life is used up, log-linearly:

    median = life_h * 10 ** (SLOPE * (0.7 - severity))        URGENT (0.9): life * 0.5, SCHEDULED (0.4): life * 2.6
    80 % interval = median / spread .. median * spread        log-normal
"""

from dataclasses import dataclass

from master_orchestrator_agents.reference.diagnosis.knowledge import UNSAFE_FROM
from master_orchestrator_agents.reference.diagnosis.ranking import Ranked, Ranking

REFERENCE_SEVERITY, SLOPE = 0.7, 1.4
LIKELY = 0.3
"""A cause counts for safety from this probability on."""
UNSAFE_CONFIDENCE = 0.1
"""Below, DATA_ANALYSIS has all but dismissed the anomaly."""
MAX_HOURS = 100_000.0


@dataclass(frozen=True)
class TimeToFailure:
    """Calendar hours: median and 80 % interval."""

    median: float
    low: float
    high: float


def time_to_failure(ranked: Ranked) -> TimeToFailure:
    """The time to failure if this is the cause."""
    median = ranked.cause.life_h * 10 ** (SLOPE * (REFERENCE_SEVERITY - ranked.severity))
    spread = ranked.cause.spread
    hours = (median, median / spread, median * spread)
    return TimeToFailure(*(round(min(value, MAX_HOURS), 1) for value in hours))


def is_safe(ranking: Ranking) -> bool:
    """Not safe: an anomaly as bad as URGENT, or a likely cause that is dangerous earlier."""
    if ranking.severity >= UNSAFE_FROM and ranking.confidence >= UNSAFE_CONFIDENCE:
        return False
    likely = (entry for entry in ranking.ranked if entry.probability >= LIKELY)
    return all(entry.severity < entry.cause.unsafe_from for entry in likely)
