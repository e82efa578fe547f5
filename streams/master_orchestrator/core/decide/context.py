"""The context of a decision: one input, the vehicle's state before it, the workflow it concerns, and who acts.

Every rule takes a context, and states its events through it.
"""

from typing import Any, Generic, Self, TypedDict, TypeVar, Unpack

import msgspec
from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core import transitions
from master_orchestrator.core.decide import calls
from master_orchestrator.core.decide.cooldowns import after_the_end
from master_orchestrator.core.decide.executions import first_execution
from master_orchestrator.core.decide.regular_service import left_open
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import (
    Appointment,
    Chain,
    Cooldown,
    Execution,
    Facts,
    KnownFinding,
    VehicleState,
    Workflow,
)
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Reason, State

TOLD = frozenset({Reason.SERVICED, Reason.DECLINED})
"""Ends after which the owner knows of the findings."""

C = TypeVar("C", bound=Chain)
C_co = TypeVar("C_co", bound=Chain | None, covariant=True)

Decision = list[ev.Event] | Rejection
"""What a rule answers."""


class Head(TypedDict):
    """The fields that all events of a workflow have."""

    workflow_id: str
    at_ms: int
    actor: str
    reason: str | None
    details: dict[str, Any]


class Changes(TypedDict, total=False):
    """What a move changes of the workflow, besides its state."""

    priority: Priority
    facts: Facts
    findings: tuple[KnownFinding, ...]
    appointment: Appointment | None
    rebooked: bool
    escalated: bool
    service_event: int | None
    calls: tuple[ev.Call, ...]


class Context(msgspec.Struct, Generic[C_co], frozen=True, gc=False):
    """One input and the workflow that it concerns.

    Args:
        policy: the rules' figures.
        state: the vehicle before the event.
        input: the record that is decided on; its time is the time of all events.
        workflow: the workflow the events belong to; None before it is known.
        actor: who acts, for the audit trail.
        details: what the actor said, for the audit trail.
    """

    policy: Policy
    state: VehicleState
    input: Input
    workflow: C_co
    actor: str = ev.ENGINE
    details: dict[str, Any] = {}

    @property
    def at_ms(self) -> int:
        """The input's time."""
        return self.input.at_ms

    @property
    def vehicle_id(self) -> str:
        """The vehicle's."""
        return self.input.body.vehicle_id

    def about(self, workflow: C, actor: str = ev.ENGINE, details: dict[str, Any] | None = None) -> "Context[C]":
        """The context of a workflow, once it is known which one the input concerns."""
        return Context(self.policy, self.state, self.input, workflow, actor, details or {})

    def noting(self, **details: Any) -> Self:
        """The context with more details."""
        return replace(self, details={**self.details, **details})

    @property
    def without_details(self) -> Self:
        """For an event that follows from one which has the details already."""
        return replace(self, details={})

    @property
    def by_engine(self) -> Self:
        """For an event that the engine adds by itself."""
        return replace(self, actor=ev.ENGINE, details={})

    def head(self: "Context[Chain]", reason: str | None) -> Head:
        """The fields that all events of the workflow have."""
        return {
            "workflow_id": self.workflow.workflow_id,
            "at_ms": self.input.at_ms,
            "actor": self.actor,
            "reason": reason,
            "details": self.details,
        }

    def enter(self: "Context[Workflow]", step: AgentType, reason: str, **changes: Unpack[Changes]) -> list[ev.Event]:
        """The move into an agent's step. Without the agent nothing is issued; ``progress`` skips the step then.

        ``priority`` among the changes is that of the command; an event before may have changed the workflow's.
        """
        execution = None
        if self.policy.agents[step].enabled:
            priority = changes.get("priority", self.workflow.priority)
            execution = first_execution(self.policy, self.workflow, step, priority, self.at_ms)
        return self._change(transitions.STATE_OF_STEP[step], reason, execution, None, changes)

    def move(
        self: "Context[Workflow]", to_state: State, reason: str, due_ms: int | None = None, **changes: Unpack[Changes]
    ) -> list[ev.Event]:
        """The move into a state without an agent, which waits until ``due_ms``."""
        return self._change(to_state, reason, None, due_ms, changes)

    def _change(
        self: "Context[Workflow]",
        to_state: State,
        reason: str,
        execution: Execution | None,
        due_ms: int | None,
        changes: Changes,
    ) -> list[ev.Event]:
        """The move itself. The head is written out because this is the hottest path and ``**head`` is slow."""
        return [
            ev.StateChanged(
                workflow_id=self.workflow.workflow_id,
                at_ms=self.input.at_ms,
                actor=self.actor,
                reason=reason,
                details=self.details,
                to_state=to_state,
                execution=execution,
                due_ms=due_ms,
                **changes,
            )
        ]

    def complete(self: "Context[Workflow]", reason: Reason, called: tuple[ev.Call, ...] = ()) -> list[ev.Event]:
        """COMPLETED, with the calls for a human that this leaves."""
        return [
            ev.WorkflowCompleted(
                **self.head(reason.value),
                cooldowns=self._cooldowns(told=reason in TOLD),
                next_check_due_ms=self._next_check_due_ms,
                service=left_open(self.policy, self.state.service, self.workflow, self.at_ms),
                calls=called,
            )
        ]

    def fail(self: "Context[Workflow]", reason: Reason, given_up: Execution | None = None) -> list[ev.Event]:
        """FAILED. Kept as it is, for a redrive."""
        return [
            ev.WorkflowFailed(
                **self.head(reason.value),
                cooldowns=self._cooldowns(told=False),
                next_check_due_ms=self._next_check_due_ms,
                service=left_open(self.policy, self.state.service, self.workflow, self.at_ms),
                given_up=given_up,
                calls=calls.failed(self.vehicle_id, self.workflow, reason),
            )
        ]

    def ended_booking(self: "Context[Workflow]", reason: str) -> Appointment | None:
        """The newest booking, fallen through. The next one replaces it."""
        booked = self.workflow.appointment
        return None if booked is None else replace(booked, fell_through=reason)

    def end_booking(self: "Context[Workflow]", reason: str, service_event: int) -> list[ev.Event]:
        """A booking falls through, and the workflow stays where it is."""
        appointment = self.ended_booking(reason)
        return [ev.BookingEnded(**self.head(reason), appointment=appointment, service_event=service_event)]

    def reject(self: "Context[Chain]", code: str, service_event: int | None = None) -> list[ev.Event]:
        """An unwanted input, recorded in the trail of its workflow."""
        return [ev.Rejected(**self.head(code), service_event=service_event)]

    def _cooldowns(self: "Context[Workflow]", *, told: bool) -> tuple[Cooldown, ...]:
        return after_the_end(self.policy, self.state.cooldowns, self.workflow, self.at_ms, told=told)

    @property
    def _next_check_due_ms(self) -> int:
        return self.at_ms + self.policy.episodes.regular_check_every_ms
