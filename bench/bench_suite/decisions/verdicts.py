"""What the system made of each vehicle of a set, compared with what is true of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench_suite.decisions.fleets import PlannedVehicle
from bench_suite.decisions.virtual_system import VehicleHistory
from master_orchestrator.core.state import KnownFinding, Workflow
from master_orchestrator_schemas.results import DataAnalysisResult
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Reason


@dataclass(frozen=True)
class VehicleVerdict:
    """One vehicle.

    Args:
        seen: triage has a finding in the subsystem of its fault.
        kept: DATA_ANALYSIS has confirmed an anomaly there.
        priority: the most urgent one that a workflow ended with; None: it had none, or nothing came of it.
        untold: URGENT findings of which neither the owner nor a human was told.
        rules: all that triage found, and what DATA_ANALYSIS dismissed.
    """

    plan: PlannedVehicle
    seen: bool
    kept: bool
    priority: Priority | None
    untold: tuple[str, ...]
    rules: tuple[str, ...]
    dismissed: tuple[str, ...]
    open_workflows: int

    @property
    def is_promised(self) -> bool:
        """Whether the vehicle's fault is one that its rate of reporting lets the system find."""
        return self.plan.kind.subsystem is not None and self.plan.every_s <= self.plan.kind.slowest_s

    @property
    def is_right(self) -> bool:
        """Whether the fault was found, and has its priority at the end."""
        return self.kept and self.priority == self.plan.kind.priority

    @property
    def is_alarmed(self) -> bool:
        """Whether somebody would be called, or the vehicle booked, for more than ROUTINE."""
        return self.priority is not None and self.priority < Priority.ROUTINE

    @property
    def is_forbidden(self) -> bool:
        """URGENT, and nothing is."""
        return self.priority is Priority.URGENT and self.plan.kind.priority is not Priority.URGENT


def verdict(plan: PlannedVehicle, history: VehicleHistory) -> VehicleVerdict:
    """What came of one vehicle."""
    subsystem = plan.kind.subsystem
    ended = [workflow for workflow in history.workflows.values() if _came_to_something(workflow)]
    findings = [finding for workflow in history.workflows.values() for finding in workflow.findings]
    return VehicleVerdict(
        plan=plan,
        seen=any(finding.subsystem is subsystem for finding in findings),
        kept=subsystem in confirmed(history) | _undisputed(history, ended),
        priority=min((workflow.priority for workflow in ended), default=None),
        untold=tuple(_untold(history)),
        rules=tuple(sorted({finding.rule for finding in findings})),
        dismissed=tuple(sorted({finding.rule for finding in findings if finding.dismissed})),
        open_workflows=sum(workflow.is_open for workflow in history.workflows.values()),
    )


def confirmed(history: VehicleHistory) -> frozenset[object]:
    """The subsystems in which DATA_ANALYSIS has found an anomaly."""
    results = [
        DataAnalysisResult.from_wire(reply.result)
        for _, reply in history.exchanges(AgentType.DATA_ANALYSIS)
        if reply.result is not None
    ]
    return frozenset(anomaly.subsystem for result in results for anomaly in result.anomalies or ())


def _undisputed(history: VehicleHistory, ended: Iterable[Workflow]) -> frozenset[object]:
    """The subsystems with a finding that came after DATA_ANALYSIS: the task of DIAGNOSIS held it as it was."""
    analysed = {
        (command.workflow_id, finding["rule"])
        for command, _ in history.exchanges(AgentType.DATA_ANALYSIS)
        for finding in command.payload["findings"]
    }
    return frozenset(
        finding.subsystem
        for workflow in ended
        for finding in workflow.findings
        if (workflow.workflow_id, finding.rule) not in analysed
    )


def _came_to_something(workflow: Workflow) -> bool:
    return workflow.reason != Reason.NOTHING_FOUND


def _untold(history: VehicleHistory) -> Iterable[str]:
    """The URGENT findings that stand in no message to an owner and in no alert."""
    told = {
        (command.workflow_id, finding["rule"])
        for command, _ in history.exchanges(AgentType.CUSTOMER_ENGAGEMENT)
        for finding in command.payload["findings"]
    }
    for workflow in filter(_came_to_something, history.workflows.values()):
        alerts = [alert.message for alert in history.alerts if alert.workflow_id == workflow.workflow_id]
        urgent = (finding.rule for finding in workflow.findings if _is_urgent(finding))
        own = (rule for rule in urgent if (workflow.workflow_id, rule) not in told)
        yield from (rule for rule in own if not any(rule in message for message in alerts))


def _is_urgent(finding: KnownFinding) -> bool:
    return finding.priority is Priority.URGENT and not finding.dismissed


@dataclass(frozen=True)
class Score:
    """The figures of a set, each a count with what it is of."""

    figures: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, verdicts: Iterable[VehicleVerdict]) -> "Score":
        """The figures of these vehicles."""
        all_of_them = list(verdicts)
        promised = [one for one in all_of_them if one.is_promised]
        safety = [one for one in promised if one.plan.kind.is_safety]
        healthy = [one for one in all_of_them if one.plan.kind.subsystem is None]
        return cls(
            {
                "found by triage": _share(promised, [one.seen for one in promised]),
                "kept by DATA_ANALYSIS": _share(promised, [one.kept for one in promised]),
                "priority right at the end": _share(promised, [one.is_right for one in promised]),
                "safety faults right at the end": _share(safety, [one.is_right for one in safety]),
                "healthy alarmed": _share(healthy, [one.is_alarmed for one in healthy]),
                "URGENT and should not be": _share(all_of_them, [one.is_forbidden for one in all_of_them]),
                "URGENT and told to nobody": _share(all_of_them, [bool(one.untold) for one in all_of_them]),
                "workflows that do not end": _share(all_of_them, [bool(one.open_workflows) for one in all_of_them]),
            }
        )


def _share(of: list[VehicleVerdict], holds: list[bool]) -> tuple[int, int]:
    return sum(holds), len(of)
