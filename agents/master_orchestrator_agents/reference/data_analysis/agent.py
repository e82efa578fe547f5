"""The agent: each finding is confirmed, filed under its sensor, or dismissed; with none, a check is done."""

from itertools import islice

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis.check import slow_drifts, stored_codes
from master_orchestrator_agents.reference.data_analysis.evidence import CONFIRM_FROM, confidence, evidence_for, reported
from master_orchestrator_agents.reference.data_analysis.plausibility import Signals, implausible
from master_orchestrator_agents.reference.severity import severity_of
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.facts import Anomaly, Finding
from master_orchestrator_schemas.results import DataAnalysisResult
from master_orchestrator_schemas.tasks import DataAnalysisTask
from master_orchestrator_schemas.vocabulary import Subsystem

MAX_ANOMALIES = 16
SENSOR_SEVERITY, SENSOR_CONFIDENCE = 0.3, 0.9


class DataAnalysisAgent:
    """Confirms or dismisses triage's findings. Pure: the same task gives the same result."""

    def __init__(self, codes: CodeTable) -> None:
        self._codes = codes

    def __call__(self, task: Task[DataAnalysisTask]) -> DataAnalysisResult:
        """Anomalies (with severity, confidence and evidence) and the rules that were dismissed."""
        given = task.expect(DataAnalysisTask)
        with task.access("read", "telemetry", rows=len(given.signals)):
            signals = {summary.signal: summary for summary in given.signals}
        with task.access("read", "dtc_kb", rows=len(given.dtcs)):
            result = self._analysed(given, signals)
        with task.access("write", "analysis_report", rows=1):
            return result

    def _analysed(self, given: DataAnalysisTask, signals: Signals) -> DataAnalysisResult:
        if not given.findings:
            anomalies = tuple(islice((*stored_codes(given.dtcs, self._codes), *slow_drifts(signals)), MAX_ANOMALIES))
            return DataAnalysisResult(anomalies=anomalies, summary=f"check: {len(anomalies)} anomalies")
        judged = [(finding, self._judge(finding, signals, given.dtcs)) for finding in given.findings]
        dismissed = tuple(finding.rule for finding, anomaly in judged if anomaly is None)
        anomalies = tuple(anomaly for _, anomaly in judged if anomaly is not None)
        summary = f"{len(anomalies)} of {len(judged)} findings confirmed"
        return DataAnalysisResult(anomalies=anomalies, dismissed=dismissed, summary=summary)

    def _judge(self, finding: Finding, signals: Signals, dtcs: tuple[str, ...]) -> Anomaly | None:
        """The anomaly behind a finding, or None: dismissed."""
        fault = implausible(finding, signals)
        if fault is not None:
            return _sensor_fault(finding, fault)
        pieces = evidence_for(finding, signals, dtcs, self._codes)
        sure = confidence(pieces)
        if sure < CONFIRM_FROM[finding.priority]:
            return None
        return Anomaly(
            subsystem=finding.subsystem,
            description=_description(finding),
            severity=severity_of(finding),
            confidence=round(reported(sure), 3),
            evidence="; ".join(f"{piece.text} ({piece.weight:+.2f})" for piece in pieces)[:2_000],
            rule=finding.rule,
        )


def _sensor_fault(finding: Finding, why: str) -> Anomaly:
    """The sensor is broken, not what it measures: never URGENT, filed under the coolant sensor if it is one."""
    coolant = finding.subsystem in (Subsystem.COOLING, Subsystem.COOLING_SENSOR)
    return Anomaly(
        subsystem=Subsystem.COOLING_SENSOR if coolant else Subsystem.OTHER,
        description=f"sensor fault: {why}",
        severity=SENSOR_SEVERITY,
        confidence=SENSOR_CONFIDENCE,
        evidence=why,
        rule=finding.rule,
    )


def _description(finding: Finding) -> str:
    if finding.signal is None or finding.value is None:
        return f"{finding.subsystem}: {finding.rule}"
    if finding.is_trend:
        return f"{finding.subsystem}: {finding.signal} at {finding.value:g}, heading for {finding.threshold:g}"
    limit = "" if finding.threshold is None else f" (limit {finding.threshold:g})"
    return f"{finding.subsystem}: {finding.signal} at {finding.value:g}{limit} for {finding.held_s:.0f} s"
