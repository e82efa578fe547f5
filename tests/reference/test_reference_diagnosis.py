"""DIAGNOSIS: the knowledge base is sound, and the ranking follows the evidence."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis import DiagnosisAgent, Knowledge, KnownCause, load_knowledge
from master_orchestrator_agents.reference.diagnosis.prognosis import time_to_failure
from master_orchestrator_agents.reference.diagnosis.ranking import Ranked, rank
from master_orchestrator_agents.reference.diagnosis.symptoms import FIXED, Symptom
from master_orchestrator_agents.reference.scheduling.seeding import BAYS, CREWS
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.results import DiagnosisResult
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Subsystem

KNOWLEDGE = load_knowledge()
DTC_DATABASE = Path(__file__).parents[3] / "shared" / "data" / "kb" / "dtc_codes.db"
Diagnose = Callable[..., DiagnosisResult]


@pytest.fixture
def diagnose(codes: CodeTable, task_of: Callable[..., Task[Any]]) -> Diagnose:
    agent = DiagnosisAgent(codes, KNOWLEDGE)
    return lambda **payload: agent(task_of(AgentType.DIAGNOSIS, **payload))


def finding(rule: str, value: float | None = None) -> dict[str, Any]:
    """The finding of a rule in the topology, with a value beyond its limit."""
    terms = load_topology().triage.rules[rule]
    limit = getattr(terms, terms.limit)
    threshold = limit[1] if isinstance(limit, tuple) else limit
    beyond = threshold - 1 if terms.limit in ("below", "at_most") else threshold + 1
    return {
        "rule": rule,
        "subsystem": terms.subsystem,
        "priority": terms.priority,
        "at_ms": 1,
        "signal": terms.signals[0],
        "value": beyond if value is None else value,
        "threshold": float(threshold),
    }


def components(result: DiagnosisResult) -> list[str]:
    return [cause.component for cause in result.causes or ()]


def test_nothing_found_is_no_fault(diagnose: Diagnose) -> None:
    result = diagnose()

    assert () == result.causes
    assert (0.0, 0.0, True, ()) == (result.severity, result.probability, result.safe_to_drive, result.operations)


@pytest.mark.parametrize(
    ("given", "leading"),
    [
        ({"findings": [finding("coolant_cold")], "dtcs": ["P0128"]}, "thermostat_stuck_open"),
        ({"findings": [finding("coolant_hot")], "dtcs": ["P0480"]}, "radiator_fan"),
        ({"findings": [finding("charging_high")]}, "voltage_regulator"),
        ({"findings": [finding("charging_low")]}, "alternator"),
        ({"findings": [finding("fuel_trim_off")], "dtcs": ["P0171"]}, "vacuum_leak"),
        ({"findings": [finding("fuel_trim_off")], "dtcs": ["P0102"]}, "air_mass_sensor"),
        ({"dtcs": ["P0301"]}, "ignition_coil"),
        ({"dtcs": ["P0300"]}, "spark_plugs"),
        ({"findings": [finding("abs_error")]}, "wheel_speed_sensor"),
        ({"findings": [finding("oil_pressure_low")], "dtcs": ["P0521"]}, "oil_pressure_switch"),
        ({"findings": [finding("hv_battery_hot")]}, "hv_coolant_pump"),
        ({"findings": [finding("coolant_sensor_low", -40.0)]}, "coolant_sensor"),
    ],
)
def test_the_evidence_decides_which_cause_leads(diagnose: Diagnose, given: dict[str, Any], leading: str) -> None:
    assert leading == components(diagnose(**given))[0]


def test_what_a_cause_explains_elsewhere_counts_for_it(diagnose: Diagnose) -> None:
    """Heat and misfire together: a head gasket; heat alone: hardly."""

    def gasket(**given: Any) -> float:
        causes = diagnose(**given).causes or ()
        return next((cause.probability for cause in causes if cause.component == "head_gasket"), 0.0)

    assert gasket(findings=[finding("coolant_hot")]) < gasket(findings=[finding("coolant_hot")], dtcs=["P0301"])


def test_what_is_most_severe_is_named_first_however_sure_the_rest_is(diagnose: Diagnose) -> None:
    """A sure cause of a lean mixture, and an oil pressure that has several causes."""
    result = diagnose(findings=[finding("oil_pressure_lost", 20.0)], dtcs=["P0171"])
    oil, lean = ((cause.subsystem, cause.probability) for cause in (result.causes or ())[:4:3])

    assert (Subsystem.LUBRICATION, Subsystem.FUEL_AIR) == (oil[0], lean[0])
    assert oil[1] < lean[1]
    assert "oil_level_low" == components(result)[0]


@pytest.mark.parametrize("rule", sorted(load_topology().triage.rules))
def test_every_rule_leads_to_a_fitting_priority(diagnose: Diagnose, rule: str) -> None:
    """URGENT is unsafe, HIGH and SCHEDULED stay what they are by the urgency table; each has work to be done."""
    result = diagnose(findings=[finding(rule)])
    risk = result.severity * result.probability
    priority = load_topology().triage.rules[rule].priority

    assert result.operations
    assert result.causes
    if priority == Priority.URGENT:
        assert not result.safe_to_drive
    elif priority == Priority.HIGH:
        assert 0.5 <= risk < 0.8
        assert result.safe_to_drive
    else:
        assert 0.15 <= risk < 0.5
        assert result.safe_to_drive


@pytest.mark.parametrize(
    ("rule", "value"), [("oil_pressure_low", 20.0), ("charging_low", 11.0), ("gearbox_hot", 134.0)]
)
def test_what_is_high_does_not_become_urgent_by_certainty(diagnose: Diagnose, rule: str, value: float) -> None:
    seen = finding(rule, value)
    sure = {"subsystem": seen["subsystem"], "description": rule, "severity": 0.8, "confidence": 0.99, "rule": rule}

    result = diagnose(findings=[seen], anomalies=[sure])

    assert 0.5 <= result.severity * result.probability < 0.8


def test_an_unsafe_cause_is_unsafe_below_urgent(diagnose: Diagnose) -> None:
    assert not diagnose(dtcs=["P0AA6"]).safe_to_drive


@pytest.mark.parametrize(
    ("code", "component"),
    [("B1000", "code_of_the_make"), ("P1234", "code_of_the_make"), ("spn 1234 fmi 5", "unidentified_other")],
)
def test_what_nobody_knows_is_inspected(diagnose: Diagnose, code: str, component: str) -> None:
    result = diagnose(dtcs=[code])

    assert ["inspect"] == [operation.name for operation in result.operations]
    assert component == components(result)[0]


def test_two_faults_are_both_repaired(diagnose: Diagnose) -> None:
    result = diagnose(findings=[finding("brake_pad_worn"), finding("charging_high")])

    assert {"replace_brake_pads", "replace_voltage_regulator"} <= {operation.name for operation in result.operations}


def test_an_anomaly_in_words_counts_for_its_subsystem(diagnose: Diagnose) -> None:
    """A handler of one's own may say no more than this."""
    result = diagnose(anomalies=[{"subsystem": "battery", "description": "weak", "severity": 0.4, "confidence": 0.9}])

    assert "battery_12v" == components(result)[0]


