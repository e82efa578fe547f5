"""What each agent is asked: one task model per agent, the ``payload`` of its commands."""

from typing import Annotated

from pydantic import Field

from master_orchestrator_schemas.facts import (
    Anomaly,
    CampaignNotice,
    Count,
    DueService,
    Fact,
    Finding,
    Hours,
    Long,
    Millis,
    Offer,
    Operation,
    Probability,
    RankedCause,
    Short,
    SignalSummary,
    SignalTrend,
)
from master_orchestrator_schemas.vocabulary import AgentType, Answer, Priority

Findings = Annotated[tuple[Finding, ...], Field(max_length=16)]
Anomalies = Annotated[tuple[Anomaly, ...], Field(max_length=16)]
Causes = Annotated[tuple[RankedCause, ...], Field(max_length=8)]
Operations = Annotated[tuple[Operation, ...], Field(max_length=8)]
Signals = Annotated[tuple[SignalSummary, ...], Field(max_length=64)]
Trends = Annotated[tuple[SignalTrend, ...], Field(max_length=16)]
Dtcs = Annotated[tuple[Short, ...], Field(max_length=64)]
Campaigns = Annotated[tuple[CampaignNotice, ...], Field(max_length=8)]
DueServices = Annotated[tuple[DueService, ...], Field(max_length=8)]
Texts = Annotated[tuple[Short, ...], Field(max_length=32)]


class TaskModel(Fact):
    """Base of all task models."""


class DataAnalysisTask(TaskModel):
    """Confirm or dismiss the findings on the readings at hand. No findings: a requested or regular check."""

    findings: Findings = ()
    signals: Signals = ()
    trends: Trends = ()
    dtcs: Dtcs = ()
    model: Short | None = None
    odometer_m: float | None = None


class DiagnosisTask(TaskModel):
    """Rank causes from confirmed anomalies and trouble codes; ``trends`` tell how fast it gets worse.

    ``service``: items of regular service that will be done in any case.
    """

    findings: Findings = ()
    anomalies: Anomalies = ()
    signals: Signals = ()
    trends: Trends = ()
    dtcs: Dtcs = ()
    model: Short | None = None
    odometer_m: float | None = None
    service: DueServices = ()


class CustomerEngagementTask(TaskModel):
    """Tell the owner and ask for an answer. URGENT messages say "stop safely" and offer a tow.

    ``findings``: all that has been found and not dismissed, also what DIAGNOSIS has no cause for. A conversation takes
    a command for each contact: ``turn`` counts them from 0, ``tried`` are the channels of the contacts so far,
    ``heard`` is the answer that led to this command (None: none came in time), ``heard_contact`` the command_id of the
    contact that it answers (None: it does not say). ``opted_out``: ``purpose/channel`` that the owner does not want.
    ``campaigns``: those whose work is among the operations; ``service``: the items of regular service whose work is.
    """

    priority: Priority
    causes: Causes = ()
    operations: Operations = ()
    safe_to_drive: bool = True
    time_to_failure_h: Hours | None = None
    findings: Findings = ()
    turn: Count = 0
    tried: Texts = ()
    heard: Answer | None = None
    opted_out: Texts = ()
    campaigns: Campaigns = ()
    service: DueServices = ()
    heard_contact: Short | None = None


class SchedulingTask(TaskModel):
    """Book a workshop. ``due_by_ms`` follows from the priority; ``replaces``: the appointment that fell through.

    ``chosen``: the offer that the owner has chosen, as CUSTOMER_ENGAGEMENT has shown it.
    """

    priority: Priority
    operations: Operations = ()
    safe_to_drive: bool = True
    due_by_ms: Millis
    preferred_from_ms: Millis | None = None
    replaces: Short | None = None
    rebook_reason: Short | None = None
    chosen: Offer | None = None


class FeedbackTask(TaskModel):
    """Ask how it went, and label the rules that fired with the technician's confirmed cause.

    ``opted_out``: ``purpose/channel`` that the owner does not want.
    """

    findings: Findings = ()
    causes: Causes = ()
    appointment_id: Short | None = None
    workshop_id: Short | None = None
    confirmed_cause: Short | None = None
    confirmed_subsystem: Short | None = None
    parts_replaced: Texts = ()
    opted_out: Texts = ()


class ManufacturingQualityTask(TaskModel):
    """Count a confirmed repair against production."""

    causes: Causes = ()
    confirmed_cause: Short | None = None
    confirmed_subsystem: Short | None = None
    parts_replaced: Texts = ()
    model: Short | None = None
    odometer_m: float | None = None
    repaired_at_ms: Millis
    note: Long | None = None
    probability: Probability | None = None


TASKS: dict[AgentType, type[TaskModel]] = {
    AgentType.DATA_ANALYSIS: DataAnalysisTask,
    AgentType.DIAGNOSIS: DiagnosisTask,
    AgentType.CUSTOMER_ENGAGEMENT: CustomerEngagementTask,
    AgentType.SCHEDULING: SchedulingTask,
    AgentType.FEEDBACK: FeedbackTask,
    AgentType.MANUFACTURING_QUALITY: ManufacturingQualityTask,
}
"""The task model of each agent."""
