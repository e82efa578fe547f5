"""What goes out when an event has happened: its audit record, commands, alerts, dead letters.

Ids are deterministic: ``command_id = workflow_id/step/attempt/revision``, ``alert_id = workflow_id/seq/kind``. Events
of the vehicle put nothing out.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core import payloads
from master_orchestrator.core.audit_chain import details_json, hash_of
from master_orchestrator.core.command_ids import command_id
from master_orchestrator.core.evolve import chain_of
from master_orchestrator.core.evolve.chains import known_chain
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import GENESIS, Appointment, Chain, Execution, VehicleState, Workflow
from master_orchestrator_schemas.messages import Alert, AuditRecord, Command
from master_orchestrator_schemas.vocabulary import AgentType, Priority


class Effects(msgspec.Struct, frozen=True, gc=False):
    """What one event of a workflow puts out; ``failed`` are commands given up."""

    audit: AuditRecord
    commands: tuple[Command, ...]
    alerts: tuple[Alert, ...]
    failed: tuple[Command, ...]


class Reaction(msgspec.Struct, frozen=True, gc=False):
    """The same without audit record and alerts; ``details`` are added to those of the event."""

    details: dict[str, Any] = {}
    commands: tuple[Command, ...] = ()
    failed: tuple[Command, ...] = ()


RECORDED = Reaction()
"""Nothing but the audit record."""


class Happened(msgspec.Struct, frozen=True, gc=False):
    """An event of a workflow, with the workflow before and after it."""

    policy: Policy
    vehicle_id: str
    state: VehicleState
    before: Chain | None
    after: Chain
    event: Any

    def command(self, execution: Execution) -> Command:
        """The command of an execution of one of the workflow's own steps."""
        workflow = self.after
        if not isinstance(workflow, Workflow):
            raise TypeError(workflow.workflow_id)
        content = payloads.payload(payloads.Assignment(self.policy, self.vehicle_id, self.state, workflow, execution))
        return self._command(execution, workflow.priority, content)

    def side_command(self, execution: Execution) -> Command:
        """The command of an execution of the side task."""
        for chain in (self.after, self.before):
            if chain is not None and chain.side is not None:
                return self._command(execution, chain.side.priority, chain.side.payload)
        raise KeyError(self.after.workflow_id)

    def _command(self, execution: Execution, priority: Priority, content: dict[str, Any]) -> Command:
        workflow_id, step = self.after.workflow_id, execution.step
        return Command(
            command_id=command_id(workflow_id, step.value, execution.attempt, execution.revision),
            workflow_id=workflow_id,
            vehicle_id=self.vehicle_id,
            agent=step,
            priority=priority,
            step=step.value,
            attempt=execution.attempt,
            revision=execution.revision,
            issued_at_ms=execution.issued_at_ms,
            deadline_ms=execution.deadline_ms,
            payload=content,
        )

    def alert(self, call: ev.Call) -> Alert:
        """A call for a human about this workflow."""
        workflow_id = self.after.workflow_id
        return Alert(
            alert_id=f"{workflow_id}/{self.after.seq}/{call.kind.value}",
            kind=call.kind,
            at_ms=self.event.at_ms,
            message=call.message,
            vehicle_id=self.vehicle_id,
            workflow_id=workflow_id,
            priority=self.after.priority if call.priority is None else call.priority,
            details=details_json(self.event.details),
        )


def react(
    policy: Policy, vehicle_id: str, before: VehicleState, after: VehicleState, event: ev.WorkflowEvent, *, cause: Input
) -> Effects:
    """The effects of an event that led from one state to the other."""
    chain = known_chain(after, event.workflow_id)
    happened = Happened(policy, vehicle_id, after, chain_of(before, event.workflow_id), chain, event)
    reaction = REACT[type(event)](happened)
    details = event.details | reaction.details
    alerts: tuple[Alert, ...] = ()
    if event.calls:
        details |= {"called": [call.kind for call in event.calls]}
        alerts = tuple(happened.alert(call) for call in event.calls)
    return Effects(_audit(happened, details, cause), reaction.commands, alerts, reaction.failed)


def _audit(happened: Happened, details: dict[str, Any], cause: Input) -> AuditRecord:
    event, before, after = happened.event, happened.before, happened.after
    positions = zip(happened.policy.input_topics, happened.state.positions, strict=False)
    record = AuditRecord(
        workflow_id=after.workflow_id,
        vehicle_id=happened.vehicle_id,
        seq=after.seq,
        at_ms=event.at_ms,
        event=type(event).__struct_config__.tag,
        actor=event.actor,
        from_state=None if before is None else before.state,
        to_state=after.state,
        priority=after.priority,
        reason=event.reason,
        attempt=_attempt(after),
        details=details_json(details),
        cause=cause.cause,
        positions={topic: offset for topic, offset in positions if offset},
        prev_hash=GENESIS if before is None else before.hash,
        hash="",
    )
    return replace(record, hash=hash_of(record))


def _attempt(chain: Chain) -> int:
    return chain.execution.attempt if isinstance(chain, Workflow) and chain.execution is not None else 0


