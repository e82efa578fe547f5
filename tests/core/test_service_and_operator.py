"""Workshop events, appointments that fall through, and operators' requests."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from support.core_vehicle import CoreVehicle

from master_orchestrator.core.state import Appointment
from master_orchestrator.core.step import deadlines
from master_orchestrator.ports import EngineAnswer, rejection_of
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    AlertKind,
    OperatorAction,
    Priority,
    Reason,
    ServiceEventKind,
    State,
)

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("ts_ms_of", "told"),
    [
        (lambda at_ms: at_ms // 1_000, "timestamp_before_2000: .*looks like seconds"),
        (lambda _: 0, "timestamp_before_2000: "),
        (lambda at_ms: at_ms + 2 * HOUR_MS, "future_timestamp: .*local time sent as UTC"),
    ],
)
def test_a_report_of_an_impossible_time_is_refused_and_the_corrected_one_counts(
    fed_vehicle: CoreVehicle, ts_ms_of: Callable[[int], int], told: str
) -> None:
    _book(fed_vehicle)
    refused = fed_vehicle.service(ServiceEventKind.NO_SHOW, "e1", ts_ms=ts_ms_of(fed_vehicle.at_ms))
    assert re.match(told, str(refused.rejection))
    assert [] == refused.audit
    assert "no_show" == fed_vehicle.service(ServiceEventKind.NO_SHOW, "e1").audit[-1].reason


def test_an_event_that_comes_twice_counts_once(fed_vehicle: CoreVehicle) -> None:
    _book(fed_vehicle)
    fed_vehicle.service(ServiceEventKind.NO_SHOW, "e1")
    _book(fed_vehicle)
    fed_vehicle.service(ServiceEventKind.NO_SHOW, "e1")
    assert (State.SCHEDULED, "duplicate_event") == (fed_vehicle.workflow.state, fed_vehicle.audit[-1].reason)


def test_a_rejected_event_that_comes_twice_is_a_repeat_that_says_so(fed_vehicle: CoreVehicle) -> None:
    fed_vehicle.fault("P0217")
    fed_vehicle.service(ServiceEventKind.CHECKED_IN, "e1")
    assert "illegal_event" == fed_vehicle.audit[-1].reason
    fed_vehicle.service(ServiceEventKind.CHECKED_IN, "e1")
    repeat = fed_vehicle.audit[-1]
    assert ("duplicate_event", "rejected") == (repeat.reason, json.loads(repeat.details)["first"])
    answer = EngineAnswer(cause=repeat.cause, audit=(repeat,))
    assert (rejection_of(answer) or "").startswith("duplicate_event: this event_id was reported before; ")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (ServiceEventKind.NO_SHOW, "no_show"),
        (ServiceEventKind.CANCELLED, "service_cancelled"),
        (ServiceEventKind.PARTS_MISSING, "parts_missing"),
    ],
)
def test_an_appointment_that_falls_through_is_booked_anew(
    vehicle: CoreVehicle, kind: ServiceEventKind, reason: str
) -> None:
    _book(vehicle)
    vehicle.service(kind)
    command = vehicle.last_command
    assert ("v-1~0/SCHEDULING/1/0", "a1", reason) == (
        command.command_id,
        command.payload["replaces"],
        command.payload["rebook_reason"],
    )


def test_after_three_rebookings_a_human_is_called(vehicle: CoreVehicle) -> None:
    for _ in range(3):
        _book(vehicle)
        vehicle.service(ServiceEventKind.NO_SHOW)
    _book(vehicle)
    outcome = vehicle.service(ServiceEventKind.NO_SHOW)
    assert (State.FAILED, Reason.RETRIES_EXHAUSTED) == (vehicle.workflow.state, vehicle.workflow.reason)
    assert [AlertKind.WORKFLOW_FAILED] == [alert.kind for alert in outcome.alerts]
    vehicle.operator(OperatorAction.REDRIVE)
    assert State.SCHEDULING is vehicle.workflow.state


def test_with_a_feed_a_missing_check_in_is_a_no_show(fed_vehicle: CoreVehicle) -> None:
    _book(fed_vehicle)
    start_ms = fed_vehicle.state.workflow.appointment.start_ms  # type: ignore[union-attr]  # it has just been booked
    fed_vehicle.tick()
    assert start_ms + 4 * HOUR_MS == fed_vehicle.at_ms
    assert (State.SCHEDULING, "no_show") == (fed_vehicle.workflow.state, fed_vehicle.audit[-1].reason)


def test_with_a_feed_an_overdue_workshop_calls_a_human_and_feedback_goes_ahead(fed_vehicle: CoreVehicle) -> None:
    _book(fed_vehicle)
    fed_vehicle.service(ServiceEventKind.CHECKED_IN)
    outcome = fed_vehicle.tick()
    assert [AlertKind.SERVICE_OVERDUE] == [alert.kind for alert in outcome.alerts]
    assert [AgentType.FEEDBACK] == [command.agent for command in outcome.commands]


@pytest.mark.parametrize("kind", ServiceEventKind)
def test_an_event_that_no_state_wants_is_recorded(vehicle: CoreVehicle, kind: ServiceEventKind) -> None:
    vehicle.fault("P0301")
    vehicle.service(kind, note="why not")
    record = vehicle.audit[-1]
    assert ("rejected", "illegal_event", "workshop:ws-1") == (record.event, record.reason, record.actor)
    assert "why not" == json.loads(record.details)["note"]


def test_cancel_ends_the_workflow_and_calls_nobody(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.operator(OperatorAction.CANCEL, reason="test drive")
    assert (State.FAILED, Reason.CANCELLED, []) == (vehicle.workflow.state, vehicle.workflow.reason, vehicle.alerts)
    assert "operator:ada" == vehicle.audit[-1].actor
    assert [] == deadlines("v-1", vehicle.state)


def test_an_urgent_workflow_is_not_cancelled_in_silence(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0217")
    outcome = vehicle.operator(OperatorAction.CANCEL)
    assert [AlertKind.URGENT_UNRESOLVED] == [alert.kind for alert in outcome.alerts]


@pytest.mark.parametrize(
    ("action", "priority", "reached", "code"),
    [
        (OperatorAction.REDRIVE, None, State.DIAGNOSIS, "illegal_request"),
        (OperatorAction.REDRIVE, None, State.COMPLETED, "illegal_request"),
        (OperatorAction.CANCEL, None, State.COMPLETED, "illegal_request"),
        (OperatorAction.SET_PRIORITY, Priority.URGENT, State.COMPLETED, "illegal_request"),
        (OperatorAction.SET_PRIORITY, None, State.DIAGNOSIS, "priority_missing"),
        (OperatorAction.SET_PRIORITY, Priority.HIGH, State.DIAGNOSIS, "same_priority"),
    ],
)
def test_illegal_requests_are_recorded(
    vehicle: CoreVehicle, action: OperatorAction, priority: Priority | None, reached: State, code: str
) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(reached)
    before = vehicle.path()
    vehicle.operator(action, priority)
    record = vehicle.audit[-1]
    assert ("rejected", code) == (record.event, record.reason)
    assert json.loads(record.details)["request_id"].startswith("r")
    assert before == vehicle.path()


def test_a_lower_priority_re_issues_nothing(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    outcome = vehicle.operator(OperatorAction.SET_PRIORITY, Priority.ROUTINE)
    assert ([], Priority.ROUTINE) == (outcome.commands, vehicle.workflow.priority)


def test_a_request_about_an_unknown_workflow_goes_to_the_dead_letters(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    for workflow_id in ("v-1~1", "other~0", "v-1~" + "9" * 40, "", "v-1~\u0660"):
        outcome = vehicle.operator(OperatorAction.CANCEL, workflow_id=workflow_id or "x")
        assert str(outcome.rejection).startswith("unknown_workflow: ")


def test_a_request_about_a_replaced_workflow_says_so(vehicle: CoreVehicle) -> None:
    vehicle.reading(check_requested=True)
    vehicle.reply({"anomalies": []})
    vehicle.wait(1)
    vehicle.reading(check_requested=True)
    outcome = vehicle.operator(OperatorAction.REDRIVE, workflow_id="v-1~0")
    assert str(outcome.rejection).startswith("superseded_workflow: ")


def _book(vehicle: CoreVehicle) -> None:
    if vehicle.state.workflow is None:
        vehicle.fault("P0301")
    start_ms = vehicle.at_ms + 24 * HOUR_MS
    vehicle.advance_to(
        State.SCHEDULED, scheduling={"appointment_id": "a1", "start_ms": start_ms, "end_ms": start_ms + HOUR_MS}
    )


def test_a_moved_appointment_stays_scheduled_and_begins_at_its_new_time(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.SCHEDULING)
    start_ms = vehicle.at_ms + 24 * HOUR_MS
    vehicle.reply({"start_ms": start_ms, "end_ms": start_ms + 2 * HOUR_MS, "appointment_id": "A-1"})

    outcome = vehicle.service(ServiceEventKind.MOVED, "m-1", start_ms=start_ms + 5 * HOUR_MS)

    (deadline,) = deadlines("v-1", vehicle.state)
    assert State.SCHEDULED is vehicle.workflow.state
    assert Appointment(start_ms + 5 * HOUR_MS, start_ms + 7 * HOUR_MS, "A-1") == vehicle.workflow.appointment
    assert start_ms + 5 * HOUR_MS == deadline.due_ms == outcome.status[0].appointment_start_ms
    assert "workshop:ws-1" == vehicle.recorded("appointment_moved")[0].actor
    assert [] == outcome.alerts

    vehicle.service(ServiceEventKind.MOVED, "m-1", start_ms=start_ms)
    assert "duplicate_event" == vehicle.audit[-1].reason
    vehicle.tick()
    assert start_ms + 5 * HOUR_MS == vehicle.at_ms
    assert [State.SCHEDULED, State.IN_SERVICE] == vehicle.path()[-2:]


def test_a_move_beyond_the_due_time_calls_a_human(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.SCHEDULING)
    start_ms = vehicle.at_ms + 24 * HOUR_MS
    vehicle.reply({"start_ms": start_ms})

    outcome = vehicle.service(ServiceEventKind.MOVED, start_ms=start_ms + 48 * HOUR_MS)

    assert [AlertKind.APPOINTMENT_LATE] == [alert.kind for alert in outcome.alerts]


@pytest.mark.parametrize("times", [{}, {"start_ms": 2_000_000_000_002, "end_ms": 2_000_000_000_001}])
def test_a_move_without_times_is_rejected(vehicle: CoreVehicle, times: dict[str, Any]) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.SCHEDULING)
    vehicle.reply({"start_ms": vehicle.at_ms + HOUR_MS})
    before = vehicle.workflow.appointment

    vehicle.service(ServiceEventKind.MOVED, **times)

    assert "start_missing" == vehicle.audit[-1].reason
    assert before == vehicle.workflow.appointment
