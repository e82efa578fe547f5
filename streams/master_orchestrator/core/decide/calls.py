"""Calls for a human: whom to call, about which findings, and what to say."""

from collections.abc import Iterable, Sequence

from master_orchestrator.core import bounds
from master_orchestrator.core.events import Call
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Appointment, CampaignWork, KnownFinding, Workflow
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.vocabulary import AlertKind, Priority, Reason

MAX_WORDS_BYTES = 400
"""Of what an owner says."""
MAX_NAMED = 3
"""Findings named in a call. All URGENT ones are."""
HOUR_MS = 3_600_000
STOP = 'say: "stop safely, switch the engine off and do not drive on; we can send a tow"'


def owner_not_won(policy: Policy, vehicle_id: str, workflow: Workflow, why: str) -> tuple[Call, ...]:
    """The owner has declined or cannot be reached."""
    kind = AlertKind.URGENT_UNRESOLVED if workflow.priority is Priority.URGENT else AlertKind.OWNER_NOT_REACHED
    message = f"{workflow.priority.name}, and the owner of {vehicle_id} has not agreed ({why}): call them"
    return (Call(kind, f"{message}; {what_to_say(policy, workflow)}{about(workflow)}"),)


def campaign_waits(vehicle_id: str, workflow: Workflow, work: CampaignWork) -> tuple[Call, ...]:
    """Work of a campaign that is URGENT or HIGH waits for the end of a workflow."""
    if work.priority > Priority.HIGH:
        return ()
    kind = AlertKind.URGENT_UNRESOLVED if work.priority is Priority.URGENT else AlertKind.OWNER_NOT_REACHED
    due = f"{work.priority.name} campaign {work.campaign_id} ({work.title or work.operation['name']})"
    message = f"{due} waits until {workflow.workflow_id} ends: call the owner of {vehicle_id} or the workshop"
    return (Call(kind, message, work.priority),)


def failed(vehicle_id: str, workflow: Workflow, reason: Reason) -> tuple[Call, ...]:
    """The workflow has failed. Not for what a human has cancelled, unless it is URGENT."""
    urgent = about(workflow, Priority.HIGH)
    if reason is not Reason.CANCELLED:
        message = f"{workflow.workflow_id} has failed ({reason}): find out why, then redrive or cancel it"
        return (Call(AlertKind.WORKFLOW_FAILED, f"{message}{urgent}"),)
    if workflow.priority is Priority.URGENT or Priority.URGENT in {f.priority for f in workflow.findings}:
        message = f"{workflow.workflow_id} was cancelled while URGENT: see that {vehicle_id} is safe"
        return (Call(AlertKind.URGENT_UNRESOLVED, f"{message}{urgent}"),)
    return ()


def worsened(vehicle_id: str, workflow: Workflow, new: Sequence[KnownFinding]) -> tuple[Call, ...]:
    """An episode got worse, and neither another diagnosis nor the owner can be asked at once."""
    booked = workflow.standing
    place = "the workshop" if booked is None else f"the workshop {booked.workshop_id} ({booked.appointment_id})"
    message = f"{vehicle_id} got worse in {workflow.state}: tell {place} and the owner, before it is driven; {STOP}"
    priority = min([workflow.priority, *(finding.priority for finding in new)])
    return (Call(AlertKind.CONDITION_WORSENED, f"{message}{named(new)}", priority),)


def booked(
    policy: Policy, vehicle_id: str, workflow: Workflow, appointment: Appointment, *, late: bool, tow: bool
) -> tuple[Call, ...]:
    """What a booking leaves to a human: an owner who chose another time; of URGENT and HIGH, a late start, a tow."""
    calls, start = _not_as_chosen(vehicle_id, workflow, appointment), rfc3339(appointment.start_ms)
    if workflow.priority > Priority.HIGH or not (late or tow):
        return tuple(calls)
    if late:
        due_h = policy.due_ms(workflow.priority) // HOUR_MS
        message = f"{workflow.priority.name}, due within {due_h} h, and {vehicle_id} is booked for {start}"
        text = f"{message}: find an earlier place; {what_to_say(policy, workflow)}{about(workflow)}"
        calls.append(Call(AlertKind.APPOINTMENT_LATE, text))
    if tow:
        message = f"{vehicle_id} must not be driven: order a tow to the workshop {appointment.workshop_id} for {start}"
        calls.append(Call(AlertKind.TOW_NEEDED, f"{message}{named(workflow.findings)}"))
    return tuple(calls)


