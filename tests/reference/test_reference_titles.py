"""Codes and J1939 faults are named for what they are about: no wrong part first, nothing unidentified that is known."""

from collections.abc import Callable
from typing import Any

import pytest

from master_orchestrator.core.triage import compile_rules, new_trackers, observe
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.diagnosis import DiagnosisAgent
from master_orchestrator_agents.reference.diagnosis.titles import title_of
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.messages import Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.results import DiagnosisResult
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Subsystem

CODES = {
    "P2002": ("emissions", "particulate_filter"),
    "P20EE": ("emissions", "scr_catalyst"),
    "P204F": ("emissions", "def_dosing"),
    "P0335": ("other", "crankshaft_position_sensor"),
    "P0340": ("other", "camshaft_position_sensor"),
    "P0340-1F": ("other", "camshaft_position_sensor"),
    "P2135": ("other", "throttle_or_pedal_sensor"),
    "P0606": ("other", "engine_control_module"),
    "C0561": ("other", "stability_system_disabled"),
    "U0100": ("other", "network_module_silent"),
    "P0301": ("ignition", "ignition_coil"),
    "P0420": ("emissions", "catalyst"),
    "P0132": ("fuel_air", "oxygen_sensor"),
    "P0135": ("fuel_air", "oxygen_sensor_heater"),
    "P0370": ("ignition", "crankshaft_position_sensor"),
    "P0424": ("emissions", "catalyst_temperature_sensor"),
    "P0443": ("emissions", "evaporative_system"),
    "P0700": ("transmission", "transmission_control"),
    "P0753": ("transmission", "transmission_control"),
    "P0752": ("transmission", "valve_body"),
    "P229A": ("emissions", "fuel_rail_pressure"),
    "P2456": ("emissions", "particulate_filter_sensor"),
    "P2469": ("emissions", "exhaust_temperature_sensor"),
    "P20D5": ("emissions", "aftertreatment_fuel"),
    "P2600": ("other", "coolant_pump_circuit"),
    "P3479": ("other", "valve_control"),
    "C004E": ("brakes", "brake_hydraulics"),
    "C0042": ("brakes", "brake_pedal_sensor"),
}
BY_STRUCTURE = {
    "P0FFE": "hybrid_drive",
    "P28FE": "transmission_control",
    "P1FF0": "code_of_the_make",
    "C3FF0": "chassis_electronics",
    "B0FF0": "body_electronics",
    "U0FF0": "network_message",
}
"""Codes that no table names."""
FAULTS = {
    (110, 18): ("cooling", "thermostat_stuck_open"),
    (111, 1): ("cooling", "coolant_leak"),
    (100, 3): ("lubrication", "oil_pressure_circuit"),
    (168, 1): ("battery", "battery_12v"),
    (177, 0): ("transmission", "gearbox_oil"),
    (651, 5): ("fuel_air", "injector_1_circuit"),
    (1323, 31): ("ignition", "misfire_cylinder_1"),
    (3251, 0): ("emissions", "dpf_differential_pressure_high"),
    (1761, 1): ("emissions", "def_level_low"),
    (520_192, 0): ("other", "spn_520192_high"),
    (520_192, 3): ("other", "spn_520192_circuit"),
}

Diagnose = Callable[..., tuple[Any, DiagnosisResult]]


@pytest.fixture
def diagnose(topology: Topology, codes: CodeTable, task_of: Callable[..., Task[Any]]) -> Diagnose:
    """What triage makes of one reading, and DIAGNOSIS of that."""
    rules, agent = compile_rules(topology.triage), DiagnosisAgent(codes)

    def run(**signals: Any) -> tuple[Any, DiagnosisResult]:
        reading = Telemetry(vehicle_id="v1", ts_ms=1_700_000_000_000, **signals)
        _, seen = observe(rules, new_trackers(), reading)
        (finding,) = seen.findings
        return finding, agent(task_of(AgentType.DIAGNOSIS, findings=[finding.model_dump(mode="json")]))

    return run


