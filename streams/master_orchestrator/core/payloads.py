"""What each agent is given: the fields of its task model (``master_orchestrator_schemas.tasks``), as plain values.

Built from the state, so the same state gives the same bytes.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core.command_ids import command_id
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Execution, Facts, KnownFinding, VehicleState, Workflow
from master_orchestrator.core.transitions import INITIAL, REASONS, STATES
from master_orchestrator.core.triage import active_dtcs, summaries, trends
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.vocabulary import AgentType

MAX_DTCS = 64
MAX_SIGNALS = 64
MAX_OPERATIONS = 8
REBOOK_REASONS = {
    **{reason: reason for reason in ("no_show", "service_cancelled", "parts_missing", "priority_raised")},
    "worsened": "priority_raised",
    "campaign": "priority_raised",
}
"""The newest of these reasons in a workflow's history -> why it is booked again."""

Payload = dict[str, Any]


class Assignment(msgspec.Struct, frozen=True, gc=False):
    """An execution of one of the workflow's own steps, for which a task is wanted."""

    policy: Policy
    vehicle_id: str
    state: VehicleState
    workflow: Workflow
    execution: Execution


def payload(assignment: Assignment) -> Payload:
    """The task of an execution of one of the workflow's own steps."""
    return PAYLOADS[assignment.execution.step](assignment)


def manufacturing_quality(state: VehicleState, facts: Facts, repaired_at_ms: int) -> Payload:
    """The side task; it is stored until it is done, so it is kept short."""
    return {
        "causes": [{**cause, "description": ""} for cause in facts.causes[: bounds.MAX_SIDE_CAUSES]],
        "confirmed_cause": facts.confirmed_cause,
        "confirmed_subsystem": facts.confirmed_subsystem,
        "parts_replaced": list(facts.parts_replaced),
        "model": state.model,
        "odometer_m": state.odometer_m,
        "repaired_at_ms": repaired_at_ms,
        "note": facts.note,
        "probability": facts.probability if facts.rated else None,
    }


def _data_analysis(assignment: Assignment) -> Payload:
    return {
        "findings": _findings(assignment.workflow.findings),
        "signals": _signals(assignment.state),
        "trends": _trends(assignment),
        "dtcs": _dtcs(assignment.state),
        "model": assignment.state.model,
        "odometer_m": assignment.state.odometer_m,
    }


def _diagnosis(assignment: Assignment) -> Payload:
    return {
        "findings": _findings(finding for finding in assignment.workflow.findings if not finding.dismissed),
        "anomalies": list(assignment.workflow.facts.anomalies),
        "signals": _signals(assignment.state),
        "trends": _trends(assignment),
        "dtcs": _dtcs(assignment.state),
        "model": assignment.state.model,
        "odometer_m": assignment.state.odometer_m,
        **_service(assignment.workflow),
    }


def _customer_engagement(assignment: Assignment) -> Payload:
    assignment = replace(assignment, workflow=replace(assignment.workflow, campaigns=assignment.workflow.asked))
    facts, held = assignment.workflow.facts, assignment.workflow.conversation
    return {
        "priority": int(assignment.workflow.priority),
        "causes": list(facts.causes),
        "operations": _operations(assignment),
        "safe_to_drive": facts.safe_to_drive,
        "time_to_failure_h": facts.time_to_failure_h,
        "findings": _findings(finding for finding in assignment.workflow.findings if not finding.dismissed),
        "turn": 0 if held is None else held.turn,
        "tried": [] if held is None else list(held.tried),
        "heard": None if held is None else held.heard,
        "opted_out": list(assignment.state.opted_out),
        "campaigns": [{"campaign_id": work.campaign_id, "title": work.title} for work in assignment.workflow.work],
        **_service(assignment.workflow),
        "heard_contact": _heard_contact(assignment.workflow),
    }


def _heard_contact(workflow: Workflow) -> str | None:
    """The command_id of the contact that was answered."""
    held = workflow.conversation
    if held is None or held.heard_of is None:
        return None
    return command_id(workflow.workflow_id, AgentType.CUSTOMER_ENGAGEMENT.value, *held.heard_of)


