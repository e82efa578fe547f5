"""What leaves the engine: commands, audit records, statuses, alerts."""

from typing import Annotated, Any

import msgspec

from master_orchestrator_schemas.messages.telemetry import VehicleId
from master_orchestrator_schemas.places import Place
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    AlertKind,
    Priority,
    Reason,
    State,
    Subsystem,
)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A task for an agent. A repeat has the same ``command_id`` and the same bytes.

    Args:
        command_id: ``workflow_id/step/attempt/revision``.
        step: the state whose work this is; MANUFACTURING_QUALITY for the side task.
        attempt: counts the executions of this step in this workflow from 0, on through rebookings and redrives; at most
            three retries follow the first of each.
        revision: raised when the command is issued again on a higher lane; the first reply to any revision wins.
        deadline_ms: the engine stops waiting for a reply at this time (milliseconds since 1970 UTC).
        payload: the fields of the agent's task model (``tasks.py``).
    """

    command_id: str
    workflow_id: str
    vehicle_id: VehicleId
    agent: AgentType
    priority: Priority
    step: str
    attempt: int
    revision: int
    issued_at_ms: int
    deadline_ms: int
    payload: dict[str, Any]


class Cause(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """The input record that caused something."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def at(cls, place: Place) -> "Cause":
        """The record that stands at a place."""
        return cls(topic=place.topic, partition=place.partition, offset=place.offset)

    def __str__(self) -> str:
        return str(Place(self.topic, self.partition, self.offset))


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a workflow's audit trail; the topic's key is ``workflow_id/seq``.

    Args:
        seq: 0, 1, 2 … without holes, per workflow.
        at_ms: the timestamp of the causing record, the engine's only clock.
        event: what happened, the name of the core's event (``workflow_opened``, ``state_changed`` …).
        actor: ``engine``, ``agent:<TYPE>@<worker>``, ``workshop:<id>``, ``operator:<name>``, ``gateway``.
        from_state: None in the first record.
        reason: a code of :class:`Reason`, or of the event (``finding``, ``reply``, ``timeout`` …).
        details: the event's typed details, JSON text with sorted keys.
        positions: input topic -> next offset to read for this vehicle's partition, as far as this vehicle is concerned,
            after the cause was applied.
        prev_hash: the ``hash`` of record seq-1; 64 zeros for seq 0.
        hash: SHA-256, hex, over the record's canonical JSON without ``hash``.
    """

    workflow_id: str
    vehicle_id: VehicleId
    seq: int
    at_ms: int
    event: str
    actor: str
    from_state: State | None
    to_state: State
    priority: Priority
    reason: str | None
    attempt: int
    details: str
    cause: Cause
    positions: dict[str, int]
    prev_hash: str
    hash: str


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a status record's history."""

    at_ms: int
    state: State
    reason: str | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with what it stands on. ``at_ms``: the vehicle's time; ``limit``: what ``value`` was held against.

    ``crossing_ms``: of a trend, when ``value`` is expected to reach ``limit``, with an interval of 80 %.
    """

    rule: str
    subsystem: Subsystem
    priority: Priority
    at_ms: int
    signal: str | None = None
    value: float | None = None
    limit: float | None = None
    suspected: bool = False
    dismissed: bool = False
    crossing_ms: int | None = None
    crossing_low_ms: int | None = None
    crossing_high_ms: int | None = None


class LikelyCause(msgspec.Struct, frozen=True, kw_only=True):
    """A possible cause; ``probability`` from 0 to 1."""

    component: str
    subsystem: str
    probability: float
    dtc: str | None = None


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What DIAGNOSIS answered last; ``severity`` and ``probability`` from 0 to 1."""

    causes: tuple[LikelyCause, ...]
    severity: float
    probability: float
    time_to_failure_h: float | None
    safe_to_drive: bool


class ServiceDue(msgspec.Struct, frozen=True, kw_only=True):
    """An item of regular service that a workflow is to do, and what its due date rests on.

    Args:
        by: ``distance``, ``engine_hours`` or ``date``, whichever comes first.
        used, every: since it was last done, and its interval: km, hours or days.
        per_day: what the vehicle uses a day.
        overdue: it was past due, its grace included, when it opened or joined the workflow.
    """

    item: str
    due_ms: int
    by: str
    used: int
    every: int
    per_day: float
    overdue: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where a workflow stands, the newest record per ``workflow_id`` on a compacted topic.

    ``attempts`` counts executions of agent steps in all; ``attempt`` is that of the present step.
    ``history`` holds the last 64 transitions, oldest first. ``evidence`` has the findings in full, ``diagnosis`` the
    last opinion of DIAGNOSIS; ``due_ms`` is when the engine acts by itself. ``campaigns`` are the ids of those
    whose work is part of the workflow, ``campaigns_waiting`` of those whose work waits for its end. ``service`` are the
    items of regular service that it is to do.
    """

    workflow_id: str
    vehicle_id: VehicleId
    state: State
    priority: Priority
    reason: Reason | None
    step: str | None
    attempt: int
    attempts: int
    findings: tuple[str, ...]
    created_at_ms: int
    updated_at_ms: int
    seq: int
    history: Annotated[tuple[Transition, ...], msgspec.Meta(max_length=64)]
    appointment_start_ms: int | None = None
    appointment_end_ms: int | None = None
    appointment_id: str | None = None
    workshop_id: str | None = None
    evidence: tuple[Evidence, ...] = ()
    diagnosis: Diagnosis | None = None
    due_ms: int | None = None
    campaigns: tuple[str, ...] = ()
    campaigns_waiting: tuple[str, ...] = ()
    service: tuple[ServiceDue, ...] = ()


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A call for a human. ``alert_id`` is deterministic (``workflow_id/seq/kind``), so a repeat is recognised."""

    alert_id: str
    kind: AlertKind
    at_ms: int
    message: str
    vehicle_id: str | None = None
    workflow_id: str | None = None
    priority: Priority | None = None
    details: str = "{}"
