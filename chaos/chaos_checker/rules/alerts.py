"""Alerts: one for each call of a human that the trail demands, and no other."""

from collections import Counter
from collections.abc import Sequence

from chaos_checker.records import Alert, Audit
from chaos_checker.violation import Violation, violations_of

URGENT = 1
UNRESOLVED = frozenset({"declined", "no_answer"})


def once(alerts: Sequence[Alert]) -> list[Violation]:
    """No alert is there twice."""
    count = Counter(alert.alert_id for alert in alerts)
    return violations_of("alert-once", [(name, f"{n} times") for name, n in count.items() if n > 1])


def kind_of(record: Audit) -> str | None:
    """The alert that the record demands."""
    if record.event == "workflow_failed" and record.reason != "cancelled":
        return "WORKFLOW_FAILED"
    if record.priority == URGENT and (record.event, record.reason) == ("workflow_failed", "cancelled"):
        return "URGENT_UNRESOLVED"
    if record.priority == URGENT and record.event == "workflow_completed" and record.reason in UNRESOLVED:
        return "URGENT_UNRESOLVED"
    return "SERVICE_OVERDUE" if record.reason == "service_overdue" else None


def demanded(audit: Sequence[Audit], alerts: Sequence[Alert]) -> list[Violation]:
    """Each alert that the trail demands is there, with its time, vehicle and priority; DATA_LOST never is."""
    due = {f"{r.workflow_id}/{r.seq}/{kind}": r for r in audit if (kind := kind_of(r)) is not None}
    there = {alert.alert_id: alert for alert in alerts}
    found = [(record.where, f"alert {name} is missing") for name, record in due.items() if name not in there]
    for name, alert in there.items():
        record = due.get(name)
        if record is None:
            found.append((str(alert.place), f"no trail demands {name} ({alert.kind})"))
        elif (alert.at_ms, alert.vehicle_id, alert.workflow_id, alert.priority, alert.key) != (
            record.at_ms, record.vehicle_id, record.workflow_id, record.priority, record.workflow_id,
        ):  # fmt: skip
            found.append((str(alert.place), f"{name} says something else than its trail"))
    return violations_of("alert", found)
