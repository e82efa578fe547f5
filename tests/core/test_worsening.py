"""An episode that gets worse reaches the owner or a human, whatever it has come to, and without end of it."""

import json

import pytest
from support.core_vehicle import EPOCH_MS, CoreVehicle, policy_of

from master_orchestrator.core.fold import fold_audit
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    AlertKind,
    Answer,
    OperatorAction,
    Priority,
    Reason,
    ServiceEventKind,
    State,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START_MS = EPOCH_MS + DAY_MS + HOUR_MS
LATER = {
    "scheduling": {"appointment_id": "a1", "workshop_id": "w1", "start_ms": START_MS, "end_ms": START_MS + HOUR_MS}
}
HIGH, URGENT, SCHEDULED = "P0301", "P0217", "P0128"
OTHER_HIGH, SAME_SUBSYSTEM = "P0562", "P0302"


def worse(vehicle: CoreVehicle, code: str = URGENT) -> None:
    vehicle.wait(1_000)
    vehicle.fault(code)


@pytest.mark.parametrize("state", [State.CUSTOMER_ENGAGEMENT, State.SCHEDULING, State.SCHEDULED, State.IN_SERVICE])
@pytest.mark.parametrize("code", [URGENT, OTHER_HIGH])
def test_after_the_owner_was_asked_it_is_diagnosed_and_told_again(
    vehicle: CoreVehicle, state: State, code: str
) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(state, **LATER)
    worse(vehicle, code)
    assert (State.DIAGNOSIS, f"dtc:{code}") == (
        vehicle.workflow.state,
        vehicle.last_command.payload["findings"][-1]["rule"],
    )
    vehicle.reply()
    command = vehicle.last_command
    assert (AgentType.CUSTOMER_ENGAGEMENT, vehicle.workflow.priority) == (command.agent, command.priority)
    assert f"dtc:{code}" in [finding["rule"] for finding in command.payload["findings"]]
    vehicle.reply()
    booked_before = state in {State.SCHEDULED, State.IN_SERVICE}
    payload = vehicle.last_command.payload
    assert ("a1" if booked_before else None, "priority_raised") == (payload["replaces"], payload["rebook_reason"])
    due_ms = vehicle.policy.due_ms(vehicle.workflow.priority)
    assert vehicle.last_command.issued_at_ms + due_ms == payload["due_by_ms"]


def test_the_owner_s_earlier_wish_does_not_survive_a_raise(vehicle: CoreVehicle) -> None:
    vehicle.fault(SCHEDULED)
    wish = {"answer": Answer.RESCHEDULE, "preferred_from_ms": vehicle.at_ms + 5 * DAY_MS}
    vehicle.advance_to(State.SCHEDULED, customer_engagement=wish, **LATER)
    worse(vehicle)
    vehicle.advance_to(State.SCHEDULING)
    assert vehicle.last_command.payload["preferred_from_ms"] is None


@pytest.mark.parametrize("state", [State.SCHEDULING, State.SCHEDULED])
def test_neither_does_it_survive_an_operator_s_raise(vehicle: CoreVehicle, state: State) -> None:
    vehicle.fault(SCHEDULED)
    wish = {"answer": Answer.RESCHEDULE, "preferred_from_ms": vehicle.at_ms + 5 * DAY_MS}
    vehicle.advance_to(state, customer_engagement=wish, **LATER)
    vehicle.operator(OperatorAction.SET_PRIORITY, Priority.URGENT)
    assert (AgentType.SCHEDULING, None) == (
        vehicle.last_command.agent,
        vehicle.last_command.payload["preferred_from_ms"],
    )


@pytest.mark.parametrize("code", [SAME_SUBSYSTEM, SCHEDULED])
def test_what_is_no_worse_only_joins(vehicle: CoreVehicle, code: str) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    worse(vehicle, code)
    assert (State.SCHEDULED, "findings_folded") == (vehicle.workflow.state, vehicle.audit[-1].event)


def test_a_finding_that_data_analysis_has_not_answered_on_keeps_its_floor(vehicle: CoreVehicle) -> None:
    vehicle.fault(HIGH)
    first = vehicle.last_command
    worse(vehicle)
    vehicle.reply({"anomalies": [{"description": "misfire", "rule": f"dtc:{HIGH}"}]}, first)
    assert State.DIAGNOSIS is vehicle.workflow.state
    vehicle.reply({"causes": [{"component": "coil"}], "severity": 0.5, "probability": 0.5})
    assert (State.CUSTOMER_ENGAGEMENT, Priority.URGENT) == (vehicle.workflow.state, vehicle.workflow.priority)


