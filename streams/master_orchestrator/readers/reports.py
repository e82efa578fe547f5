"""Workflows and audit records as programs get them: one schema for ``status``, ``workflows``, ``audit export``.

Words for states, priorities and reasons, RFC 3339 for times with a zone, no JSON inside of texts. The JSON Schema is
``docs/reports.schema.json``; ``python -m master_orchestrator.readers.reports`` writes it again.
"""

import inspect
import json
from typing import Any

import msgspec

from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.messages import AuditRecord, Cause, Diagnosis, Evidence, ServiceDue, Status


class FindingReport(msgspec.Struct, frozen=True, kw_only=True):
    """A finding. Of one that an older engine wrote only the rule is known.

    Args:
        at: the vehicle's time.
        value: of the signal, in its unit; ``limit`` is what it was held against.
        suspected: one reading suggests it; nothing was seen to last.
        dismissed: DATA_ANALYSIS dismissed it.
        crossing: of a trend, when the value is expected to reach the limit; ``crossing_low`` and ``crossing_high`` are
            the ends of the interval of 80 %.
    """

    rule: str
    subsystem: str | None = None
    priority: str | None = None
    at: str | None = None
    signal: str | None = None
    value: float | None = None
    limit: float | None = None
    suspected: bool = False
    dismissed: bool = False
    crossing: str | None = None
    crossing_low: str | None = None
    crossing_high: str | None = None


