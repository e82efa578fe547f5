"""A campaign's work on a vehicle: opened once, taken in while the owner can be asked, else remembered.

``CoreVehicle`` checks after every input that each campaign is in one workflow; ``test_any_sequence.py`` sends them in
any order.
"""

import json

import pytest
from support.core_vehicle import CoreVehicle

from master_orchestrator.core.state import Workflow
from master_orchestrator_schemas.messages import Campaign
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    AlertKind,
    Answer,
    OperatorAction,
    Priority,
    Reason,
    State,
)

CLOSE = OperatorAction.CLOSE_CAMPAIGN
HOSE = {"name": "replace_hose", "labour_hours": 1.0, "skill": "general", "bay": "standard", "parts": []}


def held(workflow: Workflow) -> list[tuple[str, bool]]:
    """The campaigns of a workflow, and whether they wait for its end."""
    return [(work.campaign_id, work.waits) for work in workflow.campaigns]


def booked(vehicle: CoreVehicle, days: int = 1) -> None:
    """The owner has agreed to an appointment, ``days`` from now."""
    start_ms = vehicle.at_ms + days * 86_400_000
    booking = {"appointment_id": "a-1", "start_ms": start_ms, "end_ms": start_ms + 3_600_000}
    vehicle.advance_to(State.SCHEDULED, scheduling=booking)


def waits_for_answer(vehicle: CoreVehicle) -> None:
    """The owner has been contacted about a finding, and has not answered."""
    vehicle.fault("P0301")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.reply({"channel": "push", "waits_until_ms": vehicle.at_ms + 3_600_000})


def test_a_vehicle_of_which_nothing_is_known_gets_a_workflow_that_begins_with_its_owner(vehicle: CoreVehicle) -> None:
    vehicle.campaign("R-1", reason="CAPA 17")

    assert [State.PENDING, State.CUSTOMER_ENGAGEMENT] == vehicle.path()
    assert Priority.SCHEDULED is vehicle.workflow.priority
    assert ("operator:ada", "campaign") == (vehicle.audit[0].actor, vehicle.audit[0].reason)
    assert "CAPA 17" == json.loads(vehicle.audit[0].details)["because"]
    payload = vehicle.last_command.payload
    assert [{"campaign_id": "R-1", "title": "The hose may leak"}] == payload["campaigns"]
    assert [HOSE] == payload["operations"]


def test_its_work_is_booked_and_done(vehicle: CoreVehicle) -> None:
    vehicle.campaign("R-1")
    vehicle.advance_to(State.SCHEDULING)
    assert [HOSE] == vehicle.last_command.payload["operations"]
    vehicle.advance_to(State.COMPLETED)
    assert (Reason.SERVICED, [("R-1", False)]) == (vehicle.workflow.reason, held(vehicle.workflow))


def test_a_second_request_opens_nothing(vehicle: CoreVehicle) -> None:
    vehicle.campaign("R-1")
    again = vehicle.campaign("R-1")
    vehicle.advance_to(State.COMPLETED)
    vehicle.campaign("R-1")
    assert [] == again.commands
    assert ["duplicate_campaign"] * 2 == [record.reason for record in vehicle.recorded("rejected")]
    assert {"v-1~0"} == vehicle.statuses.keys()


def test_work_joins_while_the_owner_has_not_been_asked(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    vehicle.campaign("R-1", priority=Priority.HIGH)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT, diagnosis={"operations": ["replace_thermostat"]})
    names = [operation["name"] for operation in vehicle.last_command.payload["operations"]]
    assert ["replace_thermostat", "replace_hose"] == names
    assert Priority.HIGH is vehicle.workflow.priority


