"""One table of messages: everything that names one agrees with it, so that nothing is forgotten for a new one."""

from collections import Counter
from typing import get_args

import msgspec
import pytest

from master_orchestrator.core.decide import RULES
from master_orchestrator_schemas import messages
from master_orchestrator_schemas.agreement import READ, WRITTEN
from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.dead_letters import Origin, origin_headers, read_origin
from master_orchestrator_schemas.messages import OperatorRequest, ServiceEvent, Telemetry
from master_orchestrator_schemas.registry import (
    INPUTS,
    KINDS,
    OUTPUTS,
    TYPES,
    UEBA_INPUTS,
    UEBA_OUTPUTS,
    Body,
    Message,
    Request,
    UebaBody,
    UebaOutput,
    sender_id_of,
)
from master_orchestrator_schemas.results import RESULTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, OperatorAction, ServiceEventKind

PARTS = {
    "Campaign", "Cause", "ControlledPair", "Dtc", "Failure", "Diagnosis", "Evidence", "FindingSession", "J1939Fault",
    "LikelyCause", "Mistake", "OpenFinding", "ServiceDue", "SessionAct", "Transition",
}  # fmt: skip
"""Structs of ``messages`` that stand only within others."""


def test_every_message_class_is_in_the_table_once_and_in_its_unions() -> None:
    classes = {
        thing
        for name, thing in vars(messages).items()
        if isinstance(thing, type) and issubclass(thing, msgspec.Struct) and name not in PARTS
    }
    assert classes == {kind.type for kind in KINDS} == set(get_args(Message))
    assert len(classes) == len(KINDS)
    assert {TYPES[name] for name in INPUTS} == set(get_args(Body))
    assert {TYPES[name] for name in UEBA_INPUTS} == set(get_args(UebaBody))
    assert {TYPES[name] for name in UEBA_OUTPUTS} == set(get_args(UebaOutput))
    assert {kind.type for kind in KINDS if kind.sender_id is not None} == set(get_args(Request))


def test_every_subject_has_a_schema_and_every_schema_a_subject() -> None:
    assert {schema.name for schema in schema_versions()} == {kind.subject for kind in KINDS}


def test_every_input_has_its_rules_and_every_input_and_output_its_topic(topology: Topology) -> None:
    assert {rule.__name__ for rule in RULES} == set(INPUTS)
    schemas = Counter(terms.schema_name for terms in topology.topics.values())
    assert dict.fromkeys([*INPUTS, *OUTPUTS, *UEBA_INPUTS, *UEBA_OUTPUTS, None], 1) == schemas


def test_every_agent_type_has_its_task_result_and_terms(topology: Topology) -> None:
    assert set(AgentType) == set(TASKS) == set(RESULTS) == set(topology.agents)
    assert READ.keys() == WRITTEN.keys()


def test_a_request_names_itself() -> None:
    event = ServiceEvent(
        vehicle_id="v-1", workflow_id="v-1~0", event_id="e-1", kind=ServiceEventKind.COMPLETED, ts_ms=1
    )
    request = OperatorRequest(
        vehicle_id="v-1", workflow_id="v-1~0", request_id="r-1", action=OperatorAction.CANCEL, operator="ada"
    )
    assert ["e-1", "r-1"] == [sender_id_of(event), sender_id_of(request)]
    assert "c-1" == sender_id_of(Telemetry(vehicle_id="v-1", ts_ms=7, request_id="c-1"))
    assert "v-1/7" == sender_id_of(Telemetry(vehicle_id="v-1", ts_ms=7))


def test_a_dead_letter_s_origin_is_read_as_it_was_written() -> None:
    origin = Origin("vehicle.telemetry", 5, 81_220, "invalid", "not a Telemetry")
    texts = {name: value.decode() for name, value in origin_headers(origin, 0)}
    assert origin == read_origin(texts)


@pytest.mark.parametrize("number", ["", "-1", "1e3", "9" * 30, "\u0663"])
def test_an_origin_that_is_no_place_is_no_error(number: str) -> None:
    assert Origin("", -1, -1, "unknown", "") == read_origin({"dead_letter_offset": number})