class AppointmentReport(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when the vehicle is expected."""

    appointment_id: str | None
    workshop_id: str | None
    start: str
    end: str | None


class HistoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """One transition."""

    state: str
    at: str
    reason: str | None


class ServiceReport(msgspec.Struct, frozen=True, kw_only=True):
    """An item of regular service that the workflow is to do, and what its due date rests on.

    Args:
        by: ``distance``, ``engine_hours`` or ``date``, whichever comes first.
        used, every: since it was last done, and its interval: km, hours or days.
        per_day: what the vehicle uses a day.
        overdue: it was past due, its grace included, when it opened or joined the workflow.
    """

    item: str
    due: str
    by: str
    used: int
    every: int
    per_day: float
    overdue: bool


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """An audit record. ``details`` is an object here; its hash is over the text of the record."""

    workflow_id: str
    vehicle_id: str
    seq: int
    at_ms: int
    event: str
    actor: str
    from_state: str | None
    to_state: str
    priority: str
    reason: str | None
    attempt: int
    details: dict[str, Any]
    cause: Cause
    positions: dict[str, int]
    prev_hash: str
    hash: str


class WorkflowReport(msgspec.Struct, frozen=True, kw_only=True):
    """Where a workflow stands.

    Args:
        attempts: executions of agent steps in all; ``attempt`` is that of the present step, 0 for the first.
        findings: what it was opened for and what joined it.
        diagnosis: the last opinion of DIAGNOSIS; None without one.
        due: when the engine acts by itself: a reply is overdue, a retry begins, an appointment's time comes.
        service: items of regular service that it is to do.
        campaigns: ids of those whose work is part of it; ``campaigns_waiting``: of those whose work waits for its end.
        error: of the last failure, while it matters (``status`` only).
        audit: its trail (``status`` only).
    """

    workflow_id: str
    vehicle_id: str
    state: str
    priority: str
    reason: str | None
    step: str | None
    attempt: int
    attempts: int
    findings: tuple[FindingReport, ...]
    diagnosis: Diagnosis | None
    appointment: AppointmentReport | None
    created_at: str
    updated_at: str
    due: str | None
    history: tuple[HistoryReport, ...]
    service: tuple[ServiceReport, ...] = ()
    campaigns: tuple[str, ...] = ()
    campaigns_waiting: tuple[str, ...] = ()
    error: str | msgspec.UnsetType | None = msgspec.UNSET
    audit: tuple[AuditReport, ...] | msgspec.UnsetType = msgspec.UNSET


def workflow_report(status: Status) -> WorkflowReport:
    """The report of a status record."""
    return WorkflowReport(
        workflow_id=status.workflow_id,
        vehicle_id=status.vehicle_id,
        state=status.state.value,
        priority=status.priority.name,
        reason=status.reason,
        step=status.step,
        attempt=status.attempt,
        attempts=status.attempts,
        findings=_findings(status),
        diagnosis=status.diagnosis,
        appointment=_appointment(status),
        created_at=rfc3339(status.created_at_ms),
        updated_at=rfc3339(status.updated_at_ms),
        due=_time(status.due_ms),
        service=tuple(_service(due) for due in status.service),
        campaigns=status.campaigns,
        campaigns_waiting=status.campaigns_waiting,
        history=tuple(HistoryReport(state=h.state.value, at=rfc3339(h.at_ms), reason=h.reason) for h in status.history),
    )


def _service(due: ServiceDue) -> ServiceReport:
    return ServiceReport(
        item=due.item,
        due=rfc3339(due.due_ms),
        by=due.by,
        used=due.used,
        every=due.every,
        per_day=due.per_day,
        overdue=due.overdue,
    )


def audit_report(record: AuditRecord) -> AuditReport:
    """The report of an audit record."""
    return AuditReport(
        workflow_id=record.workflow_id,
        vehicle_id=record.vehicle_id,
        seq=record.seq,
        at_ms=record.at_ms,
        event=record.event,
        actor=record.actor,
        from_state=record.from_state and record.from_state.value,
        to_state=record.to_state.value,
        priority=record.priority.name,
        reason=record.reason,
        attempt=record.attempt,
        details=details_of(record),
        cause=record.cause,
        positions=record.positions,
        prev_hash=record.prev_hash,
        hash=record.hash,
    )


def details_of(record: AuditRecord) -> dict[str, Any]:
    """The details as an object; a result's own keys, which travel as JSON texts, are read too."""
    try:
        details = json.loads(record.details)
    except ValueError:
        return {"text": record.details}
    if not isinstance(details, dict):
        return {"value": details}
    result = details.get("result")
    if isinstance(result, dict) and isinstance(result.get("extras"), dict):
        result["extras"] = {name: _read(text) for name, text in result["extras"].items()}
    return details


def _read(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _findings(status: Status) -> tuple[FindingReport, ...]:
    known = {evidence.rule: evidence for evidence in status.evidence}
    return tuple(_finding(known[rule]) if rule in known else FindingReport(rule=rule) for rule in status.findings)


def _finding(evidence: Evidence) -> FindingReport:
    return FindingReport(
        rule=evidence.rule,
        subsystem=evidence.subsystem.value,
        priority=evidence.priority.name,
        at=rfc3339(evidence.at_ms) if evidence.at_ms else None,
        signal=evidence.signal,
        value=evidence.value,
        limit=evidence.limit,
        suspected=evidence.suspected,
        dismissed=evidence.dismissed,
        crossing=_time(evidence.crossing_ms),
        crossing_low=_time(evidence.crossing_low_ms),
        crossing_high=_time(evidence.crossing_high_ms),
    )


def _appointment(status: Status) -> AppointmentReport | None:
    if status.appointment_start_ms is None:
        return None
    return AppointmentReport(
        appointment_id=status.appointment_id,
        workshop_id=status.workshop_id,
        start=rfc3339(status.appointment_start_ms),
        end=_time(status.appointment_end_ms),
    )


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)


def schema() -> str:
    """The JSON Schema of a workflow's report, an audit record's among its definitions.

    Descriptions are docstrings: from 3.13 on the compiler takes their indentation away, before it does not.
    """
    document = msgspec.json.schema(WorkflowReport)
    for definition in document["$defs"].values():
        definition["description"] = inspect.cleandoc(definition["description"])
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    Path("docs/reports.schema.json").write_text(schema(), encoding="utf-8")
