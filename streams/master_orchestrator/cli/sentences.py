"""How a workflow stands, in a sentence: what is wrong with the vehicle, what happens next, and by when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.vocabulary import State

if TYPE_CHECKING:
    from master_orchestrator_schemas.messages import AuditRecord, Evidence, Status

WAITS_FOR = {
    State.DATA_ANALYSIS: "DATA_ANALYSIS is to confirm the findings",
    State.DIAGNOSIS: "DIAGNOSIS is to find the cause",
    State.CUSTOMER_ENGAGEMENT: "CUSTOMER_ENGAGEMENT is to ask the owner",
    State.SCHEDULING: "SCHEDULING is to book a workshop",
    State.SCHEDULED: "the vehicle is expected at the workshop",
    State.IN_SERVICE: "the workshop is at work",
    State.FEEDBACK: "FEEDBACK is to ask the owner how it was",
}
"""States in which somebody else is at work."""

BY = {State.SCHEDULED: "next step by", State.RETRY: "next try at"}
NOTHING = "no finding, a check was asked for or due"
FAILURES = frozenset({"step_failed", "workflow_failed"})


def sentence(status: Status, trail: Sequence[AuditRecord]) -> str:
    """All of it, on one line."""
    wrong = "; ".join(_finding(evidence) for evidence in status.evidence) or ", ".join(status.findings)
    about = "; ".join(filter(None, (wrong, *_campaigns(status), _service(status)))) or NOTHING
    parts = [f"{status.priority.name}: {about}"]
    if (diagnosis := status.diagnosis) is not None and diagnosis.causes:
        likely = diagnosis.causes[0]
        drive = "" if diagnosis.safe_to_drive else ", not safe to drive"
        parts.append(f"likely {likely.component} ({likely.probability:.0%}{drive})")
    return ". ".join([*parts, _next(status, trail)]) + "."


def _campaigns(status: Status) -> list[str]:
    under_way = [f"campaign {campaign}" for campaign in status.campaigns]
    return [*under_way, *(f"campaign {campaign}, which waits" for campaign in status.campaigns_waiting)]


def _service(status: Status) -> str:
    due = ", ".join(f"{each.item} due {rfc3339(each.due_ms)[:10]}" for each in status.service)
    return f"regular service: {due}" if due else ""


def error_of(status: Status, trail: Sequence[AuditRecord]) -> str | None:
    """The text of the last failure of a workflow that waits for its next try or has failed."""
    if status.state not in {State.RETRY, State.FAILED}:
        return None
    last = next((record for record in reversed(trail) if record.event in FAILURES and _text(record)), None)
    return None if last is None else _text(last)


def _next(status: Status, trail: Sequence[AuditRecord]) -> str:
    match status.state:
        case State.COMPLETED:
            return f"It has ended: {status.reason}"
        case State.FAILED:
            why = error_of(status, trail)
            because = f" ({why})" if why else ""
            return f"It has failed: {status.reason}{because}; mend that, then 'redrive {status.workflow_id}'"
        case State.RETRY:
            why = error_of(status, trail)
            return f"{status.step} failed{f' ({why})' if why else ''}{_due(status)}"
    return f"Now {WAITS_FOR.get(status.state, status.state.value)}{_due(status)}"


def _due(status: Status) -> str:
    if status.due_ms is None:
        return ""
    return f", {BY.get(status.state, 'answer due by')} {rfc3339(status.due_ms)}"


def _finding(evidence: Evidence) -> str:
    if evidence.value is None:
        return evidence.rule
    limit = "" if evidence.limit is None else f", limit {evidence.limit:g}"
    ahead = "" if evidence.crossing_ms is None else f" expected on {rfc3339(evidence.crossing_ms)[:10]}"
    return f"{evidence.rule} ({evidence.signal} {evidence.value:g}{limit}{ahead})"


def _text(record: AuditRecord) -> str | None:
    """What an agent, or the engine, said of a failure."""
    details = json.loads(record.details)
    texts = [str(details[key]) for key in ("error", "message", "because") if details.get(key)]
    return ": ".join(texts)[:300] or None
