"""Alerts: one for each call of a human that the trail demands, and no other."""

from collections import Counter
from collections.abc import Sequence

from chaos_checker.records import Audit, DecodedAlert
from chaos_checker.violation import RuleViolation, violations_of

URGENT, HIGH = 1, 2
UNRESOLVED = frozenset({"declined", "no_answer"})


def once(alerts: Sequence[DecodedAlert]) -> list[RuleViolation]:
    """No alert is there twice."""
    count = Counter(alert.alert_id for alert in alerts)
    return violations_of("alert-once", [(name, f"{n} times") for name, n in count.items() if n > 1])


def kind_of(record: Audit) -> str | None:
    """The alert that the record demands."""
    if record.event == "workflow_failed" and record.reason != "cancelled":
        return "WORKFLOW_FAILED"
    if record.priority == URGENT and (record.event, record.reason) == ("workflow_failed", "cancelled"):
        return "URGENT_UNRESOLVED"
    if record.priority <= HIGH and record.reason in UNRESOLVED:
        return "URGENT_UNRESOLVED" if record.priority == URGENT else "OWNER_NOT_REACHED"
    return "SERVICE_OVERDUE" if record.reason == "service_overdue" else None


def _kinds(record: Audit) -> set[str]:
    kind = kind_of(record)
    return {*record.facts.get("called", ()), *(() if kind is None else (kind,))}


def _as_urgent(alert: DecodedAlert, record: Audit) -> bool:
    """What got worse may be more urgent than its workflow, whose priority is raised by the next record."""
    if alert.kind == "CONDITION_WORSENED":
        return alert.priority is not None and alert.priority <= record.priority
    return alert.priority == record.priority


def demanded(audit: Sequence[Audit], alerts: Sequence[DecodedAlert]) -> list[RuleViolation]:
    """Each alert that the trail demands is there, with its time, vehicle and priority; DATA_LOST never is.

    A record lists the calls that it made (``called``); some it has to make.
    """
    due = {f"{r.workflow_id}/{r.seq}/{kind}": r for r in audit for kind in _kinds(r)}
    there = {alert.alert_id: alert for alert in alerts}
    violations = [(record.where, f"alert {name} is missing") for name, record in due.items() if name not in there]
    for name, alert in there.items():
        record = due.get(name)
        if record is None:
            violations.append((str(alert.place), f"no trail demands {name} ({alert.kind})"))
        elif (alert.at_ms, alert.vehicle_id, alert.workflow_id, alert.key) != (
            record.at_ms, record.vehicle_id, record.workflow_id, record.workflow_id,
        ) or not _as_urgent(alert, record):  # fmt: skip
            violations.append((str(alert.place), f"{name} says something else than its trail"))
    return violations_of("alert", violations)
