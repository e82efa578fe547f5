"""A rule of the user's own on a number in ``extras``, from a plain reading to an owner who is told."""

from queue import Queue
from typing import Any

import pytest
import yaml

from master_orchestrator import AgentType, MasterOrchestrator
from master_orchestrator_agents import Task
from master_orchestrator_agents.reference import reference_agents
from master_orchestrator_schemas.results import DiagnosisResult
from master_orchestrator_schemas.topology import Topology, TopologyError, parse_topology
from master_orchestrator_schemas.topology.loader import default_path

AIR_LOW = "air_low: {subsystem: brakes, priority: URGENT, signal: extras.air_pressure_kpa, below: 550, hold: 10s}"


@pytest.fixture
def with_air_rule() -> Topology:
    content = yaml.safe_load(default_path().read_text(encoding="utf-8"))
    content["triage"]["rules"] |= yaml.safe_load(AIR_LOW)
    return parse_topology(yaml.safe_dump(content, sort_keys=False), source="own.yaml")


def test_it_opens_a_workflow_whose_diagnosis_names_no_part(with_air_rule: Topology) -> None:
    reference, told = reference_agents(topology=with_air_rule), Queue[DiagnosisResult]()

    def diagnosis(task: Task[Any]) -> DiagnosisResult:
        result = reference[AgentType.DIAGNOSIS](task)
        assert isinstance(result, DiagnosisResult)
        told.put(result)
        return result

    with MasterOrchestrator(topology=with_air_rule) as orchestrator:
        for agent, handler in reference.items():
            orchestrator.register_agent(agent, handler)
        orchestrator.register_agent(AgentType.DIAGNOSIS, diagnosis)
        orchestrator.start()
        workflow_id = orchestrator.receive_vehicle_telemetry("lorry-1", {"rpm": 900, "air_pressure_kpa": 480})
        result = told.get(timeout=30)
        status = orchestrator.get_workflow_status(workflow_id)

    assert "air_low" in status["findings"]
    assert result.causes
    assert ["unidentified_brakes"] == [cause.component for cause in result.causes]
    assert ["inspect"] == [operation.name for operation in result.operations]
    assert not result.safe_to_drive


def test_a_misspelt_signal_is_one_line_with_the_nearest_name() -> None:
    content = yaml.safe_load(default_path().read_text(encoding="utf-8"))
    content["triage"]["rules"]["coolant_hot"]["signal"] = "coolant_tempc"

    with pytest.raises(TopologyError, match=r"own\.yaml:\d+: triage\.rules\.coolant_hot\.signal.*write coolant_temp_c"):
        parse_topology(yaml.safe_dump(content, sort_keys=False), source="own.yaml")
