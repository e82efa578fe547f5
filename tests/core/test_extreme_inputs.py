"""Inputs at the ends of what their contracts allow: found by the fuzz runs, each kept here."""

import json

import msgspec
import pytest
from support.core_vehicle import EPOCH_MS, CoreVehicle

from master_orchestrator.core.intake import Intake
from master_orchestrator.core.rejection import RejectedError
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Cause, Telemetry
from master_orchestrator_schemas.messages.telemetry import MAX_MS
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.tasks import SchedulingTask
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, AlertKind, Answer, Priority, State

LONGEST = 2**63 - 1
CODEC = Codec()
TWICE_ESCAPED = {f"x{number}": '"' * 1_900 for number in range(64)}
"""A quarter of a megabyte as it travels, half of one in the audit record's JSON."""


def test_a_result_that_its_audit_record_has_no_room_for_is_tried_again(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    reply = vehicle.reply(TWICE_ESCAPED)

    assert State.RETRY is vehicle.workflow.state
    assert "invalid_result" == vehicle.audit[-1].reason
    assert "shorten it" in json.loads(vehicle.audit[-1].details)["message"]
    assert 1 == len(reply.audit)


def test_the_longest_result_allowed_fits_into_its_audit_record_and_alert(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0217")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT, diagnosis={"causes": ["pump"], "safe_to_drive": False})
    assert Priority.URGENT is vehicle.workflow.priority
    room = vehicle.policy.max_details_bytes - 3_000
    outcome = vehicle.reply({"answer": Answer.DECLINE, "long": "x" * room})  # its invariants encode what comes out

    assert State.COMPLETED is vehicle.workflow.state
    assert [AlertKind.URGENT_UNRESOLVED] == [alert.kind for alert in outcome.alerts]
    assert len(CODEC.encode(outcome.audit[-1])) > room


def test_a_side_task_s_result_has_the_same_bound(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.FEEDBACK)
    (side,) = [command for command in vehicle.commands if command.agent is AgentType.MANUFACTURING_QUALITY]
    vehicle.reply(TWICE_ESCAPED, side)
    assert "invalid_result" == vehicle.audit[-1].reason


def test_an_appointment_is_due_by_the_year_9999_at_the_latest(vehicle: CoreVehicle) -> None:
    vehicle.at_ms = MAX_MS
    vehicle.fault("P0301", ts_ms=EPOCH_MS)
    vehicle.advance_to(State.SCHEDULING)
    task = SchedulingTask.model_validate(vehicle.last_command.payload)  # where a later time is refused
    assert MAX_MS == task.due_by_ms


@pytest.mark.parametrize("at_ms", [-1, MAX_MS + 1, LONGEST, -LONGEST])
def test_a_record_of_no_possible_time_is_rejected(at_ms: int, topology: Topology) -> None:
    reading = Telemetry(vehicle_id="v-1", ts_ms=EPOCH_MS)
    home = partition_of_key(b"v-1", topology.partitions)
    cause = Cause(topic=topology.topic_of("Telemetry"), partition=home, offset=0)
    with pytest.raises(RejectedError, match="not a time from 1970 to 9999") as rejected:
        Intake(topology, CODEC).take(cause, at_ms=at_ms, key=b"v-1", value=CODEC.encode(reading), headers=None)
    assert "invalid_timestamp" == rejected.value.rejection.code


def test_signals_at_the_end_of_all_numbers_break_no_invariant(vehicle: CoreVehicle) -> None:
    reading = Telemetry(vehicle_id="v-1", ts_ms=EPOCH_MS)
    numbers = {field.name: 1.7e308 for field in msgspec.structs.fields(reading) if field.name.endswith(("_c", "_kpa"))}
    for seconds in (0, 30, 60):
        vehicle.reading(ts_ms=EPOCH_MS + seconds * 1_000, **numbers)  # which checks every invariant
    assert State.DATA_ANALYSIS is vehicle.workflow.state


@pytest.mark.parametrize("late_ms", [600_000, 600_001, 599_999, 86_400_000])
def test_a_late_reading_that_asks_for_a_check_finds_the_tyres_heat_as_it_is(
    vehicle: CoreVehicle, topology: Topology, late_ms: int
) -> None:
    vehicle.reading(tyre_fl_kpa=230.0, speed_kmh=100.0)
    assert 600_000 == topology.triage.tyres.heat_time_ms  # the sum that was divided by was 0
    late = {"ts_ms": EPOCH_MS - late_ms, "tyre_fl_kpa": 230.0, "speed_kmh": 100.0}
    vehicle.reading(check_requested=True, **late)
    assert State.DATA_ANALYSIS is vehicle.workflow.state
    assert () == vehicle.workflow.findings
