"""Which of the records that a reading causes is the answer to it, on records as the core makes them."""

from collections.abc import Callable

import pytest
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.client.outputs import is_answer
from master_orchestrator.errors import OrchestratorError
from master_orchestrator.facade.requests import workflow_of
from master_orchestrator.ports import EngineAnswer
from master_orchestrator_schemas.messages import AuditRecord, Cause
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import State


def _ends_what_awaits_feedback(vehicle: CoreVehicle) -> list[AuditRecord]:
    vehicle.fault("P0128")
    vehicle.advance_to(State.FEEDBACK)
    vehicle.wait(1_000)
    return vehicle.fault("P0217", check_requested=True).audit


def _gives_up_a_side_task(vehicle: CoreVehicle) -> list[AuditRecord]:
    for code in ("P0128", "P0217"):
        vehicle.fault(code)
        vehicle.advance_to(State.COMPLETED)
        vehicle.wait(1_000)
    return vehicle.reading(check_requested=True).audit


def _joins_with_a_finding(vehicle: CoreVehicle) -> list[AuditRecord]:
    vehicle.fault("P0128")
    vehicle.wait(1_000)
    return vehicle.fault("P0217", check_requested=True).audit


CHECKS = pytest.mark.parametrize(
    ("check", "other", "workflow_id"),
    [
        (_ends_what_awaits_feedback, ("v-1~0", "workflow_completed"), "v-1~1"),
        (_gives_up_a_side_task, ("v-1~0", "side_task_ended"), "v-1~2"),
        (_joins_with_a_finding, ("v-1~0", "findings_folded"), "v-1~0"),
    ],
)
Check = Callable[[CoreVehicle], list[AuditRecord]]


@CHECKS
def test_a_check_is_answered_with_its_own_workflow_whatever_else_it_ends(
    topology: Topology, check: Check, other: tuple[str, str], workflow_id: str
) -> None:
    records = check(CoreVehicle(policy_of(topology)))

    assert other == (records[0].workflow_id, records[0].event)
    assert workflow_id == workflow_of(EngineAnswer(cause=records[0].cause, audit=tuple(records)))


@CHECKS
def test_among_the_audit_records_a_client_reads_one_is_the_answer(
    topology: Topology, check: Check, other: tuple[str, str], workflow_id: str
) -> None:
    vehicle = CoreVehicle(policy_of(topology))
    records = check(vehicle)

    (record,) = [record for record in records if is_answer(record, topology.topic_of("Telemetry"))]
    assert workflow_id == record.workflow_id
    assert vehicle.statuses[workflow_id].seq >= record.seq, "the client waits for this status"


def test_what_another_request_causes_is_its_answer_whatever_it_is(topology: Topology) -> None:
    vehicle = CoreVehicle(policy_of(topology))
    vehicle.fault("P0128")
    reply, *_ = vehicle.reply({"anomalies": ["thermostat"]}).audit

    assert is_answer(reply, topology.topic_of("Telemetry"))


def test_a_reading_without_any_word_on_its_check_is_a_fault() -> None:
    with pytest.raises(OrchestratorError, match="without naming a workflow"):
        workflow_of(EngineAnswer(cause=Cause(topic="vehicle.telemetry", partition=0, offset=0)))
