"""Statuses and statistics from the audit trail alone, as an auditor would compute them.

What the fold of a workflow's records says is what the engine's own status says; the property tests hold them together.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from master_orchestrator.core.bounds import MAX_HISTORY
from master_orchestrator.core.statuses import WITH_STEP
from master_orchestrator.core.transitions import END_STATES
from master_orchestrator_schemas.messages import AuditRecord, Status, Transition
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Reason, State

SIDE_STEP = AgentType.MANUFACTURING_QUALITY.value
STEPS = frozenset(agent.value for agent in AgentType) - {SIDE_STEP}


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over workflows.

    Args:
        urgent_handled: COMPLETED workflows whose priority was URGENT in the end.
        workflows_by_state: only states in which there is a workflow.
        average_completion_time: seconds from opening to COMPLETED; 0 before the first.
    """

    total_workflows: int
    completed: int
    failed: int
    urgent_handled: int
    active_workflows: int
    workflows_by_state: dict[str, int]
    average_completion_time: float


class Figured(Protocol):
    """What figures are made of: a status, or so much of it."""

    @property
    def state(self) -> State:
        """Where it is now."""

    @property
    def priority(self) -> Priority:
        """Its newest."""

    @property
    def created_at_ms(self) -> int:
        """When it was opened."""

    @property
    def updated_at_ms(self) -> int:
        """Of its newest audit record."""

    @property
    def history(self) -> tuple[Transition, ...]:
        """Its last transitions."""


def as_folded(status: Status) -> Status:
    """A status without what no fold tells: the findings in full, the diagnosis, the next deadline, what is due.

    Replay holds those against the inputs.
    """
    return replace(status, evidence=(), diagnosis=None, due_ms=None, service=())


def fold_audit(records: Iterable[AuditRecord], statuses: Iterable[Status] = ()) -> dict[str, Status]:
    """The status of each workflow after these records, each workflow's in order of ``seq``; repeats are passed over.

    ``statuses``: where to go on from.
    """
    folded = {status.workflow_id: status for status in statuses}
    for record in records:
        before = folded.get(record.workflow_id)
        if before is None or record.seq > before.seq:
            folded[record.workflow_id] = fold_record(before, record)
    return folded


def fold_record(before: Status | None, record: AuditRecord) -> Status:
    """The status after one more record."""
    details = json.loads(record.details)
    status = _opened(record) if before is None else before
    step, executions = _execution(status, record, details)
    if "appointment" in details:
        status = _booked(status, details["appointment"] or {})
    return replace(
        status,
        state=record.to_state,
        priority=record.priority,
        reason=_reason(status, record),
        step=step,
        attempt=record.attempt,
        attempts=executions,
        findings=tuple(details.get("findings", status.findings)),
        campaigns=tuple(details.get("campaigns", status.campaigns)),
        campaigns_waiting=tuple(details.get("campaigns_waiting", status.campaigns_waiting)),
        updated_at_ms=record.at_ms,
        seq=record.seq,
        history=_history(status, record),
    )


def _booked(status: Status, appointment: dict[str, Any]) -> Status:
    """The status with another appointment; with none if it is empty."""
    return replace(
        status,
        appointment_start_ms=appointment.get("start_ms"),
        appointment_end_ms=appointment.get("end_ms"),
        appointment_id=appointment.get("appointment_id"),
        workshop_id=appointment.get("workshop_id"),
    )


def _opened(record: AuditRecord) -> Status:
    return Status(
        workflow_id=record.workflow_id,
        vehicle_id=record.vehicle_id,
        state=record.to_state,
        priority=record.priority,
        reason=None,
        step=None,
        attempt=0,
        attempts=0,
        findings=(),
        created_at_ms=record.at_ms,
        updated_at_ms=record.at_ms,
        seq=-1,
        history=(),
    )


def _execution(status: Status, record: AuditRecord, details: dict[str, Any]) -> tuple[str | None, int]:
    """The step shown, and the executions so far: a first revision is an execution, another one is not."""
    executions = status.attempts
    step, _, revision = details.get("issued", "///").rsplit("/", 3)[1:]
    if revision == "0" and step != SIDE_STEP:
        executions += 1
    if record.to_state in (State.RETRY, State.FAILED):
        return status.step or _booking_step(status, record), executions
    return (record.to_state.value if record.to_state in WITH_STEP else None), executions


def _booking_step(status: Status, record: AuditRecord) -> str | None:
    """The last step of a workflow that failed in a state without one, SCHEDULED or IN_SERVICE.

    It is SCHEDULING, or CUSTOMER_ENGAGEMENT where a booking stands that the owner was asked to give up.
    """
    if record.from_state not in (State.SCHEDULED, State.IN_SERVICE):
        return None
    return next((entry.state.value for entry in reversed(status.history) if entry.state.value in STEPS), None)


def _reason(status: Status, record: AuditRecord) -> Reason | None:
    if record.to_state not in END_STATES:
        return None
    if record.from_state is record.to_state or record.reason is None:
        return status.reason
    return Reason(record.reason)


def _history(status: Status, record: AuditRecord) -> tuple[Transition, ...]:
    if record.from_state is record.to_state:
        return status.history
    entry = Transition(at_ms=record.at_ms, state=record.to_state, reason=record.reason)
    return (*status.history, entry)[-MAX_HISTORY:]


def statistics(statuses: Iterable[Figured]) -> Figures:
    """Figures over the newest status of each workflow, folded from the audit or read from the status topic."""
    by_state: Counter[str] = Counter()
    seconds: list[float] = []
    urgent = 0
    for status in statuses:
        by_state[status.state.value] += 1
        if status.state is State.COMPLETED:
            seconds.append((_ended_at_ms(status) - status.created_at_ms) / 1000)
            urgent += status.priority is Priority.URGENT
    failed, total = by_state[State.FAILED.value], by_state.total()
    return Figures(
        total_workflows=total,
        completed=len(seconds),
        failed=failed,
        urgent_handled=urgent,
        active_workflows=total - len(seconds) - failed,
        workflows_by_state={state: count for state, count in sorted(by_state.items()) if count},
        average_completion_time=math.fsum(seconds) / len(seconds) if seconds else 0.0,
    )


def _ended_at_ms(status: Figured) -> int:
    """When the workflow ended; its audit trail may go on after that, with the side task's records."""
    return status.history[-1].at_ms if status.history else status.updated_at_ms
