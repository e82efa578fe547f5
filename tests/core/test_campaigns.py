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


def booked(vehicle: CoreVehicle) -> None:
    """The owner has agreed to an appointment tomorrow."""
    start_ms = vehicle.at_ms + 86_400_000
    vehicle.advance_to(State.SCHEDULED, scheduling={"start_ms": start_ms, "end_ms": start_ms + 3_600_000})


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


def test_a_human_is_told_of_urgent_work_that_has_to_wait(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    booked(vehicle)
    outcome = vehicle.campaign("R-1", priority=Priority.URGENT)
    assert [(AlertKind.URGENT_UNRESOLVED, Priority.URGENT)] == [(a.kind, a.priority) for a in outcome.alerts]


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