def _not_as_chosen(vehicle_id: str, workflow: Workflow, appointment: Appointment) -> list[Call]:
    chosen = workflow.facts.chosen
    if chosen is None or chosen["start_ms"] == appointment.start_ms:
        return []
    times = f"chose {rfc3339(chosen['start_ms'])}, and is booked for {rfc3339(appointment.start_ms)}"
    return [Call(AlertKind.OWNER_NOT_REACHED, f"the owner of {vehicle_id} {times}: tell them")]


def no_place(policy: Policy, vehicle_id: str, workflow: Workflow) -> tuple[Call, ...]:
    """No workshop has a place for an URGENT or HIGH vehicle."""
    if workflow.priority > Priority.HIGH:
        return ()
    message = f"{workflow.priority.name}, and no workshop has a place for {vehicle_id}: find one"
    return (Call(AlertKind.APPOINTMENT_LATE, f"{message}; {what_to_say(policy, workflow)}{about(workflow)}"),)


def service_overdue(vehicle_id: str) -> tuple[Call, ...]:
    """The workshop is silent."""
    message = f"{vehicle_id}: the workshop has not reported the work completed; feedback goes ahead"
    return (Call(AlertKind.SERVICE_OVERDUE, message),)


def dissatisfied(vehicle_id: str, workflow: Workflow, csat: int, text: str) -> tuple[Call, ...]:
    """The owner rates the repair badly."""
    booked = workflow.appointment
    place = "" if booked is None else f" and the workshop {booked.workshop_id} ({booked.appointment_id})"
    words = f', and says "{bounds.clip(text, MAX_WORDS_BYTES)}"' if text else ""
    message = f"the owner of {vehicle_id} rates the repair {csat} of 5{words}: call them{place}, and have it looked at"
    return (Call(AlertKind.OWNER_DISSATISFIED, f"{message} before the vehicle is driven on{named(workflow.findings)}"),)


def what_to_say(policy: Policy, workflow: Workflow) -> str:
    """The words for the owner."""
    if workflow.priority is Priority.URGENT or not workflow.facts.safe_to_drive:
        return STOP
    due_h = policy.due_ms(workflow.priority) // HOUR_MS
    return f'say: "do not put this off: have it seen to within {due_h} h"'


def about(workflow: Workflow, least: Priority = Priority.ROUTINE) -> str:
    """What a workflow is about, behind a full stop: its findings, and the campaigns that its owner is asked about."""
    findings = (finding for finding in workflow.findings if finding.priority <= least)
    asked = [work for work in workflow.asked if not work.waits and work.priority <= least]
    recalls = "; ".join(f"{work.campaign_id} ({work.title or work.operation['name']})" for work in asked)
    return named(findings) + (f". Campaigns: {recalls}" if recalls else "")


def named(findings: Iterable[KnownFinding]) -> str:
    """The findings that matter most, with their times, behind a full stop; empty without any."""
    ordered = sorted((f for f in findings if not f.dismissed), key=lambda f: (f.priority, -f.at_ms))
    told = [f for number, f in enumerate(ordered) if f.priority is Priority.URGENT or number < MAX_NAMED]
    return f". Findings: {'; '.join(map(_described, told))}" if told else ""


def _described(finding: KnownFinding) -> str:
    text = f"{finding.rule} ({finding.subsystem}, {finding.priority.name}) at {rfc3339(finding.at_ms)}"
    if finding.signal is None or finding.value is None:
        return text
    return f"{text}, {finding.signal} {finding.value:g}"
