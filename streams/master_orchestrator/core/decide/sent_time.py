"""The time that a message's sender gives, held against the broker's: the same rule for every input that has one."""

from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.rejection import Rejection
from master_orchestrator_schemas.instants import mistake_in


def impossible_time(context: Context[None], ts_ms: int) -> Rejection | None:
    """Why ``ts_ms`` cannot be when it was; None if it can."""
    at_ms = context.input.at_ms
    if mistake := mistake_in(ts_ms, at_ms, context.policy.episodes.max_future_ms):
        return Rejection("future_timestamp" if ts_ms > at_ms else "timestamp_before_2000", mistake)
    return None
