"""A whole workflow, from a finding to COMPLETED."""

import json

import pytest
from support.core_vehicle import CoreVehicle

from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.vocabulary import AgentType, Priority, Reason, ServiceEventKind, State

FORWARD = [
    State.PENDING,
    State.DATA_ANALYSIS,
    State.DIAGNOSIS,
    State.URGENCY_ASSESSMENT,
    State.CUSTOMER_ENGAGEMENT,
    State.SCHEDULING,
    State.SCHEDULED,
    State.IN_SERVICE,
    State.FEEDBACK,
    State.COMPLETED,
]


def test_a_finding_goes_through_all_ten_forward_states(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    assert State.DATA_ANALYSIS is vehicle.workflow.state
    vehicle.reply({"anomalies": [{"description": "misfire", "subsystem": "ignition", "rule": "dtc:P0301"}]})
    vehicle.reply({"causes": [{"component": "coil", "probability": 0.9}], "severity": 0.7, "probability": 0.9})
    vehicle.reply({"answer": "ACCEPT"})
    start = vehicle.at_ms + 3_600_000
    vehicle.reply({"appointment_id": "a1", "workshop_id": "w1", "start_ms": start, "end_ms": start + 7_200_000})
    assert State.SCHEDULED is vehicle.path()[-1]
    vehicle.tick()
    vehicle.tick()
    quality, feedback = (
        next(command for command in vehicle.commands if command.agent is agent)
        for agent in (AgentType.MANUFACTURING_QUALITY, AgentType.FEEDBACK)
    )
    vehicle.reply({"csat": 5}, feedback)
    vehicle.reply({"claims": 1}, quality)

    assert FORWARD == vehicle.path()
    assert Reason.SERVICED == vehicle.workflow.reason
    assert list(AgentType) == sorted((c.agent for c in vehicle.commands), key=list(AgentType).index)
    assert [] == vehicle.alerts
    assert "side_task_ended" == vehicle.audit[-1].event
    assert vehicle.workflow.side is None


def test_handlers_that_say_nothing_reach_completed_at_once(vehicle: CoreVehicle) -> None:
    vehicle.reading(check_requested=True, request_id="q7")
    for _ in range(4):
        vehicle.reply()
    assert FORWARD[:-1] == vehicle.path()
    vehicle.reply(None, next(c for c in vehicle.commands if c.agent is AgentType.FEEDBACK))
    assert FORWARD == vehicle.path()
    opened = vehicle.recorded("workflow_opened")
    assert ["q7"] == [json.loads(record.details)["request_id"] for record in opened]


def test_the_assessment_names_its_numbers(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.reply()
    vehicle.reply({"causes": ["coil"], "severity": 0.9, "probability": 0.95, "time_to_failure_h": 20})
    (record,) = [r for r in vehicle.audit if r.from_state is State.URGENCY_ASSESSMENT]
    urgency = json.loads(record.details)["urgency"]
    assert Priority.URGENT is record.priority
    assert {"risk": 0.855, "line": 1, "time_to_failure_h": 20.0}.items() <= urgency.items()


def test_workshop_events_carry_the_workflow_where_they_are_fed(fed_vehicle: CoreVehicle) -> None:
    vehicle = fed_vehicle
    vehicle.fault("P0301")
    vehicle.advance_to(State.SCHEDULED)
    vehicle.service(ServiceEventKind.CHECKED_IN)
    vehicle.service(ServiceEventKind.COMPLETED, confirmed_cause="coil", parts_replaced=("coil",))
    quality = next(c for c in vehicle.commands if c.agent is AgentType.MANUFACTURING_QUALITY)
    feedback = next(c for c in vehicle.commands if c.agent is AgentType.FEEDBACK)
    assert "coil" == quality.payload["confirmed_cause"] == feedback.payload["confirmed_cause"]
    vehicle.advance_to(State.COMPLETED)
    assert FORWARD == vehicle.path()


def test_events_win_over_the_appointments_times(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(
        State.SCHEDULED, scheduling={"start_ms": vehicle.at_ms + 10**9, "end_ms": vehicle.at_ms + 2 * 10**9}
    )
    vehicle.service(ServiceEventKind.COMPLETED)
    assert [State.SCHEDULED, State.IN_SERVICE, State.FEEDBACK] == vehicle.path()[-3:]


def test_the_trace_of_the_opening_goes_with_ticks(vehicle: CoreVehicle) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    reading = Telemetry(vehicle_id="v-1", ts_ms=vehicle.at_ms, check_requested=True)
    assert trace == vehicle.send(reading, traceparent=trace).traceparent
    assert trace == vehicle.tick().traceparent


@pytest.mark.parametrize(
    ("csat", "kinds"), [(1, ["OWNER_DISSATISFIED"]), (2, ["OWNER_DISSATISFIED"]), (3, []), (5, [])]
)
def test_a_bad_rating_calls_a_human(vehicle: CoreVehicle, csat: int, kinds: list[str]) -> None:
    vehicle.reading(check_requested=True)
    for _ in range(4):
        vehicle.reply()
    feedback = next(command for command in vehicle.commands if command.agent is AgentType.FEEDBACK)

    vehicle.reply({"csat": csat, "text": "nearly crashed"}, feedback)

    assert kinds == [alert.kind for alert in vehicle.alerts]
    assert all(f'rates the repair {csat} of 5, and says "nearly crashed"' in alert.message for alert in vehicle.alerts)
    (end,) = vehicle.recorded("workflow_completed")
    assert kinds == json.loads(end.details).get("called", [])
