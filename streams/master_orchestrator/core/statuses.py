"""Where a workflow stands, as others see it: its newest :class:`Status`."""

import msgspec

from master_orchestrator.core.state import Facts, KnownFinding, Workflow
from master_orchestrator.core.transitions import REASONS, STATE_OF_STEP, STATES
from master_orchestrator_schemas.messages import Diagnosis, Evidence, LikelyCause, ServiceDue, Status, Transition
from master_orchestrator_schemas.vocabulary import AgentType, Reason, State

WITH_STEP = frozenset({*STATE_OF_STEP.values(), State.RETRY, State.FAILED})
"""States in which a step is under way, or has failed."""


def status_of(vehicle_id: str, workflow: Workflow) -> Status:
    """The status of a workflow. ``step`` is that of its last execution, in states that have one."""
    execution, booked = workflow.execution, workflow.standing
    return Status(
        workflow_id=workflow.workflow_id,
        vehicle_id=vehicle_id,
        state=workflow.state,
        priority=workflow.priority,
        reason=None if workflow.reason is None else Reason(workflow.reason),
        step=execution.step.value if execution is not None and workflow.state in WITH_STEP else None,
        attempt=0 if execution is None else execution.attempt,
        attempts=executions_of_steps(workflow),
        findings=tuple(finding.rule for finding in workflow.findings),
        created_at_ms=workflow.opened_at_ms,
        updated_at_ms=workflow.updated_at_ms,
        seq=workflow.seq,
        history=tuple(
            Transition(at_ms=workflow.opened_at_ms + after_ms, state=STATES[state], reason=REASONS[reason])
            for after_ms, state, reason in workflow.history
        ),
        appointment_start_ms=None if booked is None else booked.start_ms,
        appointment_end_ms=None if booked is None else booked.end_ms,
        appointment_id=None if booked is None else booked.appointment_id,
        workshop_id=None if booked is None else booked.workshop_id,
        evidence=tuple(evidence_of(finding) for finding in workflow.findings),
        diagnosis=_diagnosis(workflow.facts) if workflow.facts.rated else None,
        due_ms=None if workflow.wait is None else workflow.wait.due_ms,
        campaigns=tuple(work.campaign_id for work in workflow.work),
        campaigns_waiting=tuple(work.campaign_id for work in workflow.campaigns if work.waits),
        service=tuple(ServiceDue(**item.fields) for item in workflow.service),
    )


def evidence_of(finding: KnownFinding) -> Evidence:
    """A finding with what it stands on."""
    return Evidence(
        rule=finding.rule,
        subsystem=finding.subsystem,
        priority=finding.priority,
        at_ms=finding.at_ms,
        signal=finding.signal,
        value=finding.value,
        limit=finding.threshold,
        suspected=finding.suspected,
        dismissed=finding.dismissed,
        **finding.crossing_fields,
    )


def _diagnosis(facts: Facts) -> Diagnosis:
    return Diagnosis(
        causes=tuple(msgspec.convert(cause, LikelyCause) for cause in facts.causes),
        severity=facts.severity,
        probability=facts.probability,
        time_to_failure_h=facts.time_to_failure_h,
        safe_to_drive=facts.safe_to_drive,
    )


def executions_of_steps(workflow: Workflow) -> int:
    """How many executions the workflow's own steps have had; the side task's do not count."""
    side = AgentType.MANUFACTURING_QUALITY.value
    return sum(count for step, count in workflow.executions.items() if step != side)
