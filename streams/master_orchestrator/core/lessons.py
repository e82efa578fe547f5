"""What a completed workflow teaches: FEEDBACK's result, as the audit record of the workflow's end has it."""

from typing import Any, NamedTuple

import msgspec

from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.vocabulary import Reason, State

RATED = "owner_rated"
OTHER, CODES, TREND = "other", "dtc", "_trending"


class Lesson(NamedTuple):
    """The result of FEEDBACK for one repair; ``at_ms``: when the workflow was completed."""

    workflow_id: str
    vehicle_id: str
    at_ms: int
    result: FeedbackResult


class Rating(NamedTuple):
    """An owner's rating that came by itself; ``result``: what FEEDBACK would have answered with it."""

    workflow_id: str
    result: FeedbackResult


def rating_of(record: AuditRecord) -> Rating | None:
    """The rating that the record is about; None of any other record."""
    if record.event != RATED:
        return None
    said: dict[str, Any] = msgspec.json.decode(record.details)
    rating = {name: said.get(name) for name in ("csat", "nps", "fixed_right_first_time")}
    return Rating(said["rated"], FeedbackResult.model_validate({**rating, "text": said.get("comment") or ""}))


def lesson_of(record: AuditRecord) -> Lesson | None:
    """What the record teaches; None of any other record than the end of a workflow that FEEDBACK has answered."""
    if (
        record.reason != Reason.SERVICED
        or record.to_state is not State.COMPLETED
        or record.from_state is record.to_state
    ):
        return None
    answered: Any = msgspec.json.decode(record.details).get("result")
    if not isinstance(answered, dict):
        return None
    try:
        result = FeedbackResult.from_wire(answered)
    except ValueError:  # of an agent type that is not FEEDBACK: the workflow was serviced without
        return None
    return Lesson(record.workflow_id, record.vehicle_id, record.at_ms, result)


def rule_group(rule: str, rules: frozenset[str]) -> str:
    """The name under which a rule is counted: its own, ``dtc`` for trouble codes, ``other`` for what is not a rule.

    There are as many names as rules in the topology, with and without a trend, and two more.
    """
    if rule.startswith(f"{CODES}:"):
        return CODES
    return rule if rule.removesuffix(TREND) in rules else OTHER
