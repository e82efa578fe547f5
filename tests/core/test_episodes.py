"""Opening, folding, cool-downs, raised priorities, duplicates, superseding."""

import json

import pytest
from support.core_vehicle import CoreVehicle

from master_orchestrator_schemas.vocabulary import (
    AgentType,
    AlertKind,
    Answer,
    OperatorAction,
    Priority,
    Reason,
    State,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def test_healthy_readings_open_nothing(vehicle: CoreVehicle) -> None:
    for _ in range(50):
        vehicle.wait(1_000)
        outcome = vehicle.reading()
        assert ([], []) == (outcome.audit, outcome.commands)
    assert vehicle.state.workflow is None


def test_a_regular_check_is_due_half_a_year_after_the_first_reading(vehicle: CoreVehicle) -> None:
    vehicle.reading()
    vehicle.wait(180 * DAY_MS - 1)
    assert [] == vehicle.reading().audit
    vehicle.wait(1)
    assert "regular_check" == vehicle.reading().audit[0].reason
    assert Priority.ROUTINE is vehicle.workflow.priority
    vehicle.reply({"anomalies": []})
    ended_ms = vehicle.at_ms
    vehicle.wait(180 * DAY_MS - 1)
    assert [] == vehicle.reading().audit
    vehicle.wait(1)
    assert "regular_check" == vehicle.reading().audit[0].reason
    assert ended_ms + 180 * DAY_MS == vehicle.at_ms


@pytest.mark.parametrize("late_ms", [0, 5_000])
def test_every_request_for_a_check_finds_its_workflow(vehicle: CoreVehicle, late_ms: int) -> None:
    vehicle.reading()
    vehicle.reading(check_requested=True, request_id="a", ts_ms=vehicle.at_ms - late_ms)
    vehicle.reading(check_requested=True, request_id="b", ts_ms=vehicle.at_ms - late_ms)
    events = [
        (record.event, json.loads(record.details)["request_id"])
        for record in vehicle.audit
        if record.event in {"workflow_opened", "check_joined"}
    ]
    assert [("workflow_opened", "a"), ("check_joined", "b")] == events


def test_a_check_takes_in_what_its_reading_alone_suggests(vehicle: CoreVehicle) -> None:
    vehicle.reading(coolant_temp_c=120.0)
    assert vehicle.state.workflow is None
    vehicle.wait(1_000)
    vehicle.reading(coolant_temp_c=92.0)
    vehicle.wait(1_000)
    vehicle.reading(coolant_temp_c=120.0, check_requested=True)
    assert Priority.URGENT is vehicle.workflow.priority
    assert all(finding.suspected for finding in vehicle.workflow.findings)


def test_a_reading_from_the_future_goes_to_the_dead_letters(vehicle: CoreVehicle) -> None:
    outcome = vehicle.reading(ts_ms=vehicle.at_ms + 600_001, dtcs=(), check_requested=True)
    assert str(outcome.rejection).startswith("future_timestamp: ")
    assert vehicle.state.workflow is None
    assert vehicle.reading(ts_ms=vehicle.at_ms + 600_000, check_requested=True).rejection is None


def test_new_findings_fold_and_a_raised_priority_issues_the_command_again(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    first = vehicle.last_command
    assert Priority.SCHEDULED is first.priority
    vehicle.wait(1_000)
    vehicle.fault("P0217")
    second = vehicle.last_command
    assert ("v-1~0/DATA_ANALYSIS/0/1", Priority.URGENT) == (second.command_id, second.priority)
    assert ["dtc:P0128", "dtc:P0217"] == [finding["rule"] for finding in second.payload["findings"]]
    vehicle.reply(None, first)
    assert State.DIAGNOSIS is vehicle.workflow.state
    vehicle.reply(None, second)
    assert "stale_reply" == vehicle.audit[-1].reason


def test_an_answer_from_before_the_raise_dismisses_nothing_of_what_raised_it(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    first = vehicle.last_command
    vehicle.wait(1_000)
    vehicle.fault("P0217")
    vehicle.reply({"anomalies": [], "dismissed": ["dtc:P0128", "dtc:P0217"]}, first)
    assert State.DIAGNOSIS is vehicle.workflow.state
    assert ["dtc:P0217"] == [finding["rule"] for finding in vehicle.last_command.payload["findings"]]


def test_nothing_found_is_no_opinion_on_what_came_since(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.wait(1_000)
    vehicle.fault("P0562")
    vehicle.reply({"anomalies": []})
    assert State.DIAGNOSIS is vehicle.workflow.state
    vehicle.reply({"causes": []})
    assert Reason.NOTHING_FOUND == vehicle.workflow.reason


@pytest.mark.parametrize("causes", [["thermostat"], []])
def test_a_diagnosis_from_before_the_raise_does_not_lower_the_priority(vehicle: CoreVehicle, causes: list[str]) -> None:
    vehicle.fault("P0128")
    vehicle.reply()
    first = vehicle.last_command
    vehicle.wait(1_000)
    vehicle.fault("P0217")
    vehicle.reply({"causes": causes, "severity": 0.1, "probability": 0.1}, first)
    assert (State.CUSTOMER_ENGAGEMENT, Priority.URGENT) == (vehicle.workflow.state, vehicle.workflow.priority)


def test_a_diagnosis_of_all_may_lower_the_priority(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    vehicle.reply()
    vehicle.wait(1_000)
    vehicle.fault("P0217")
    vehicle.reply({"causes": ["sensor"], "severity": 0.1, "probability": 0.1})
    assert Priority.ROUTINE is vehicle.workflow.priority


def test_what_was_booked_before_the_raise_is_given_up_if_it_is_too_late(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    vehicle.advance_to(State.SCHEDULING)
    first = vehicle.last_command
    vehicle.wait(1_000)
    vehicle.operator(OperatorAction.SET_PRIORITY, Priority.URGENT)
    vehicle.reply({"appointment_id": "a1", "start_ms": vehicle.at_ms + 9 * DAY_MS}, first)
    assert [State.SCHEDULED, State.SCHEDULING] == vehicle.path()[-2:]
    payload = vehicle.last_command.payload
    assert ("a1", "priority_raised") == (payload["replaces"], payload["rebook_reason"])
    vehicle.reply({"appointment_id": "a2", "start_ms": vehicle.at_ms + 9 * DAY_MS})
    assert State.SCHEDULED is vehicle.workflow.state


def test_what_was_booked_before_the_raise_stays_if_it_is_in_time(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    vehicle.advance_to(State.SCHEDULING)
    first = vehicle.last_command
    vehicle.wait(1_000)
    vehicle.operator(OperatorAction.SET_PRIORITY, Priority.URGENT)
    vehicle.reply({"appointment_id": "a1", "start_ms": vehicle.at_ms + HOUR_MS}, first)
    assert State.SCHEDULED is vehicle.workflow.state


def test_a_finding_of_the_same_priority_folds_without_a_new_command(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.wait(1_000)
    outcome = vehicle.fault("P0562")
    assert (["findings_folded"], []) == ([record.event for record in outcome.audit], outcome.commands)


def test_a_raised_priority_rebooks_an_appointment_that_is_too_late(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    start_ms = vehicle.at_ms + 10 * DAY_MS
    vehicle.advance_to(State.SCHEDULED, scheduling={"appointment_id": "a1", "start_ms": start_ms})
    vehicle.wait(1_000)
    vehicle.operator(OperatorAction.SET_PRIORITY, Priority.URGENT)
    assert State.SCHEDULING is vehicle.workflow.state
    payload = vehicle.last_command.payload
    assert ("a1", "priority_raised") == (payload["replaces"], payload["rebook_reason"])
    assert vehicle.at_ms + DAY_MS == payload["due_by_ms"]


def test_the_same_finding_does_not_reopen_within_its_cooldown(vehicle: CoreVehicle) -> None:
    _end_declined(vehicle, "P0301")
    vehicle.wait(24 * HOUR_MS - 1)
    assert [] == vehicle.fault("P0301").audit
    vehicle.wait(1)
    vehicle.fault("P0301")
    assert "v-1~1" == vehicle.workflow.workflow_id


def test_a_finding_that_has_become_more_urgent_is_not_held_back(vehicle: CoreVehicle) -> None:
    _end_declined(vehicle, "P0301")
    vehicle.wait(1_000)
    vehicle.fault("P0301", mil_flashing=True)
    assert ("v-1~1", Priority.URGENT) == (vehicle.workflow.workflow_id, vehicle.workflow.priority)


def test_a_finding_that_came_too_late_to_be_diagnosed_opens_the_next_workflow(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.wait(1_000)
    vehicle.fault("P0302")
    vehicle.reply({"answer": Answer.DECLINE})
    vehicle.wait(1_000)
    vehicle.fault("P0302")
    assert ("v-1~1", ["dtc:P0302"]) == (vehicle.workflow.workflow_id, [f.rule for f in vehicle.workflow.findings])


def test_an_urgent_finding_does_not_wait_for_feedback(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    vehicle.advance_to(State.FEEDBACK)
    vehicle.wait(1_000)
    outcome = vehicle.fault("P0217")
    assert State.COMPLETED is vehicle.path("v-1~0")[-1]
    assert (State.DATA_ANALYSIS, "v-1~1") == (vehicle.workflow.state, vehicle.workflow.workflow_id)
    assert ["v-1~0", "v-1~1"] == [status.workflow_id for status in outcome.status]
    older = vehicle.state.older
    assert older is not None
    side = next(c for c in vehicle.commands if c.agent is AgentType.MANUFACTURING_QUALITY)
    vehicle.reply({"claims": 2}, side)
    assert ("v-1~0", "side_task_ended") == (vehicle.audit[-1].workflow_id, vehicle.audit[-1].event)


def test_what_the_owner_was_told_is_a_duplicate(vehicle: CoreVehicle) -> None:
    _end_declined(vehicle, "P0301")
    vehicle.wait(1_000)
    vehicle.reading(check_requested=True)
    vehicle.reply({"anomalies": [{"description": "misfire", "rule": "dtc:P0301"}]})
    assert (State.COMPLETED, Reason.DUPLICATE) == (vehicle.workflow.state, vehicle.workflow.reason)


@pytest.mark.parametrize(
    ("agent", "result", "reason"),
    [
        ("data_analysis", {"anomalies": []}, Reason.NOTHING_FOUND),
        ("data_analysis", {"dismissed": ["dtc:P0301"]}, Reason.NOTHING_FOUND),
        ("diagnosis", {"causes": []}, Reason.NOTHING_FOUND),
        ("customer_engagement", {"answer": "DECLINE"}, Reason.DECLINED),
        ("customer_engagement", {"answer": "NO_ANSWER"}, Reason.NO_ANSWER),
        ("customer_engagement", {"answer": "NEED_INFO"}, Reason.NO_ANSWER),
        ("customer_engagement", {"answer": "WRONG_PERSON"}, Reason.NO_ANSWER),
    ],
)
def test_early_ends(vehicle: CoreVehicle, agent: str, result: dict[str, object], reason: Reason) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State(agent.upper()))
    vehicle.reply(result)
    assert (State.COMPLETED, reason) == (vehicle.workflow.state, vehicle.workflow.reason)
    told = agent == "customer_engagement"
    assert [AlertKind.OWNER_NOT_REACHED] * told == [alert.kind for alert in vehicle.alerts]


@pytest.mark.parametrize("answer", [Answer.DECLINE, Answer.NO_ANSWER, Answer.WRONG_PERSON, Answer.NEED_INFO])
def test_an_urgent_vehicle_is_never_just_closed(vehicle: CoreVehicle, answer: Answer) -> None:
    vehicle.fault("P0217")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    outcome = vehicle.reply({"answer": answer})
    assert [AlertKind.URGENT_UNRESOLVED] == [alert.kind for alert in outcome.alerts]
    assert State.COMPLETED is vehicle.workflow.state


def test_reschedule_goes_on_with_the_time_the_owner_prefers(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.reply({"answer": "RESCHEDULE", "preferred_from_ms": vehicle.at_ms + DAY_MS})
    assert State.SCHEDULING is vehicle.workflow.state
    assert vehicle.at_ms + DAY_MS == vehicle.last_command.payload["preferred_from_ms"]


def test_without_a_rating_the_triages_priority_stands(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0217")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    assert Priority.URGENT is vehicle.workflow.priority


def test_the_operators_priority_is_the_least_that_the_assessment_may_give(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.operator(OperatorAction.SET_PRIORITY, Priority.URGENT)
    assert (1, Priority.URGENT) == (vehicle.last_command.revision, vehicle.last_command.priority)
    vehicle.reply()
    vehicle.reply({"causes": ["coil"], "severity": 0.1, "probability": 0.1})
    assert Priority.URGENT is vehicle.workflow.priority


def _end_declined(vehicle: CoreVehicle, code: str) -> None:
    vehicle.fault(code)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.reply({"answer": Answer.DECLINE})


def test_a_check_that_is_due_waits_for_the_open_workflow(vehicle: CoreVehicle) -> None:
    _end_declined(vehicle, "P0562")
    vehicle.wait(1_000)
    vehicle.fault("P0562", check_requested=True)
    vehicle.advance_to(State.SCHEDULED, scheduling={"start_ms": vehicle.at_ms + 400 * DAY_MS})
    vehicle.wait(200 * DAY_MS)
    assert ([], State.SCHEDULED) == (vehicle.reading().audit, vehicle.workflow.state)


def test_a_late_check_takes_nothing_of_the_vehicle_back(vehicle: CoreVehicle) -> None:
    vehicle.reading(odometer_m=2_000_000.0, model="new")
    vehicle.wait(10_000)
    vehicle.reading(odometer_m=1_000_000.0, model="old", ts_ms=vehicle.at_ms - 600_000, check_requested=True)
    assert (2_000_000.0, "new") == (vehicle.state.odometer_m, vehicle.state.model)