def test_an_owner_who_is_being_asked_is_asked_about_all_of_it(vehicle: CoreVehicle) -> None:
    waits_for_answer(vehicle)
    first = vehicle.last_command.command_id
    vehicle.campaign("R-1")
    assert first != vehicle.last_command.command_id
    assert ["R-1"] == [notice["campaign_id"] for notice in vehicle.last_command.payload["campaigns"]]
    vehicle.answer(Answer.DECLINE, contact_id=first)
    assert "late_answer" == vehicle.audit[-1].reason
    vehicle.answer(Answer.ACCEPT, contact_id=vehicle.last_command.command_id)
    assert State.SCHEDULING is vehicle.workflow.state


def test_work_waits_for_the_end_of_what_is_booked(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    booked(vehicle)
    vehicle.campaign("R-1")
    assert [("R-1", True)] == held(vehicle.workflow)
    assert ["R-1"] == list(vehicle.statuses["v-1~0"].campaigns_waiting)
    vehicle.advance_to(State.FEEDBACK)
    feedback = next(c for c in reversed(vehicle.commands) if c.agent is AgentType.FEEDBACK)
    vehicle.reply({}, feedback)
    assert ("v-1~1", State.CUSTOMER_ENGAGEMENT) == (vehicle.workflow.workflow_id, vehicle.workflow.state)
    assert [("R-1", False)] == held(vehicle.workflow)
    assert "v-1~0" == json.loads(vehicle.recorded("workflow_opened")[-1].details)["after"]


def test_the_owner_is_told_at_once_of_a_recall_that_is_more_urgent_than_what_is_booked(vehicle: CoreVehicle) -> None:
    """A ROUTINE booking stands in twelve days: URGENT work is not left until then."""
    vehicle.reading(check_requested=True)
    booked(vehicle, days=12)
    vehicle.campaign("R-1", priority=Priority.URGENT)
    asked = vehicle.last_command
    assert (State.CUSTOMER_ENGAGEMENT, Priority.URGENT) == (vehicle.workflow.state, vehicle.workflow.priority)
    assert ["R-1"] == [notice["campaign_id"] for notice in asked.payload["campaigns"]]
    assert [HOSE] == asked.payload["operations"]
    assert [("R-1", True)] == held(vehicle.workflow), "the booking that stands knows nothing of it"

    vehicle.reply({"answer": Answer.ACCEPT})
    booking = vehicle.last_command
    assert [("R-1", False)] == held(vehicle.workflow)
    assert (AgentType.SCHEDULING, [HOSE]) == (booking.agent, booking.payload["operations"])
    assert ("a-1", "priority_raised") == (booking.payload["replaces"], booking.payload["rebook_reason"])
    assert booking.payload["due_by_ms"] <= vehicle.at_ms + vehicle.policy.due_ms(Priority.URGENT)
    vehicle.advance_to(State.COMPLETED)
    assert [("v-1~0", [("R-1", False)])] == [(vehicle.workflow.workflow_id, held(vehicle.workflow))]


@pytest.mark.parametrize("answer", [Answer.DECLINE, Answer.NO_ANSWER])
def test_the_booking_stands_if_the_owner_does_not_agree_to_an_earlier_one(vehicle: CoreVehicle, answer: Answer) -> None:
    """A human is called and told what it is about, and the owner is asked again when the booked work is done."""
    vehicle.reading(check_requested=True)
    booked(vehicle, days=12)
    vehicle.campaign("R-1", priority=Priority.URGENT)
    outcome = vehicle.reply({"answer": answer})
    assert (State.SCHEDULED, "a-1") == (vehicle.workflow.state, vehicle.statuses["v-1~0"].appointment_id)
    assert [("R-1", True)] == held(vehicle.workflow)
    assert [AlertKind.URGENT_UNRESOLVED] == [alert.kind for alert in outcome.alerts]
    assert "R-1 (The hose may leak)" in outcome.alerts[0].message
    while vehicle.workflow.workflow_id == "v-1~0":
        vehicle.tick()
    assert [("R-1", False)] == held(vehicle.workflow)
    assert (State.CUSTOMER_ENGAGEMENT, Priority.URGENT) == (vehicle.workflow.state, vehicle.workflow.priority)


@pytest.mark.parametrize("fails", [False, True])
def test_an_owner_who_has_agreed_to_less_urgent_work_is_asked_before_it_is_booked(
    vehicle: CoreVehicle, fails: bool
) -> None:
    """Nothing stands, so a refusal is one of all of it."""
    vehicle.reading(check_requested=True)
    vehicle.advance_to(State.SCHEDULING, customer_engagement={"answer": "ACCEPT", "preferred_from_ms": 9_000})
    if fails:
        vehicle.fail()
    vehicle.campaign("R-1", priority=Priority.HIGH)
    assert (State.CUSTOMER_ENGAGEMENT, Priority.HIGH) == (vehicle.workflow.state, vehicle.workflow.priority)
    assert [("R-1", False)] == held(vehicle.workflow)
    assert vehicle.workflow.facts.preferred_from_ms is None, "wished for when there was more time"
    vehicle.reply({"answer": "DECLINE"})
    assert (Reason.DECLINED.value, ["v-1~0"]) == (vehicle.workflow.reason, [*vehicle.statuses])


def test_an_owner_who_is_asked_about_an_earlier_time_is_asked_about_a_recall_along_with_it(
    vehicle: CoreVehicle,
) -> None:
    vehicle.fault("P0128")
    booked(vehicle, days=12)
    vehicle.fault("P0217")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    assert vehicle.workflow.standing is not None
    vehicle.campaign("R-1")
    vehicle.campaign("R-2", priority=Priority.HIGH)
    assert ["R-2"] == [notice["campaign_id"] for notice in vehicle.last_command.payload["campaigns"]]
    vehicle.reply({"answer": Answer.ACCEPT})
    assert [("R-1", True), ("R-2", False)] == held(vehicle.workflow)


def test_a_recall_comes_along_where_the_owner_is_going_to_be_asked_about_an_earlier_time(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    booked(vehicle, days=12)
    vehicle.fault("P0301")
    assert (State.DIAGNOSIS, Priority.HIGH) == (vehicle.workflow.state, vehicle.workflow.priority)
    outcome = vehicle.campaign("R-1", priority=Priority.URGENT)
    assert [] == outcome.alerts
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    assert Priority.URGENT is vehicle.workflow.priority
    assert ["R-1"] == [notice["campaign_id"] for notice in vehicle.last_command.payload["campaigns"]]


def test_urgent_work_raises_a_workflow_whose_owner_has_not_been_asked(vehicle: CoreVehicle) -> None:
    vehicle.reading(check_requested=True)
    outcome = vehicle.campaign("R-1", priority=Priority.URGENT)
    assert (AgentType.DATA_ANALYSIS, Priority.URGENT) == (outcome.commands[0].agent, outcome.commands[0].priority)
    assert [("R-1", False)] == held(vehicle.workflow)


def test_urgent_work_does_not_wait_for_feedback(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.FEEDBACK)
    outcome = vehicle.campaign("R-1", priority=Priority.HIGH)
    assert Reason.SERVICED is vehicle.statuses["v-1~0"].reason
    assert ("v-1~1", [("R-1", False)]) == (vehicle.workflow.workflow_id, held(vehicle.workflow))
    assert [] == outcome.alerts


@pytest.mark.parametrize(("state", "of"), [(State.IN_SERVICE, Priority.URGENT), (State.SCHEDULED, Priority.HIGH)])
def test_a_human_is_told_of_urgent_work_that_has_to_wait(vehicle: CoreVehicle, state: State, of: Priority) -> None:
    """The car is at the workshop, or what is booked is as urgent."""
    vehicle.fault("P0301")
    booked(vehicle)
    vehicle.advance_to(state)
    assert Priority.HIGH is vehicle.workflow.priority
    outcome = vehicle.campaign("R-1", priority=of)
    kind = AlertKind.URGENT_UNRESOLVED if of is Priority.URGENT else AlertKind.OWNER_NOT_REACHED
    assert [(kind, of)] == [(alert.kind, alert.priority) for alert in outcome.alerts]
    assert [("R-1", True)] == held(vehicle.workflow)


def test_where_nothing_is_found_the_owner_is_still_asked_about_the_campaign(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.campaign("R-1")
    vehicle.reply({"anomalies": []})
    assert Reason.NOTHING_FOUND is vehicle.statuses["v-1~0"].reason
    assert ("v-1~1", [("R-1", False)]) == (vehicle.workflow.workflow_id, held(vehicle.workflow))


def test_a_refusal_ends_it(vehicle: CoreVehicle) -> None:
    vehicle.campaign("R-1")
    vehicle.reply({"answer": Answer.DECLINE})
    assert (State.COMPLETED, Reason.DECLINED) == (vehicle.workflow.state, vehicle.workflow.reason)
    assert {"v-1~0"} == vehicle.statuses.keys()


@pytest.mark.parametrize("redriven", [True, False])
def test_the_work_of_a_failed_workflow_is_redriven_or_goes_into_the_next_one(
    vehicle: CoreVehicle, redriven: bool
) -> None:
    vehicle.campaign("R-1")
    for _ in range(4):
        vehicle.fail()
        if vehicle.workflow.is_open:
            vehicle.tick()
    assert State.FAILED is vehicle.workflow.state
    if redriven:
        vehicle.operator(OperatorAction.REDRIVE)
    else:
        vehicle.fault("P0301")
    assert [("R-1", False)] == held(vehicle.workflow)
    vehicle.advance_to(State.COMPLETED)
    assert ("v-1~0" if redriven else "v-1~1") == vehicle.workflow.workflow_id


def test_a_cancel_gives_its_work_up_and_lets_what_waits_go_on(vehicle: CoreVehicle) -> None:
    vehicle.campaign("R-1")
    booked(vehicle)
    vehicle.campaign("R-2")
    vehicle.operator(OperatorAction.CANCEL)
    assert ("v-1~1", [("R-2", False)]) == (vehicle.workflow.workflow_id, held(vehicle.workflow))


def test_a_close_withdraws_what_waits_and_it_can_be_opened_again(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    booked(vehicle)
    vehicle.campaign("R-1")
    vehicle.campaign("R-1", CLOSE, campaign=Campaign(campaign_id="R-1"))
    assert [] == held(vehicle.workflow)
    vehicle.campaign("R-1")
    assert [("R-1", True)] == held(vehicle.workflow)


def test_what_is_under_way_goes_on_after_a_close(vehicle: CoreVehicle) -> None:
    vehicle.campaign("R-1")
    vehicle.campaign("R-1", CLOSE)
    vehicle.advance_to(State.COMPLETED)
    assert [("R-1", False)] == held(vehicle.workflow)


def test_more_than_three_at_once_are_rejected_and_can_be_opened_later(vehicle: CoreVehicle) -> None:
    for number in range(4):
        vehicle.campaign(f"R-{number}")
    assert "too_many_campaigns" == vehicle.audit[-1].reason
    vehicle.advance_to(State.COMPLETED)
    vehicle.campaign("R-3")
    assert [("R-3", False)] == held(vehicle.workflow)


@pytest.mark.parametrize("campaign", [None, Campaign(campaign_id="R-1")])
def test_without_the_work_there_is_nothing_to_open(vehicle: CoreVehicle, campaign: Campaign | None) -> None:
    assert "campaign_missing" in str(vehicle.campaign("R-1", campaign=campaign).rejection)


def test_a_campaign_that_the_vehicle_takes_no_part_in_cannot_be_closed(vehicle: CoreVehicle) -> None:
    assert "unknown_campaign" in str(vehicle.campaign("R-1", CLOSE).rejection)
