"""What the core answers: the new state and every effect of one input, in order."""

import msgspec

from master_orchestrator.core.events import Event
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import VehicleState
from master_orchestrator_schemas.messages import Alert, AuditRecord, Command, Status


class Deadline(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A time at which a vehicle's state wants a tick (``Timer`` with the same ``workflow_id`` and ``deadline_id``)."""

    due_ms: int
    workflow_id: str
    deadline_id: str


class Outcome(msgspec.Struct, kw_only=True):
    """The result of one step.

    Args:
        state: the vehicle's new state; the shell stores it.
        commands: to be sent after the state is durable, in this order.
        audit: the audit records, in order of ``seq``.
        status: the newest status of each workflow that changed.
        alerts: calls for a human.
        rejection: why the input was rejected where no workflow could record it: a dead letter. None otherwise.
        failed_commands: commands given up after the last retry; the shell writes them to the dead letters with the
            reason ``retries_exhausted``.
        traceparent: trace context for the headers of all of these.
        events: all that happened, in order; applied to the state before, they give ``state``.
    """

    state: VehicleState
    commands: list[Command]
    audit: list[AuditRecord]
    status: list[Status]
    alerts: list[Alert]
    rejection: Rejection | None = None
    failed_commands: list[Command] = []
    traceparent: str | None = None
    events: list[Event] = []
