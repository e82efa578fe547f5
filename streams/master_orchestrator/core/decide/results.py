"""What a valid result of each agent means for its workflow.

Choices that the agents' results leave open:

- DATA_ANALYSIS ``anomalies`` None: the findings stand, and a check without any finding goes on all the same. An empty
  list, or every finding dismissed: nothing found. Only anomalies that name rules of which the owner has been told
  within their cool-down: a duplicate. With regular service to be done, the workflow goes on all the same.
- DIAGNOSIS ``causes`` None goes on, an empty list is nothing found. Without causes and with default numbers there is no
  rating, and the triage's priority stands.
- CUSTOMER_ENGAGEMENT: with ``waits_until_ms`` the conversation goes on (``conversation.py``). Without, it is the whole
  outcome: RESCHEDULE is consent to another time, and goes on to SCHEDULING with ``preferred_from_ms``. NEED_INFO and
  WRONG_PERSON have not led to consent, as has NO_ANSWER: the agent's ladder of contacts ends with a human who could
  have informed, so all three end the workflow as ``no_answer``.
- SCHEDULING with status CANCELLED or NO_SHOW has booked nothing: a retryable failure, ``not_booked``. ``no_place`` is
  an answer: the workflow waits and asks again, which uses up no retry. What was booked before the priority was raised,
  and begins later than that allows, is given up for an earlier time, as it is later.
- FEEDBACK ``waits_until_ms``: the owner may not be asked yet; the step is asked again then, which uses up no retry.
- "Nothing found" covers the findings in the task. It is ignored where another finding has come since, and where the
  episode got worse after the owner was told of a fault: the work that is booked stands.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core import events as ev
from master_orchestrator.core.decide import appointments, calls
from master_orchestrator.core.decide.agreed import agreed
from master_orchestrator.core.decide.answers import OUTCOMES, Lead
from master_orchestrator.core.decide.booking import is_too_late
from master_orchestrator.core.decide.contact import owner_not_won, said
from master_orchestrator.core.decide.context import Context
from master_orchestrator.core.decide.conversation import asked_later, contacted
from master_orchestrator.core.decide.cooldowns import cooling
from master_orchestrator.core.decide.failures import execution_failed
from master_orchestrator.core.payloads import operations_of
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Appointment, Facts, KnownFinding, Workflow
from master_orchestrator_schemas.facts import Anomaly, Operation, RankedCause
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.results import (
    CustomerEngagementResult,
    DataAnalysisResult,
    DiagnosisResult,
    FeedbackResult,
    SchedulingResult,
)
from master_orchestrator_schemas.vocabulary import AgentType, Answer, AppointmentState, Priority, Reason, State

HOUR_MS = 3_600_000
NOT_BOOKED = frozenset({AppointmentState.CANCELLED, AppointmentState.NO_SHOW})


class Answered(Context[Workflow], frozen=True, kw_only=True, gc=False):
    """A valid reply to the outstanding command. ``outdated``: to an earlier revision of it."""

    command_id: str
    outdated: bool

    @property
    def is_on_all(self) -> bool:
        """Whether the task held all that the workflow knows of by now."""
        return all(finding.seen for finding in self.workflow.findings)

    def unusable(self, reason: str, message: str) -> list[ev.Event]:
        """The result cannot be used: to be tried again."""
        return execution_failed(replace(self, details={"answered": self.command_id, "message": message}), reason)


def _data_analysis(answered: Answered, result: DataAnalysisResult) -> list[ev.Event]:
    workflow, dismissed = answered.workflow, frozenset(result.dismissed)
    findings = tuple(replace(f, dismissed=True) if f.seen and f.rule in dismissed else f for f in workflow.findings)
    if result.anomalies is None or not (result.anomalies or answered.is_on_all):
        if findings and all(finding.dismissed for finding in findings) and not workflow.service:
            return answered.complete(Reason.NOTHING_FOUND)
        return answered.enter(AgentType.DIAGNOSIS, "reply", findings=findings)
    if not result.anomalies:
        if workflow.service:
            return answered.enter(AgentType.DIAGNOSIS, "reply", findings=findings)
        return answered.complete(Reason.NOTHING_FOUND)
    if not workflow.service and answered.is_on_all and _owner_was_told_all(answered, result.anomalies, findings):
        return answered.complete(Reason.DUPLICATE)
    anomalies = bounds.fit((_anomaly(anomaly) for anomaly in result.anomalies), bounds.ANOMALY_BYTES)
    facts = replace(workflow.facts, anomalies=anomalies)
    return answered.enter(AgentType.DIAGNOSIS, "reply", facts=facts, findings=findings)


def _owner_was_told_all(answered: Answered, anomalies: Iterable[Anomaly], findings: Iterable[KnownFinding]) -> bool:
    """Whether the owner knows of all anomalies, and of every finding that is not dismissed."""
    priorities = {finding.rule: finding.priority for finding in findings if not finding.dismissed}
    named = {anomaly.rule: answered.workflow.priority for anomaly in anomalies}
    told = (_owner_was_told(answered, rule, priority) for rule, priority in (named | priorities).items())
    return all(told)


def _owner_was_told(answered: Answered, rule: str | None, priority: Priority) -> bool:
    cooldown = None if rule is None else cooling(answered.state.cooldowns, rule, priority, answered.at_ms)
    return cooldown is not None and cooldown.told


def _diagnosis(answered: Answered, result: DiagnosisResult) -> list[ev.Event]:
    if result.causes is not None and not result.causes:
        if _may_end(answered):
            return answered.complete(Reason.NOTHING_FOUND)
        result = DiagnosisResult()
    numbers = (result.severity, result.probability, result.time_to_failure_h, result.safe_to_drive)
    facts = Facts(
        anomalies=answered.workflow.facts.anomalies,  # for another diagnosis, should the episode get worse
        causes=bounds.fit((_cause(cause) for cause in result.causes or ()), bounds.CAUSE_BYTES),
        operations=bounds.fit((_operation(operation) for operation in result.operations), bounds.OPERATION_BYTES),
        rated=result.causes is not None or numbers != (0.5, 0.5, None, True),
        severity=result.severity,
        probability=result.probability,
        time_to_failure_h=result.time_to_failure_h,
        safe_to_drive=result.safe_to_drive,
    )
    return answered.move(State.URGENCY_ASSESSMENT, "reply", facts=facts, findings=answered.workflow.findings)


def _may_end(answered: Answered) -> bool:
    """Whether there is nothing else to be done, now that no fault was found."""
    workflow = answered.workflow
    return answered.is_on_all and not (workflow.service or workflow.escalations or _is_urgent_unweighed(workflow))


def _is_urgent_unweighed(workflow: Workflow) -> bool:
    return any(f.unweighed and not f.dismissed and f.priority is Priority.URGENT for f in workflow.findings)


def _customer_engagement(answered: Answered, result: CustomerEngagementResult) -> list[ev.Event]:
    if result.waits_until_ms is not None:
        if answered.outdated:  # the owner has to be told of what the later revision says
            return answered.reject("stale_reply")
        return contacted(answered, result, result.waits_until_ms)
    if OUTCOMES[result.answer][answered.workflow.priority] is not Lead.BOOK:
        why = said(result.answer)
        if result.answer is not Answer.DECLINE and result.message:
            why = f"{why}: {result.message}"
        return owner_not_won(answered, result.answer, why)
    facts = replace(answered.workflow.facts, preferred_from_ms=result.preferred_from_ms)
    return agreed(answered, "reply", facts)


def _scheduling(answered: Answered, result: SchedulingResult) -> list[ev.Event]:
    if result.no_place:
        return appointments.no_place(answered)
    if result.status in NOT_BOOKED:
        return answered.unusable("not_booked", f"the appointment's status is {result.status}")
    start_ms = answered.at_ms if result.start_ms is None else result.start_ms
    end_ms = start_ms + _labour_ms(answered) if result.end_ms is None else max(result.end_ms, start_ms)
    appointment = Appointment(
        start_ms,
        min(end_ms, MAX_MS),
        bounds.clip_optional(result.appointment_id, bounds.ID_BYTES),
        bounds.clip_optional(result.workshop_id, bounds.WORD_BYTES),
    )
    late = is_too_late(answered.policy, appointment, answered.workflow.priority, answered.at_ms)
    if late and answered.outdated:
        booked = appointments.booked(answered, appointment, late=False, tow=False)
        return booked + answered.without_details.enter(AgentType.SCHEDULING, "priority_raised")
    return appointments.booked(answered, appointment, late=late or result.late, tow=result.tow)


def _labour_ms(answered: Answered) -> int:
    operations = operations_of(answered.policy, answered.vehicle_id, answered.state, answered.workflow)
    return int(sum(operation["labour_hours"] for operation in operations) * HOUR_MS)


def _feedback(answered: Answered, result: FeedbackResult) -> list[ev.Event]:
    if result.waits_until_ms is not None and _may_ask_again(answered.workflow, answered.policy):
        return asked_later(answered, result.waits_until_ms)
    called: tuple[ev.Call, ...] = ()
    if result.csat is not None and result.csat <= answered.policy.learning.recovery_csat:
        called = calls.dissatisfied(answered.vehicle_id, answered.workflow, result.csat, result.text)
    return answered.complete(Reason.SERVICED, called)


def _may_ask_again(workflow: Workflow, policy: Policy) -> bool:
    """Within the bounds of a conversation; after that the work that is done is what counts."""
    return workflow.executions[AgentType.FEEDBACK.value] < policy.conversation.max_turns


def _anomaly(anomaly: Anomaly) -> dict[str, Any]:
    return {
        "subsystem": anomaly.subsystem.value,
        "description": bounds.clip(anomaly.description, bounds.TEXT_BYTES),
        "severity": anomaly.severity,
        "confidence": anomaly.confidence,
        "evidence": bounds.clip(anomaly.evidence, bounds.TEXT_BYTES),
        "rule": bounds.clip_optional(anomaly.rule, bounds.RULE_BYTES),
    }


def _cause(cause: RankedCause) -> dict[str, Any]:
    return {
        "component": bounds.clip(cause.component, bounds.WORD_BYTES),
        "subsystem": cause.subsystem.value,
        "probability": cause.probability,
        "description": bounds.clip(cause.description, bounds.TEXT_BYTES),
        "dtc": bounds.clip_optional(cause.dtc, bounds.WORD_BYTES),
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "name": bounds.clip(operation.name, bounds.WORD_BYTES),
        "labour_hours": operation.labour_hours,
        "skill": bounds.clip(operation.skill, bounds.WORD_BYTES),
        "bay": bounds.clip(operation.bay, bounds.WORD_BYTES),
        "parts": [bounds.clip(part, bounds.PART_BYTES) for part in operation.parts[: bounds.MAX_PARTS]],
    }


# Any: each takes the result of its own agent, which a mapping's type cannot say.
MEANING: Mapping[AgentType, Callable[[Answered, Any], list[ev.Event]]] = MappingProxyType(
    {
        AgentType.DATA_ANALYSIS: _data_analysis,
        AgentType.DIAGNOSIS: _diagnosis,
        AgentType.CUSTOMER_ENGAGEMENT: _customer_engagement,
        AgentType.SCHEDULING: _scheduling,
        AgentType.FEEDBACK: _feedback,
    }
)
"""What each agent's result makes happen."""
