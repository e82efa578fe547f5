"""URGENCY_ASSESSMENT: the final priority, from severity, probability and time to failure.

``risk = severity * probability``; the first line of the topology's urgency table that holds gives the priority. Where
DIAGNOSIS gave no numbers of its own, the triage's priority stands. Three floors keep the result from being too low:
what an operator has asked for, the work of campaigns, and findings that the answers taken do not speak of: they arrived
after DIAGNOSIS was asked, or while DATA_ANALYSIS was at work and its answer is to an earlier task.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from master_orchestrator.core.state import Facts, Workflow
from master_orchestrator_schemas.topology import UrgencyLine
from master_orchestrator_schemas.vocabulary import Priority

HOUR_MS = 3_600_000


class Assessment(msgspec.Struct, frozen=True):
    """The final priority and what it follows from; ``line``: index in the urgency table, None if it was not asked.

    ``numbers``: JSON-ready, for the audit trail.
    """

    priority: Priority
    line: int | None
    numbers: dict[str, Any]


def assess(lines: Sequence[UrgencyLine], workflow: Workflow) -> Assessment:
    """The verdict on a workflow that DIAGNOSIS has been through."""
    facts = workflow.facts
    line = _first_that_holds(lines, facts) if facts.rated else None
    rated = workflow.priority if line is None else lines[line].priority
    priority = min([rated, *_floors(workflow)])
    numbers = {
        "line": line,
        "rated": rated.name,
        "risk": round(facts.severity * facts.probability, 6) if facts.rated else None,
        "severity": facts.severity if facts.rated else None,
        "probability": facts.probability if facts.rated else None,
        "time_to_failure_h": facts.time_to_failure_h,
        "safe_to_drive": facts.safe_to_drive,
    }
    return Assessment(priority, line, numbers)


def _floors(workflow: Workflow) -> Iterable[Priority]:
    if any(item.overdue for item in workflow.service):
        yield Priority.SCHEDULED
    if workflow.least is not None:
        yield workflow.least
    yield from (work.priority for work in workflow.asked if not work.waits)
    for finding in workflow.findings:
        if not finding.dismissed and (finding.unweighed or not finding.seen):
            yield finding.priority


def _first_that_holds(lines: Sequence[UrgencyLine], facts: Facts) -> int | None:
    return next((index for index, line in enumerate(lines) if _holds(line, facts)), None)


def _holds(line: UrgencyLine, facts: Facts) -> bool:
    if line.safe_to_drive is not None and line.safe_to_drive != facts.safe_to_drive:
        return False
    if line.risk_at_least is not None and facts.severity * facts.probability < line.risk_at_least:
        return False
    if line.time_to_failure_below_ms is None:
        return True
    hours = facts.time_to_failure_h
    return hours is not None and hours * HOUR_MS < line.time_to_failure_below_ms