def _recorded(_happened: Happened) -> Reaction:
    return RECORDED


def _opened(happened: Happened) -> Reaction:
    return _campaigns_changed(happened) if happened.event.campaigns else RECORDED


def _campaigns_changed(happened: Happened) -> Reaction:
    held = happened.event.campaigns
    return Reaction(
        {
            "campaigns": [work.campaign_id for work in held if not work.waits],
            "campaigns_waiting": [work.campaign_id for work in held if work.waits],
        }
    )


def _campaigns_joined(happened: Happened) -> Reaction:
    changed = _campaigns_changed(happened)
    if happened.event.execution is None:
        return changed
    issued = _commanded(happened)
    return replace(issued, details={**changed.details, **issued.details})


def _folded(happened: Happened) -> Reaction:
    return RECORDED if happened.event.execution is None else _commanded(happened)


def _issued(command: Command) -> dict[str, Any]:
    return {"issued": command.command_id, "deadline_ms": command.deadline_ms}


def _commanded(happened: Happened) -> Reaction:
    """The command of the event's execution."""
    command = happened.command(happened.event.execution)
    return Reaction(_issued(command), commands=(command,))


def _moved(happened: Happened) -> Reaction:
    event = happened.event
    moved = RECORDED if event.execution is None else _commanded(happened)
    if event.appointment is not None:
        return _with(moved, "appointment", _booking(event.appointment))
    return moved


def _booking_ended(happened: Happened) -> Reaction:
    return Reaction({"appointment": _booking(happened.event.appointment)})


def _booking(appointment: Appointment | None) -> dict[str, Any] | None:
    """A booking in an audit record's details; None for one that does not stand any more."""
    if appointment is None or appointment.fell_through:
        return None
    booking = msgspec.structs.asdict(appointment)
    del booking["fell_through"]
    return booking


def _appointment_moved(happened: Happened) -> Reaction:
    return Reaction({"appointment": _booking(happened.event.appointment)})


def _reprioritised(happened: Happened) -> Reaction:
    changed = RECORDED if happened.event.execution is None else _commanded(happened)
    before = None if happened.before is None else happened.before.priority.name
    return _with(changed, "from_priority", before)


def _with(reaction: Reaction, name: str, value: object) -> Reaction:
    """The reaction with one more detail."""
    return replace(reaction, details={**reaction.details, name: value})


def _contacted(happened: Happened) -> Reaction:
    return Reaction({"waits_until_ms": happened.event.due_ms})


def _opted_out(happened: Happened) -> Reaction:
    return Reaction({"opted_out": list(happened.event.opted_out)})


def _step_failed(happened: Happened) -> Reaction:
    return Reaction({"retry_at_ms": happened.event.retry_at_ms})


def _step_skipped(happened: Happened) -> Reaction:
    return Reaction({"step": happened.event.step.value})


def _failed(happened: Happened) -> Reaction:
    given_up = happened.event.given_up
    return RECORDED if given_up is None else Reaction(failed=(happened.command(given_up),))


def _side_commanded(happened: Happened) -> Reaction:
    command = happened.side_command(happened.event.execution)
    return Reaction(_issued(command), commands=(command,))


def _side_failed(happened: Happened) -> Reaction:
    return Reaction({"step": AgentType.MANUFACTURING_QUALITY.value, "retry_at_ms": happened.event.retry_at_ms})


def _side_ended(happened: Happened) -> Reaction:
    details = {"step": AgentType.MANUFACTURING_QUALITY.value}
    if happened.event.given_up is None:
        return Reaction(details)
    return Reaction(details, failed=(happened.side_command(happened.event.given_up),))


REACT: Mapping[type[ev.WorkflowEvent], Callable[[Happened], Reaction]] = MappingProxyType(
    {
        ev.WorkflowOpened: _opened,
        ev.StateChanged: _moved,
        ev.OwnerContacted: _contacted,
        ev.ConversationContinued: _commanded,
        ev.OptedOut: _opted_out,
        ev.OwnerRated: _recorded,
        ev.StepFailed: _step_failed,
        ev.StepRestarted: _commanded,
        ev.StepSkipped: _step_skipped,
        ev.WorkflowRedriven: _recorded,
        ev.WorkflowCompleted: _recorded,
        ev.WorkflowFailed: _failed,
        ev.FindingsFolded: _folded,
        ev.ServiceJoined: _recorded,
        ev.ServiceDone: _recorded,
        ev.CheckJoined: _recorded,
        ev.CampaignJoined: _campaigns_joined,
        ev.CampaignRemembered: _campaigns_changed,
        ev.CampaignClosed: _campaigns_changed,
        ev.BookingEnded: _booking_ended,
        ev.AppointmentMoved: _appointment_moved,
        ev.PriorityChanged: _reprioritised,
        ev.SideTaskStarted: _side_commanded,
        ev.SideTaskFailed: _side_failed,
        ev.SideTaskRestarted: _side_commanded,
        ev.SideTaskEnded: _side_ended,
        ev.Rejected: _recorded,
    }
)
"""What each event of a workflow puts out, besides its audit record."""
