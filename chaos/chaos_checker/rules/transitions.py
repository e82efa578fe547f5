"""Only legal moves: the judge's own copy of the architecture's transition table."""

from collections.abc import Sequence
from itertools import pairwise

from chaos_checker.records import Audit
from chaos_checker.rules.trails import by_workflow
from chaos_checker.violation import RuleViolation, violations_of

STEPS = ("DATA_ANALYSIS", "DIAGNOSIS", "CUSTOMER_ENGAGEMENT", "SCHEDULING", "FEEDBACK")
"""The working states: each is an agent's."""
FORWARD = (
    "PENDING", "DATA_ANALYSIS", "DIAGNOSIS", "URGENCY_ASSESSMENT", "CUSTOMER_ENGAGEMENT", "SCHEDULING", "SCHEDULED",
    "IN_SERVICE", "FEEDBACK", "COMPLETED",
)  # fmt: skip
LEGAL = frozenset(
    {
        *pairwise(FORWARD),
        ("PENDING", "CUSTOMER_ENGAGEMENT"),
        *((state, "COMPLETED") for state in ("DATA_ANALYSIS", "DIAGNOSIS", "CUSTOMER_ENGAGEMENT")),
        *((state, "SCHEDULING") for state in ("IN_SERVICE", "SCHEDULED")),
        *((state, "RETRY") for state in (*STEPS, "FAILED")),
        *(("RETRY", state) for state in (*STEPS, "COMPLETED")),
        *((state, "DIAGNOSIS") for state in ("CUSTOMER_ENGAGEMENT", "SCHEDULING", "SCHEDULED", "IN_SERVICE")),
        *((state, "SCHEDULED") for state in ("CUSTOMER_ENGAGEMENT", "RETRY")),
        *((state, "CUSTOMER_ENGAGEMENT") for state in ("SCHEDULING", "SCHEDULED")),
        *((state, "FAILED") for state in (*FORWARD[:-1], "RETRY")),
    }
)
CONTINUED = {
    "conversation_continued": frozenset({"RETRY"}),
    "campaign_joined": frozenset({"RETRY", "SCHEDULING", "SCHEDULED"}),
}
"""An answer, or a campaign, calls for another contact: these may be moves, from these states only."""
MOVING = frozenset(
    {
        *CONTINUED,
        "state_changed",
        "step_failed",
        "step_restarted",
        "workflow_completed",
        "workflow_failed",
        "workflow_redriven",
    }
)
STAYING = frozenset(
    {
        "findings_folded", "service_joined", "service_done", "check_joined", "booking_ended", "owner_contacted",
        "opted_out", "priority_changed", "step_skipped", "rejected", "appointment_moved", "campaign_remembered",
        "campaign_closed", "owner_rated",
        "side_task_started", "side_task_failed", "side_task_restarted", "side_task_ended",
    }
)  # fmt: skip
COMPLETED_FROM = {
    "serviced": {"FEEDBACK", "RETRY"},
    "nothing_found": {"DATA_ANALYSIS", "DIAGNOSIS"},
    "duplicate": {"DATA_ANALYSIS"},
    "declined": {"CUSTOMER_ENGAGEMENT", "RETRY"},
    "no_answer": {"CUSTOMER_ENGAGEMENT", "RETRY"},
}
FAILED_FROM = {
    "retries_exhausted": {"RETRY", "SCHEDULED", "IN_SERVICE"},
    "agent_rejected": set(STEPS) - {"FEEDBACK"},
    "cancelled": {*FORWARD[:-1], "RETRY"},
}


def legal(audit: Sequence[Audit]) -> list[RuleViolation]:
    """Each trail begins in PENDING, goes on where it was, and takes only moves of the table."""
    violations = []
    for records in by_workflow(audit).values():
        before: str | None = None
        for record in records:
            if wrong := _wrong(before, record):
                violations.append((record.where, wrong))
            before = record.to_state
    return violations_of("transition", violations)


def _wrong(before: str | None, record: Audit) -> str:
    move = (record.from_state, record.to_state)
    if record.from_state != before:
        return f"goes on from {record.from_state}, but the record before it led to {before}"
    if before is None or record.event == "workflow_opened":
        opened = before is None and record.event == "workflow_opened" and record.to_state == "PENDING"
        return "" if opened else f"{record.event} to {record.to_state} as record {record.seq}"
    stays = record.from_state == record.to_state
    if record.event in STAYING or before not in CONTINUED.get(record.event, (before,)):
        return "" if stays else f"{record.event} is not a move, but {move}"
    if record.event in CONTINUED and stays:
        return ""
    if record.event not in MOVING:
        return f"{record.event} is not an event of the contract"
    return "" if move in LEGAL else f"the table has no move {record.from_state} -> {record.to_state}"


def reasoned(audit: Sequence[Audit]) -> list[RuleViolation]:
    """COMPLETED and FAILED carry a reason of the contract, from a state it can be reached in."""
    violations = []
    for record in audit:
        reasons = {"workflow_completed": COMPLETED_FROM, "workflow_failed": FAILED_FROM}.get(record.event)
        if reasons is not None and record.from_state not in reasons.get(record.reason or "", ()):
            violations.append((record.where, f"{record.to_state} with {record.reason!r} from {record.from_state}"))
    return violations_of("end-reason", violations)
