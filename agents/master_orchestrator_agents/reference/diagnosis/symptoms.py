"""What the anomalies say, in the words of the knowledge base: ``<subsystem>:<what is measured>_<high|low>``."""

from collections.abc import Sequence
from dataclasses import dataclass

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.severity import severity_of
from master_orchestrator_schemas.facts import Anomaly, Finding
from master_orchestrator_schemas.tasks import DiagnosisTask
from master_orchestrator_schemas.vocabulary import Subsystem

FAMILIES: tuple[tuple[str, str], ...] = (
    ("coolant_temp", "coolant"),
    ("oil_pressure", "oil_pressure"),
    ("battery_voltage", "voltage"),
    ("gearbox_temp", "temperature"),
    ("brake_pad_wear", "pad"),
    ("ltft", "trim"),
    ("stft", "trim"),
    ("hv_temp", "temperature"),
    ("hv_soh", "soh"),
    ("hv_cell", "cell"),
)
"""Signal names begin with the left word; symptoms say the right one."""

FIXED: dict[str, str] = {
    "brake_fluid_low": "brakes:fluid_low",
    "abs_error": "brakes:abs_error",
    "esc_error": "brakes:esc_error",
}
"""Switches, which have no high and low."""

UNCONFIRMED = 0.7
"""The confidence of a finding that DATA_ANALYSIS said nothing of."""
STORED_CODE = 0.85


@dataclass(frozen=True)
class Symptom:
    """One symptom; ``name`` None: something is wrong in the subsystem, nothing more is known."""

    subsystem: Subsystem
    name: str | None
    severity: float
    confidence: float
    code: str | None = None


def symptoms_of(task: DiagnosisTask, codes: CodeTable) -> list[Symptom]:
    """The symptoms of a task: its anomalies; without any its findings; and stored codes that neither speaks of."""
    findings = {finding.rule: finding for finding in task.findings}
    found = [_of_anomaly(anomaly, findings.get(anomaly.rule or "")) for anomaly in task.anomalies]
    found = found or [_of_finding(finding) for finding in task.findings]
    spoken = {symptom.code for symptom in found}
    return found + [_of_code(code, codes) for code in task.dtcs if code not in spoken]


def _of_anomaly(anomaly: Anomaly, finding: Finding | None) -> Symptom:
    name = _name(anomaly.subsystem, finding)
    return Symptom(anomaly.subsystem, name, anomaly.severity, anomaly.confidence, _code_of(anomaly.rule))


def _of_finding(finding: Finding) -> Symptom:
    name = _name(finding.subsystem, finding)
    return Symptom(finding.subsystem, name, severity_of(finding), UNCONFIRMED, _code_of(finding.rule))


def _of_code(code: str, codes: CodeTable) -> Symptom:
    fact = codes.of(code)
    return Symptom(fact.subsystem, None, fact.severity, STORED_CODE, code)


def _code_of(rule: str | None) -> str | None:
    return rule[4:] if rule and rule.startswith("dtc:") else None


def _name(subsystem: Subsystem, finding: Finding | None) -> str | None:
    if subsystem in (Subsystem.TYRES, Subsystem.IGNITION):
        return {Subsystem.TYRES: "tyres:pressure_low", Subsystem.IGNITION: "ignition:misfire"}[subsystem]
    if finding is None or finding.signal is None:
        return None
    if finding.signal in FIXED:
        return FIXED[finding.signal]
    family = next((word for start, word in FAMILIES if finding.signal.startswith(start)), None)
    return None if family is None else f"{subsystem}:{family}_{_side(finding)}"


def _side(finding: Finding) -> str:
    below = finding.threshold is not None and finding.value is not None and finding.value < finding.threshold
    return "low" if below else "high"


def subsystems(symptoms: Sequence[Symptom]) -> tuple[Subsystem, ...]:
    """The subsystems that show anything, the most severe first."""
    worst: dict[Subsystem, float] = {}
    for symptom in symptoms:
        worst[symptom.subsystem] = max(worst.get(symptom.subsystem, 0.0), symptom.severity)
    return tuple(sorted(worst, key=lambda subsystem: (-worst[subsystem], subsystem)))