def _scheduling(assignment: Assignment) -> Payload:
    workflow = assignment.workflow
    facts, booked = workflow.facts, workflow.appointment
    return {
        "priority": int(workflow.priority),
        "operations": _operations(assignment),
        "safe_to_drive": facts.safe_to_drive,
        "due_by_ms": _due_by_ms(assignment),
        "preferred_from_ms": facts.preferred_from_ms,
        "replaces": None if booked is None else booked.appointment_id,
        "rebook_reason": _rebook_reason(workflow),
        "chosen": facts.chosen,
    }


def operations_of(policy: Policy, vehicle_id: str, state: VehicleState, workflow: Workflow) -> list[Payload]:
    """The work of a workflow: what DIAGNOSIS recommends, campaigns ask for, and regular service that is due."""
    others = list(workflow.operations)
    if not workflow.service or policy.service_plans is None:
        return others
    due, named = {item.item for item in workflow.service}, {operation["name"] for operation in others}
    items = policy.service_plans.of(vehicle_id, state.model)
    regular = [dict(item.operation) for item in items if item.name in due - named]
    return [*others, *regular][:MAX_OPERATIONS]


def _operations(assignment: Assignment) -> list[Payload]:
    return operations_of(assignment.policy, assignment.vehicle_id, assignment.state, assignment.workflow)


def _service(workflow: Workflow) -> Payload:
    """The items of regular service as tasks have them."""
    return {"service": [item.fields for item in workflow.service]}


def _due_by_ms(assignment: Assignment) -> int:
    """As the priority says, but before the limit of a trend is reached, and before an item of service is due."""
    issued_at_ms, workflow = assignment.execution.issued_at_ms, assignment.workflow
    limits = [finding.crossing[0] for finding in workflow.findings if finding.crossing and not finding.dismissed]
    limits += [item.due_ms for item in workflow.service]
    due_ms = issued_at_ms + assignment.policy.due_ms(workflow.priority)
    return min([due_ms, MAX_MS, *(limit_ms for limit_ms in limits if limit_ms > issued_at_ms)])


def _feedback(assignment: Assignment) -> Payload:
    workflow = assignment.workflow
    facts, booked = workflow.facts, workflow.appointment
    return {
        "findings": _findings(workflow.findings),
        "causes": list(facts.causes),
        "appointment_id": None if booked is None else booked.appointment_id,
        "workshop_id": None if booked is None else booked.workshop_id,
        "confirmed_cause": facts.confirmed_cause or facts.note,
        "confirmed_subsystem": facts.confirmed_subsystem,
        "parts_replaced": list(facts.parts_replaced),
        "opted_out": list(assignment.state.opted_out),
    }


def _findings(findings: Iterable[KnownFinding]) -> list[Payload]:
    return [_finding(finding) for finding in findings]


def _finding(finding: KnownFinding) -> Payload:
    return {
        "rule": finding.rule,
        "subsystem": finding.subsystem.value,
        "priority": int(finding.priority),
        "at_ms": finding.at_ms,
        "signal": finding.signal,
        "value": finding.value,
        "threshold": finding.threshold,
        "held_s": finding.held_s,
        **finding.crossing_fields,
    }


def _signals(state: VehicleState) -> list[Payload]:
    return [summary.model_dump() for summary in summaries(state.trackers)[:MAX_SIGNALS]]


def _trends(assignment: Assignment) -> list[Payload]:
    return [trend.model_dump() for trend in trends(assignment.policy.triage, assignment.state.trackers)]


def _dtcs(state: VehicleState) -> list[str]:
    return list(active_dtcs(state.trackers)[:MAX_DTCS])


def _rebook_reason(workflow: Workflow) -> str | None:
    """Why the present booking became necessary."""
    booked = workflow.appointment
    if booked is not None and booked.fell_through:
        return booked.fell_through
    reasons = (REASONS[reason] for _, state, reason in reversed(workflow.history) if STATES[state] is not INITIAL)
    return next((REBOOK_REASONS[reason] for reason in reasons if reason in REBOOK_REASONS), None)


PAYLOADS: Mapping[AgentType, Callable[[Assignment], Payload]] = MappingProxyType(
    {
        AgentType.DATA_ANALYSIS: _data_analysis,
        AgentType.DIAGNOSIS: _diagnosis,
        AgentType.CUSTOMER_ENGAGEMENT: _customer_engagement,
        AgentType.SCHEDULING: _scheduling,
        AgentType.FEEDBACK: _feedback,
    }
)
"""How each step's task is made."""