@pytest.mark.parametrize(("code", "expected"), CODES.items())
def test_a_code_is_of_its_subsystem_and_named_for_its_circuit(
    diagnose: Diagnose, code: str, expected: tuple[str, str]
) -> None:
    finding, result = diagnose(dtcs=(Dtc(code=code),))

    assert result.causes
    assert expected == (finding.subsystem, result.causes[0].component)


@pytest.mark.parametrize(("code", "component"), BY_STRUCTURE.items())
def test_a_code_that_no_line_names_is_what_its_number_says(diagnose: Diagnose, code: str, component: str) -> None:
    _, result = diagnose(dtcs=(Dtc(code=code),))

    assert result.causes
    assert component == result.causes[0].component
    assert title_of(code) is None
    assert ["inspect"] == [operation.name for operation in result.operations]


@pytest.mark.parametrize(("fault", "expected"), FAULTS.items())
def test_a_j1939_fault_is_named_for_its_parameter_and_side(
    diagnose: Diagnose, fault: tuple[int, int], expected: tuple[str, str]
) -> None:
    finding, result = diagnose(j1939=(J1939Fault(spn=fault[0], fmi=fault[1]),))

    assert result.causes
    assert expected == (finding.subsystem, result.causes[0].component)


def test_an_overheated_engine_has_no_thermostat_stuck_open(diagnose: Diagnose) -> None:
    _, result = diagnose(j1939=(J1939Fault(spn=110, fmi=0),))

    assert result.causes
    assert "thermostat_stuck_open" not in [cause.component for cause in result.causes]


@pytest.mark.parametrize("code", ["P2135", "P0606", "P2101"])
def test_what_moves_the_throttle_wrongly_is_not_safe(diagnose: Diagnose, code: str) -> None:
    finding, result = diagnose(dtcs=(Dtc(code=code),))

    assert (Priority.URGENT, False) == (finding.priority, result.safe_to_drive)


@pytest.mark.parametrize(
    ("spn", "fmi", "priority"),
    [
        (96, 1, Priority.ROUTINE),
        (1761, 1, Priority.SCHEDULED),
        (107, 0, Priority.SCHEDULED),
        (117, 1, Priority.URGENT),
        (110, 0, Priority.URGENT),
    ],
)
def test_an_empty_tank_is_not_an_emergency_and_no_brake_pressure_is(
    diagnose: Diagnose, spn: int, fmi: int, priority: Priority
) -> None:
    finding, result = diagnose(j1939=(J1939Fault(spn=spn, fmi=fmi),))

    assert priority == finding.priority
    assert result.safe_to_drive is (priority > Priority.URGENT)


def test_every_parameter_of_the_topology_has_a_title(topology: Topology) -> None:
    untitled = [spn for spn in topology.triage.j1939.spn if title_of(f"{spn}/3") is None]

    assert [] == untitled


def test_most_generic_codes_of_the_engine_have_a_title() -> None:
    """P0300 to P0319 and the like have causes, too."""
    codes = [f"P0{number:03d}" for number in range(100, 500)]
    titled = [code for code in codes if title_of(code) is not None]

    assert len(titled) > 0.8 * len(codes)


def test_a_fault_of_nothing_known_is_inspected(diagnose: Diagnose) -> None:
    finding, result = diagnose(j1939=(J1939Fault(spn=500_000, fmi=3),))

    assert (Subsystem.OTHER, None) == (finding.subsystem, title_of("500000/3"))
    assert ["inspect"] == [operation.name for operation in result.operations]


@pytest.mark.parametrize("code", ["P0340", "P0340-1F"])
def test_a_title_is_as_likely_with_a_failure_type_as_without(diagnose: Diagnose, code: str) -> None:
    _, result = diagnose(dtcs=(Dtc(code=code),))

    assert result.causes
    assert (code, 0.9) == (result.causes[0].dtc, round(result.causes[0].probability, 1))