def test_no_fault_is_no_opinion_on_an_urgent_finding_that_data_analysis_has_not_answered_on(
    vehicle: CoreVehicle,
) -> None:
    vehicle.fault(HIGH)
    first = vehicle.last_command
    worse(vehicle)
    vehicle.reply(None, first)
    vehicle.reply({"causes": []})
    assert (State.CUSTOMER_ENGAGEMENT, Priority.URGENT) == (vehicle.workflow.state, vehicle.workflow.priority)


def test_a_new_subsystem_while_diagnosis_is_at_work_is_in_the_next_revision_s_task(vehicle: CoreVehicle) -> None:
    vehicle.fault(HIGH)
    vehicle.reply()
    worse(vehicle, OTHER_HIGH)
    assert ("v-1~0/DIAGNOSIS/0/1", 2) == (
        vehicle.last_command.command_id,
        len(vehicle.last_command.payload["findings"]),
    )


@pytest.mark.parametrize("answer", [Answer.DECLINE, Answer.NO_ANSWER, Answer.WRONG_PERSON])
def test_a_booking_stands_if_the_owner_does_not_agree_to_an_earlier_one(vehicle: CoreVehicle, answer: Answer) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    worse(vehicle)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    outcome = vehicle.reply({"answer": answer})
    assert [AlertKind.URGENT_UNRESOLVED] == [alert.kind for alert in outcome.alerts]
    appointment = vehicle.workflow.appointment
    assert State.SCHEDULED is vehicle.workflow.state
    assert appointment is not None
    assert "a1" == appointment.appointment_id
    (cancelled,) = vehicle.operator(OperatorAction.CANCEL).status
    assert AgentType.CUSTOMER_ENGAGEMENT == cancelled.step
    assert cancelled.step == fold_audit(vehicle.audit)[cancelled.workflow_id].step


@pytest.mark.parametrize("kind", [ServiceEventKind.CANCELLED, ServiceEventKind.NO_SHOW, ServiceEventKind.PARTS_MISSING])
def test_a_booking_that_has_fallen_through_does_not_stand(vehicle: CoreVehicle, kind: ServiceEventKind) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    vehicle.service(kind)
    worse(vehicle)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    outcome = vehicle.reply({"answer": Answer.DECLINE})
    assert (State.COMPLETED, Reason.DECLINED) == (vehicle.workflow.state, vehicle.workflow.reason)
    assert [AlertKind.URGENT_UNRESOLVED] == [alert.kind for alert in outcome.alerts]


@pytest.mark.parametrize("state", [State.DIAGNOSIS, State.CUSTOMER_ENGAGEMENT])
def test_a_booking_that_falls_through_while_the_owner_is_asked_again_does_not_stand(
    vehicle: CoreVehicle, state: State
) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    worse(vehicle)
    vehicle.advance_to(state)
    vehicle.service(ServiceEventKind.CANCELLED, "e1")
    assert (state, None) == (vehicle.workflow.state, vehicle.workflow.standing)
    assert ("booking_ended", "service_cancelled") == (vehicle.audit[-1].event, vehicle.audit[-1].reason)
    vehicle.service(ServiceEventKind.CANCELLED, "e1")
    assert "duplicate_event" == vehicle.audit[-1].reason
    vehicle.service(ServiceEventKind.CANCELLED, "e2")
    assert "illegal_event" == vehicle.audit[-1].reason
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.reply({"answer": Answer.NO_ANSWER})
    assert State.COMPLETED is vehicle.workflow.state


def test_a_booking_that_fell_through_while_the_owner_was_asked_is_replaced(vehicle: CoreVehicle) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    worse(vehicle)
    vehicle.service(ServiceEventKind.NO_SHOW)
    vehicle.advance_to(State.SCHEDULING)
    payload = vehicle.last_command.payload
    assert ("a1", "no_show") == (payload["replaces"], payload["rebook_reason"])


def test_a_booking_made_after_one_that_fell_through_stands(vehicle: CoreVehicle) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    vehicle.service(ServiceEventKind.CANCELLED)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    worse(vehicle)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.reply({"answer": Answer.DECLINE})
    assert State.SCHEDULED is vehicle.workflow.state