@given(
    st.lists(
        st.builds(
            Symptom,
            subsystem=st.sampled_from(Subsystem),
            name=st.sampled_from(sorted({name for cause in KNOWLEDGE.causes for name in cause.symptoms})) | st.none(),
            severity=st.floats(0, 1),
            confidence=st.floats(0, 1),
            code=st.sampled_from(["P0301", "P0217", "P0420", "U0100"]) | st.none(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_probabilities_are_probabilities(symptoms: list[Symptom]) -> None:
    for ranking in rank(KNOWLEDGE, symptoms):
        shares = [entry.probability for entry in ranking.ranked]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-9
        assert 0 <= ranking.fault <= 1


@given(st.sampled_from([cause for cause in KNOWLEDGE.causes if cause.life_h]), st.floats(0, 1), st.floats(0, 1))
def test_the_worse_it_looks_the_sooner_it_fails(cause: KnownCause, one: float, other: float) -> None:
    better, worse = (time_to_failure(Ranked(cause, 0.5, severity, None)) for severity in sorted((one, other)))

    assert worse is not None
    assert better is not None
    assert worse.median <= better.median
    assert worse.low <= worse.median <= worse.high


def test_every_operation_can_be_booked_in_the_default_network() -> None:
    for operation in KNOWLEDGE.operations.values():
        assert operation.bay in BAYS, operation.name
        assert any(operation.skill in skills for _, skills in CREWS), operation.name


def test_every_symptom_can_arise() -> None:
    """A misspelt symptom would never be matched: each names its subsystem, and what symptoms.py can say of it."""
    codes = {*FIXED.values(), "tyres:pressure_low", "ignition:misfire"}
    for name in {name for cause in KNOWLEDGE.causes for name in cause.symptoms}:
        subsystem, what = name.split(":")
        assert subsystem in set(Subsystem), name
        assert name in codes or what.rsplit("_", 1)[0] in {
            "coolant", "oil_pressure", "voltage", "temperature", "pad", "trim", "soh", "cell", "level",
        }, name  # fmt: skip


def test_every_subsystem_has_a_cause() -> None:
    assert {cause.subsystem for cause in KNOWLEDGE.causes} == set(Subsystem) - {Subsystem.OTHER}


def test_a_cause_without_a_known_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="replace_dragon"):
        Knowledge(causes=(KNOWLEDGE.causes[0].model_copy(update={"operations": ("replace_dragon",)}),), operations={})


@pytest.mark.skipif(not DTC_DATABASE.exists(), reason="the DTC database is not on this machine (../shared/data/kb)")
def test_every_code_of_the_knowledge_base_is_a_generic_code() -> None:
    """Against Wal33D/dtc-database, the source of the codes' meanings: a pattern that matches nothing is a typo."""
    uri = f"file:{DTC_DATABASE}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    known = [code for (code,) in connection.execute("SELECT DISTINCT code FROM generic_codes")]
    connection.close()

    for cause in KNOWLEDGE.causes:
        for pattern in cause.codes:
            assert any(re.fullmatch(pattern, code) for code in known), (cause.component, pattern)
