"""What the façade asks of a shell, be it the in-memory one or Kafka."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

import msgspec

from master_orchestrator.core.request_session import REJECTED
from master_orchestrator.core.state import VehicleState
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.messages import (
    Activity,
    ActorRecord,
    AuditRecord,
    Cause,
    Control,
    EntityStatus,
    UebaRequest,
)
from master_orchestrator_schemas.reasons import REJECTION_REASONS
from master_orchestrator_schemas.registry import Request


class EngineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's answer to one request.

    Args:
        cause: where the request's record stands.
        audit: the audit records it caused, in order; empty when it was rejected outright.
        rejection: why it went to the dead letters, None if it did not.
    """

    cause: Cause
    audit: tuple[AuditRecord, ...] = ()
    rejection: str | None = None


CHECKED = frozenset({"workflow_opened", "check_joined"})
"""The audit trail's names for what became of a reading that asks for a check: it leaves exactly one such record.

What else it causes may be about another workflow of the vehicle, which it ends or gives up, and comes before that.
"""

REPEATED = frozenset({"duplicate_event", "duplicate_campaign"})
"""Reasons of such a record if the same has been applied before, which is what its sender wanted."""


def rejection_of(answer: EngineAnswer) -> str | None:
    """Why a request came to nothing: rejected outright, or on the record; None if it was taken."""
    if answer.rejection is not None:
        return answer.rejection
    return next((_sentence(record) for record in answer.audit if _is_rejection(record)), None)


def _is_rejection(record: AuditRecord) -> bool:
    """Whether this record says no. A repeat of what was applied does not; a repeat of what was rejected does."""
    if record.event != REJECTED:
        return False
    return record.reason not in REPEATED or "first" in json.loads(record.details)


def _sentence(record: AuditRecord) -> str:
    """Why, for people: the code, what it means, the state that did not fit, and what to do."""
    code = record.reason or "rejected"
    state = json.loads(record.details).get("state")
    known = REJECTION_REASONS.get(code)
    fits = f" (it is {state})" if state else ""
    return f"{code}: {known.meaning}{fits}; {known.remedy}" if known else f"{code}{fits}"


def waitable(seconds: float) -> float:
    """A time-out as threads can wait for it: without end (``inf``) is their longest, about three centuries."""
    return min(seconds, threading.TIMEOUT_MAX)


class Pending(Protocol):
    """A request on its way."""

    @property
    def answer(self) -> Future[EngineAnswer]:
        """Settled once the request's effects are durable and to be seen in ``Shell.workflows``."""

    def overdue(self, seconds: float) -> OrchestratorError:
        """What to tell a caller who has waited this long in vain."""


class Shell(Protocol):
    """The imperative side of one orchestrator. All but ``start`` and ``stop`` may be called from any thread."""

    def start(self) -> None:
        """Start working; called once."""

    def stop(self) -> None:
        """Drain and end; called once."""

    @property
    def workflows(self) -> WorkflowsView:
        """The newest status of every workflow, as far as this process has seen them."""

    def submit(self, request: Request) -> Pending:
        """Hand a request in."""

    def refresh(self) -> None:
        """Return when ``workflows`` has everything that was put out before the call."""

    def audit_trail(self, workflow_id: str) -> list[AuditRecord]:
        """The audit records of a workflow so far, in order."""

    def vehicle(self, vehicle_id: str) -> VehicleState | None:
        """What the engine knows of a vehicle now; None: nothing."""

    def write_activity(self, records: Sequence[Activity]) -> None:
        """Return when what is about to be done is on record, durably. Raises :class:`OrchestratorError`."""

    def put_activity(self, records: Sequence[Activity]) -> None:
        """Put what was done on record, without waiting."""

    def actor(self, actor: str) -> tuple[EntityStatus, list[ActorRecord]] | None:
        """Where an actor stands, and its trail, oldest first; None of one that was never seen."""

    def control(self, actor: str) -> Control | None:
        """What the actor is held to; None: there never was a control."""

    def ask_judge(self, request: UebaRequest, timeout_s: float) -> ActorRecord:
        """Hand in a request about an actor; the record that answers it. Raises :class:`OrchestratorError`."""