def test_a_workshop_whose_booking_has_fallen_through_is_not_the_one_to_tell(vehicle: CoreVehicle) -> None:
    vehicle.fault(SCHEDULED)
    for code in (HIGH, OTHER_HIGH, URGENT)[: vehicle.policy.episodes.max_escalations]:
        vehicle.advance_to(State.SCHEDULED, **LATER)
        worse(vehicle, code)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    vehicle.service(ServiceEventKind.CANCELLED)
    worse(vehicle, "P0524")
    assert AlertKind.CONDITION_WORSENED is vehicle.alerts[-1].kind
    assert "a1" not in vehicle.alerts[-1].message


def test_a_car_in_the_workshop_s_hands_stays_there_and_a_human_tells_the_workshop(topology: Topology) -> None:
    vehicle = CoreVehicle(policy_of(topology, feed=True))
    vehicle.fault(HIGH)
    vehicle.advance_to(State.IN_SERVICE, **LATER)
    worse(vehicle)
    (alert,) = vehicle.alerts
    assert (State.IN_SERVICE, AlertKind.CONDITION_WORSENED) == (vehicle.workflow.state, alert.kind)
    assert Priority.URGENT is alert.priority
    assert all(word in alert.message for word in ("w1", "a1", f"dtc:{URGENT}", rfc3339(vehicle.at_ms), "stop safely"))
    vehicle.service(ServiceEventKind.COMPLETED)
    assert State.FEEDBACK is vehicle.workflow.state


def test_a_car_that_was_checked_in_stays_there_too_without_a_feed_that_is_relied_on(vehicle: CoreVehicle) -> None:
    vehicle.fault(SCHEDULED)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    vehicle.service(ServiceEventKind.CHECKED_IN)
    worse(vehicle, OTHER_HIGH)
    assert (State.IN_SERVICE, AlertKind.CONDITION_WORSENED) == (vehicle.workflow.state, vehicle.alerts[-1].kind)
    vehicle.service(ServiceEventKind.COMPLETED)
    assert State.FEEDBACK is vehicle.workflow.state


def test_a_report_that_came_while_it_was_diagnosed_again_counts_when_it_comes_again(vehicle: CoreVehicle) -> None:
    vehicle.fault(SCHEDULED)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    worse(vehicle, OTHER_HIGH)
    vehicle.service(ServiceEventKind.COMPLETED, "e-done")
    assert (State.DIAGNOSIS, "illegal_event") == (vehicle.workflow.state, vehicle.audit[-1].reason)
    vehicle.reply()
    vehicle.reply({"answer": Answer.NO_ANSWER})
    assert State.SCHEDULED is vehicle.path()[-1]
    vehicle.service(ServiceEventKind.COMPLETED, "e-done")
    assert State.FEEDBACK is vehicle.path()[-1]


@pytest.mark.parametrize("step", ["customer_engagement", "scheduling"])
def test_waiting_to_retry_a_later_step_it_is_diagnosed_at_once(vehicle: CoreVehicle, step: str) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State(step.upper()))
    vehicle.fail()
    worse(vehicle)
    assert (State.DIAGNOSIS, Priority.URGENT) == (vehicle.workflow.state, vehicle.workflow.priority)


def test_waiting_to_retry_feedback_another_matter_opens_the_next_workflow(vehicle: CoreVehicle) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.FEEDBACK)
    vehicle.fail()
    worse(vehicle)
    assert (State.DATA_ANALYSIS, "v-1~1") == (vehicle.workflow.state, vehicle.workflow.workflow_id)
    assert (State.COMPLETED, Reason.SERVICED) == (vehicle.statuses["v-1~0"].state, vehicle.statuses["v-1~0"].reason)


def test_a_second_repair_gives_the_first_ones_side_task_up(vehicle: CoreVehicle) -> None:
    vehicle.reading(check_requested=True)
    vehicle.advance_to(State.FEEDBACK)
    vehicle.fail(command=next(c for c in vehicle.commands if c.agent is AgentType.FEEDBACK))
    worse(vehicle, SCHEDULED)
    assert State.DIAGNOSIS is vehicle.workflow.state
    first = next(c for c in vehicle.commands if c.agent is AgentType.MANUFACTURING_QUALITY)
    vehicle.advance_to(State.FEEDBACK)
    (ended,) = vehicle.recorded("side_task_ended")
    assert ("given_up", "superseded") == (ended.reason, json.loads(ended.details)["because"])
    assert [first.command_id] == [c.command_id for c in vehicle.failed]
    assert 2 == len(vehicle.recorded("side_task_started"))
    vehicle.reply(command=vehicle.last_command)
    assert 2 == len(vehicle.recorded("side_task_ended"))


