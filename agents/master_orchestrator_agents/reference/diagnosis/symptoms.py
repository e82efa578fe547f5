"""What the anomalies say, in the words of the knowledge base: ``<subsystem>:<what is measured>_<high|low>``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis.titles import side_of
from master_orchestrator_agents.reference.severity import severity_of
from master_orchestrator_schemas.facts import Anomaly, Finding
from master_orchestrator_schemas.signal_names import name_in_extras
from master_orchestrator_schemas.tasks import DiagnosisTask
from master_orchestrator_schemas.trouble_codes import without_type
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

MISFIRE = re.compile("P030.|P031[0-2]")
QUANTITIES: dict[str, str] = {
    "100": "oil_pressure",
    "110": "coolant",
    "158": "voltage",
    "167": "voltage",
    "168": "voltage",
    "177": "temperature",
    "241": "pressure",
    "111": "level",
    "98": "level",
    "124": "level",
}
"""J1939 parameters of which the symptoms of the knowledge base speak."""

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
    """The symptoms of a task: its anomalies, the findings that none of them is about (they came later, or nobody has
    confirmed them yet), and stored codes that neither speaks of.
    """
    findings = {finding.rule: finding for finding in task.findings}
    symptoms = [_of_anomaly(anomaly, findings.get(anomaly.rule or "")) for anomaly in task.anomalies]
    confirmed = {anomaly.rule for anomaly in task.anomalies}
    symptoms += [_of_finding(finding) for finding in task.findings if finding.rule not in confirmed]
    spoken = {symptom.code for symptom in symptoms}
    return symptoms + [_of_code(code, codes) for code in task.dtcs if code not in spoken]


def _of_anomaly(anomaly: Anomaly, finding: Finding | None) -> Symptom:
    code = _code_of(anomaly.rule)
    name = _name(anomaly.subsystem, finding, code)
    return Symptom(anomaly.subsystem, name, anomaly.severity, anomaly.confidence, code)


def _of_finding(finding: Finding) -> Symptom:
    code = _code_of(finding.rule)
    name = _name(finding.subsystem, finding, code)
    return Symptom(finding.subsystem, name, severity_of(finding), UNCONFIRMED, code)


def _of_code(code: str, codes: CodeTable) -> Symptom:
    fact = codes.of(code)
    name = _name_of_fault(fact.subsystem, code) if "/" in code else None
    return Symptom(fact.subsystem, name, fact.severity, STORED_CODE, code)


def _code_of(rule: str | None) -> str | None:
    kind, separator, code = (rule or "").partition(":")
    return code if separator and kind in ("dtc", "j1939") else None


def _name_of_fault(subsystem: Subsystem, code: str) -> str | None:
    """What a J1939 fault says of a quantity that the knowledge base has a word for, and what misfire codes say."""
    if MISFIRE.fullmatch(without_type(code)):
        return "ignition:misfire"
    word, side = QUANTITIES.get(code.partition("/")[0]), side_of(code)
    return f"{subsystem}:{word}_{side}" if word and side else None


def _name(subsystem: Subsystem, finding: Finding | None, code: str | None) -> str | None:
    """The symptom; a name of its own for a signal that the knowledge base has no word for, which no cause explains."""
    if code is not None:
        return _name_of_fault(subsystem, code)
    if finding is not None and name_in_extras(finding.signal or "") is not None:
        return f"{subsystem}:{finding.rule}"
    if subsystem in (Subsystem.TYRES, Subsystem.IGNITION):
        return {Subsystem.TYRES: "tyres:pressure_low", Subsystem.IGNITION: "ignition:misfire"}[subsystem]
    if finding is None or finding.signal is None:
        return None
    if finding.signal in FIXED:
        return FIXED[finding.signal]
    family = next((word for start, word in FAMILIES if finding.signal.startswith(start)), None)
    return f"{subsystem}:{finding.rule}" if family is None else f"{subsystem}:{family}_{_side(finding)}"


def _side(finding: Finding) -> str:
    return "low" if finding.is_below else "high"


def subsystems(symptoms: Sequence[Symptom]) -> tuple[Subsystem, ...]:
    """The subsystems that show anything, the most severe first."""
    worst: dict[Subsystem, float] = {}
    for symptom in symptoms:
        worst[symptom.subsystem] = max(worst.get(symptom.subsystem, 0.0), symptom.severity)
    return tuple(sorted(worst, key=lambda subsystem: (-worst[subsystem], subsystem)))
