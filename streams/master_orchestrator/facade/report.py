"""A status record as the dict that users get. Every value of it can be written as JSON."""

from typing import TypedDict

from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.vocabulary import Priority, Reason, State


class HistoryLine(TypedDict):
    """One transition; ``at``: ISO 8601, UTC."""

    state: State
    at: str
    reason: str | None


class ReportedAppointment(TypedDict):
    """Where and when the vehicle is expected; times are ISO 8601, UTC."""

    appointment_id: str | None
    workshop_id: str | None
    start: str
    end: str | None


class WorkflowStatus(TypedDict):
    """Where a workflow stands. Times are ISO 8601, UTC.

    ``state``, ``priority`` and ``reason`` are enumerations that compare equal to their values: ``"COMPLETED"``,
    ``Priority.URGENT`` (1), ``"serviced"``. ``attempts`` counts executions of agent steps in all; ``attempt`` is that
    of the present step, 0 for the first. ``history`` holds the last 64 transitions, oldest first. ``campaigns``: ids
    of those whose work is part of it; ``campaigns_waiting``: of those whose work waits for its end. ``service``: items
    of regular service that it is to do.
    """

    workflow_id: str
    vehicle_id: str
    state: State
    priority: Priority
    reason: Reason | None
    step: str | None
    attempt: int
    attempts: int
    findings: list[str]
    campaigns: list[str]
    campaigns_waiting: list[str]
    service: list[str]
    appointment: ReportedAppointment | None
    created_at: str
    updated_at: str
    history: list[HistoryLine]


class AuditLine(TypedDict):
    """One record of the audit trail; ``cause``: ``topic[partition]@offset``; ``details``: JSON text."""

    seq: int
    at: str
    event: str
    actor: str
    from_state: State | None
    to_state: State
    priority: Priority
    reason: str | None
    details: str
    cause: str


def workflow_status(status: Status) -> WorkflowStatus:
    """The dict of a status record."""
    return WorkflowStatus(
        workflow_id=status.workflow_id,
        vehicle_id=status.vehicle_id,
        state=status.state,
        priority=status.priority,
        reason=status.reason,
        step=status.step,
        attempt=status.attempt,
        attempts=status.attempts,
        findings=list(status.findings),
        campaigns=list(status.campaigns),
        campaigns_waiting=list(status.campaigns_waiting),
        service=[due.item for due in status.service],
        appointment=_appointment(status),
        created_at=rfc3339(status.created_at_ms),
        updated_at=rfc3339(status.updated_at_ms),
        history=[HistoryLine(state=line.state, at=rfc3339(line.at_ms), reason=line.reason) for line in status.history],
    )


def audit_line(record: AuditRecord) -> AuditLine:
    """The dict of an audit record, without its chain."""
    return AuditLine(
        seq=record.seq,
        at=rfc3339(record.at_ms),
        event=record.event,
        actor=record.actor,
        from_state=record.from_state,
        to_state=record.to_state,
        priority=record.priority,
        reason=record.reason,
        details=record.details,
        cause=str(record.cause),
    )


def _appointment(status: Status) -> ReportedAppointment | None:
    if status.appointment_start_ms is None:
        return None
    return ReportedAppointment(
        appointment_id=status.appointment_id,
        workshop_id=status.workshop_id,
        start=rfc3339(status.appointment_start_ms),
        end=None if status.appointment_end_ms is None else rfc3339(status.appointment_end_ms),
    )