def test_a_sender_of_ever_new_faults_does_not_keep_a_workflow_from_its_end(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    moves = 0
    for code in ("P0301", "P0562", "P0118", "P0720", "P0217", "C0021", "P0520", "P0A80", "P0093"):
        vehicle.advance_to(State.SCHEDULED, **LATER)
        worse(vehicle, code)
        moves += vehicle.workflow.state is State.DIAGNOSIS
    assert vehicle.policy.episodes.max_escalations == moves == vehicle.workflow.escalations
    assert {AlertKind.CONDITION_WORSENED} <= {alert.kind for alert in vehicle.alerts}
    for _ in range(20):
        before = len(vehicle.audit)
        worse(vehicle, URGENT)
        assert before == len(vehicle.audit)


@pytest.mark.parametrize("answer", [Answer.DECLINE, Answer.NO_ANSWER, Answer.NEED_INFO, Answer.WRONG_PERSON])
def test_a_high_vehicle_whose_owner_does_not_agree_is_a_call_list_entry(vehicle: CoreVehicle, answer: Answer) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    (alert,) = vehicle.reply({"answer": answer, "message": "nobody is on file"}).alerts
    assert AlertKind.OWNER_NOT_REACHED is alert.kind
    assert all(word in alert.message for word in ("call", "say:", "within 48 h", f"dtc:{HIGH}", rfc3339(vehicle.at_ms)))


def test_a_less_urgent_owner_is_left_alone(vehicle: CoreVehicle) -> None:
    vehicle.fault(SCHEDULED)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    assert [] == vehicle.reply({"answer": Answer.DECLINE}).alerts


@pytest.mark.parametrize(
    ("code", "result", "kinds"),
    [
        (URGENT, {"start_ms": EPOCH_MS + 9 * DAY_MS}, [AlertKind.APPOINTMENT_LATE]),
        (URGENT, {"tow": True}, [AlertKind.TOW_NEEDED]),
        (HIGH, {"late": True, "tow": True}, [AlertKind.APPOINTMENT_LATE, AlertKind.TOW_NEEDED]),
        (HIGH, {"late": "no", "tow": 1}, []),
        (SCHEDULED, {"late": True}, []),
    ],
)
def test_a_late_booking_and_a_tow_call_a_human(
    vehicle: CoreVehicle, code: str, result: dict[str, object], kinds: list[AlertKind]
) -> None:
    vehicle.fault(code)
    vehicle.advance_to(State.SCHEDULING)
    assert kinds == [alert.kind for alert in vehicle.reply(result).alerts]


def test_a_duplicate_needs_the_owner_to_know_of_every_finding(vehicle: CoreVehicle) -> None:
    vehicle.fault(HIGH)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.reply({"answer": Answer.DECLINE})
    worse(vehicle)
    vehicle.reply({"anomalies": [{"description": "misfire", "rule": f"dtc:{HIGH}"}]})
    assert State.DIAGNOSIS is vehicle.workflow.state


def test_a_second_urgent_finding_of_a_subsystem_is_told_to_a_human(vehicle: CoreVehicle) -> None:
    vehicle.fault(URGENT)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    vehicle.alerts.clear()
    for _ in range(20):
        vehicle.wait(1_000)
        vehicle.fault(URGENT, coolant_temp_c=118.0)
    (alert,) = vehicle.alerts
    assert (State.SCHEDULED, AlertKind.CONDITION_WORSENED) == (vehicle.workflow.state, alert.kind)
    assert "coolant_boiling" in alert.message


def test_a_suspicion_that_lasts_is_told_of_once(vehicle: CoreVehicle) -> None:
    vehicle.reading(check_requested=True, coolant_temp_c=118.0)
    vehicle.advance_to(State.SCHEDULED, **LATER)
    vehicle.alerts.clear()
    for _ in range(30):
        vehicle.wait(1_000)
        vehicle.reading(coolant_temp_c=118.0)
    assert "findings_folded" in [record.event for record in vehicle.audit]
    assert [] == vehicle.alerts
