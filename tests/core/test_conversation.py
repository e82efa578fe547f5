"""A conversation with the owner: one command for each contact, the wait in the state, answers as inputs."""

import json
from typing import Any

import pytest
from support.core_vehicle import CoreVehicle

from master_orchestrator.core.decide.answers import ANSWERS, Lead
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import Conversation
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    AlertKind,
    Answer,
    Channel,
    OperatorAction,
    Priority,
    Purpose,
    Reason,
    ServiceEventKind,
    State,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
RATED: dict[Priority, dict[str, Any]] = {
    Priority.URGENT: {"safe_to_drive": False},
    Priority.HIGH: {"severity": 0.8, "probability": 0.8},
    Priority.SCHEDULED: {"severity": 0.5, "probability": 0.5},
    Priority.ROUTINE: {"severity": 0.1, "probability": 0.1},
}
"""Results of DIAGNOSIS that lead to each priority."""


def asked(policy: Policy, priority: Priority = Priority.HIGH) -> CoreVehicle:
    """A vehicle whose owner is about to be contacted."""
    vehicle = CoreVehicle(policy)
    vehicle.fault("P0420")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT, diagnosis={"causes": ["pump"], **RATED[priority]})
    assert priority is vehicle.workflow.priority
    return vehicle


def contacted(vehicle: CoreVehicle, channel: str | None = "push", wait_ms: int = 2 * HOUR_MS, **fields: Any) -> Outcome:
    """The agent has sent a message."""
    vehicle.wait(50)
    return vehicle.reply({"channel": channel, "waits_until_ms": vehicle.at_ms + wait_ms, **fields})


def conversation(vehicle: CoreVehicle) -> Conversation:
    held = vehicle.workflow.conversation
    assert held is not None
    return held


def task_of(vehicle: CoreVehicle) -> dict[str, Any]:
    """The newest command's, which is CUSTOMER_ENGAGEMENT's."""
    assert AgentType.CUSTOMER_ENGAGEMENT is vehicle.last_command.agent
    return vehicle.last_command.payload


def rejections(vehicle: CoreVehicle) -> list[str | None]:
    return [record.reason for record in vehicle.audit if record.event == "rejected"]


def test_a_contact_is_waited_for_in_the_state_and_the_next_is_a_new_command(policy: Policy) -> None:
    vehicle = asked(policy)
    first = vehicle.last_command
    assert [] == contacted(vehicle).commands
    assert State.CUSTOMER_ENGAGEMENT is vehicle.workflow.state
    (second,) = vehicle.tick().commands
    assert 2 * HOUR_MS + 50 <= second.issued_at_ms - first.issued_at_ms
    assert [(0, [], None), (1, ["push"], None)] == [
        (c.payload["turn"], c.payload["tried"], c.payload["heard"]) for c in (first, second)
    ]
    contacted(vehicle, "sms")
    vehicle.tick()
    assert ["push", "sms"] == task_of(vehicle)["tried"]


def test_an_agent_that_answers_at_once_with_the_whole_outcome_goes_on_as_ever(policy: Policy) -> None:
    vehicle = asked(policy)
    vehicle.reply({"answer": "ACCEPT"})
    assert (State.SCHEDULING, None) == (vehicle.workflow.state, vehicle.workflow.conversation)


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("answer", Answer)
def test_every_answer_leads_to_what_the_table_says(policy: Policy, answer: Answer, priority: Priority) -> None:
    vehicle = asked(policy, priority)
    contacted(vehicle)
    outcome = vehicle.answer(answer)
    issued = [command.agent for command in outcome.commands]
    called = [alert.kind for alert in outcome.alerts]
    observed = {
        (State.SCHEDULING, (AgentType.SCHEDULING,), False): Lead.BOOK,
        (State.CUSTOMER_ENGAGEMENT, (AgentType.CUSTOMER_ENGAGEMENT,), False): Lead.CONTACT,
        (State.CUSTOMER_ENGAGEMENT, (), False): Lead.RATE,
        (State.COMPLETED, (), False): Lead.END,
        (State.COMPLETED, (), True): Lead.CALL,
    }
    assert ANSWERS[answer][priority] is observed[vehicle.workflow.state, tuple(issued), bool(called)]


def test_an_answer_to_any_contact_counts_also_while_the_next_is_on_its_way(policy: Policy) -> None:
    vehicle = asked(policy)
    first = vehicle.last_command
    contacted(vehicle)
    vehicle.tick()
    second = vehicle.last_command
    vehicle.answer(Answer.ACCEPT, contact_id=first.command_id)
    assert State.SCHEDULING is vehicle.workflow.state
    vehicle.reply({"channel": "sms", "waits_until_ms": vehicle.at_ms + 1}, second)
    assert (["stale_reply"], State.SCHEDULING) == (rejections(vehicle), vehicle.workflow.state)


def test_an_answer_while_the_step_waits_for_its_retry_counts(policy: Policy) -> None:
    for answer, reached in (
        (Answer.ACCEPT, State.SCHEDULING),
        (Answer.NEED_INFO, State.CUSTOMER_ENGAGEMENT),
        (Answer.DECLINE, State.COMPLETED),
    ):
        vehicle = asked(policy)
        contacted(vehicle)
        vehicle.tick()
        vehicle.fail()
        assert State.RETRY is vehicle.workflow.state
        vehicle.answer(answer)
        assert reached is vehicle.workflow.state


def test_a_late_answer_is_recorded_and_changes_nothing(policy: Policy) -> None:
    vehicle = asked(policy)
    contacted(vehicle)
    vehicle.answer(Answer.ACCEPT)
    vehicle.answer(Answer.DECLINE, "late", channel=Channel.SMS)
    record = vehicle.audit[-1]
    assert ("rejected", "late_answer", "owner:sms") == (record.event, record.reason, record.actor)
    assert "late" == json.loads(record.details)["answer_id"]
    assert State.SCHEDULING is vehicle.workflow.state


def test_an_answer_to_what_was_said_before_the_episode_got_worse_does_not_count(policy: Policy) -> None:
    vehicle = asked(policy)
    first = vehicle.last_command
    contacted(vehicle)
    before_ms = vehicle.at_ms
    vehicle.wait(1_000)
    vehicle.reading(brake_fluid_low=True)
    vehicle.wait(30_000)
    vehicle.reading(brake_fluid_low=True)
    assert (State.DIAGNOSIS, None) == (vehicle.workflow.state, vehicle.workflow.conversation)
    vehicle.answer(Answer.ACCEPT)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.answer(Answer.ACCEPT, contact_id=first.command_id)
    vehicle.answer(Answer.ACCEPT, ts_ms=before_ms)
    assert (["late_answer"] * 3, State.CUSTOMER_ENGAGEMENT) == (rejections(vehicle), vehicle.workflow.state)
    assert (0, []) == (task_of(vehicle)["turn"], task_of(vehicle)["tried"])
    contacted(vehicle)
    vehicle.answer(Answer.ACCEPT)
    assert State.SCHEDULING is vehicle.workflow.state


def test_a_repeated_answer_leads_to_one_contact(policy: Policy) -> None:
    vehicle = asked(policy)
    contacted(vehicle)
    vehicle.answer(Answer.NEED_INFO, "a-1")
    assert ("NEED_INFO", ["push"]) == (task_of(vehicle)["heard"], task_of(vehicle)["tried"])
    contacted(vehicle)
    assert [] == vehicle.answer(Answer.NEED_INFO, "a-1").commands
    assert ["duplicate_answer"] == rejections(vehicle)


def test_the_offer_that_the_owner_chooses_goes_to_scheduling(policy: Policy) -> None:
    vehicle = asked(policy)
    start_ms = vehicle.at_ms + DAY_MS
    offers = [
        {"workshop_id": f"ws-{n}", "start_ms": start_ms + n, "end_ms": start_ms + HOUR_MS, "held_until_ms": start_ms}
        for n in (1, 2)
    ]
    contacted(vehicle, offers=offers)
    vehicle.tick()
    contacted(vehicle, "sms")
    vehicle.answer(Answer.ACCEPT, offer=3)
    assert (["unknown_offer"], State.CUSTOMER_ENGAGEMENT) == (rejections(vehicle), vehicle.workflow.state)
    vehicle.answer(Answer.ACCEPT, offer=2)
    assert offers[1] == vehicle.last_command.payload["chosen"]
    assert offers[1]["start_ms"] == vehicle.last_command.payload["preferred_from_ms"]


@pytest.mark.parametrize(("apart_ms", "called"), [(0, []), (HOUR_MS, [AlertKind.OWNER_NOT_REACHED])])
def test_an_owner_who_is_booked_for_another_time_than_the_chosen_one_is_called(
    policy: Policy, apart_ms: int, called: list[AlertKind]
) -> None:
    vehicle = asked(policy)
    start_ms = vehicle.at_ms + DAY_MS
    offer = {"workshop_id": "ws-1", "start_ms": start_ms, "end_ms": start_ms + HOUR_MS, "held_until_ms": start_ms}
    contacted(vehicle, offers=[offer])
    vehicle.answer(Answer.ACCEPT, offer=1)

    outcome = vehicle.reply({"start_ms": start_ms + apart_ms, "appointment_id": "ap-1"})

    assert State.SCHEDULED is vehicle.workflow.state
    assert called == [alert.kind for alert in outcome.alerts]


def test_a_chosen_offer_is_not_asked_for_again_once_it_fell_through(feed_policy: Policy) -> None:
    vehicle = asked(feed_policy)
    start_ms = vehicle.at_ms + DAY_MS
    offer = {"workshop_id": "ws-1", "start_ms": start_ms, "end_ms": start_ms + HOUR_MS, "held_until_ms": start_ms}
    contacted(vehicle, offers=[offer])
    vehicle.answer(Answer.ACCEPT, offer=1)
    vehicle.reply({"start_ms": start_ms, "appointment_id": "ap-1"})
    vehicle.service(ServiceEventKind.CANCELLED)
    assert (AgentType.SCHEDULING, None) == (vehicle.last_command.agent, vehicle.last_command.payload["chosen"])


@pytest.mark.parametrize("priority", [Priority.HIGH, Priority.SCHEDULED])
def test_a_wish_200_days_ahead_is_booked_for(policy: Policy, priority: Priority) -> None:
    vehicle = asked(policy, priority)
    contacted(vehicle)
    wish_ms = vehicle.at_ms + 200 * DAY_MS
    vehicle.answer(Answer.RESCHEDULE, preferred_from_ms=wish_ms)
    assert wish_ms == vehicle.last_command.payload["preferred_from_ms"]
    outcome = vehicle.reply({"start_ms": wish_ms, "appointment_id": "ap-1", "workshop_id": "ws-1"})
    assert State.SCHEDULED is vehicle.workflow.state
    late = [AlertKind.APPOINTMENT_LATE] if priority is Priority.HIGH else []
    assert late == [alert.kind for alert in outcome.alerts]


def test_opting_out_is_obeyed_by_every_later_task_whenever_it_comes(policy: Policy) -> None:
    vehicle = asked(policy, Priority.SCHEDULED)
    contacted(vehicle, "sms")
    vehicle.answer(Answer.OPT_OUT, channel=Channel.SMS)
    ended = vehicle.workflow
    assert (State.COMPLETED, Reason.DECLINED) == (ended.state, ended.reason)
    vehicle.answer(Answer.OPT_OUT, channel=Channel.PUSH, purpose=Purpose.SAFETY)
    assert ("maintenance/sms", "safety/push") == vehicle.state.opted_out
    vehicle.wait(400 * DAY_MS)
    vehicle.fault("C0035")
    vehicle.answer(Answer.OPT_OUT, channel=Channel.CALL, workflow_id=ended.workflow_id)
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT, diagnosis={"causes": ["pump"]})
    assert ["maintenance/call", "maintenance/sms", "safety/push"] == task_of(vehicle)["opted_out"]
    assert [] == vehicle.rejections


def test_opting_out_of_all_names_every_channel(policy: Policy) -> None:
    vehicle = asked(policy, Priority.URGENT)
    contacted(vehicle)
    vehicle.answer(Answer.OPT_OUT)
    assert sorted(f"maintenance/{channel}" for channel in Channel) == task_of(vehicle)["opted_out"]


def test_a_priority_raised_while_an_answer_is_waited_for_brings_the_next_contact_at_once(policy: Policy) -> None:
    vehicle = asked(policy, Priority.SCHEDULED)
    contacted(vehicle)
    (command,) = vehicle.operator(OperatorAction.SET_PRIORITY, Priority.URGENT).commands
    assert (Priority.URGENT, ["push"], 1) == (command.priority, command.payload["tried"], command.payload["turn"])


def test_a_cancelled_conversation_goes_on_after_a_redrive(policy: Policy) -> None:
    vehicle = asked(policy)
    contacted(vehicle)
    vehicle.operator(OperatorAction.CANCEL)
    vehicle.operator(OperatorAction.REDRIVE)
    assert ["push"] == task_of(vehicle)["tried"]
    contacted(vehicle, "sms")
    vehicle.answer(Answer.ACCEPT)
    assert State.SCHEDULING is vehicle.workflow.state


def test_a_conversation_ends_whatever_the_agent_asks_for(policy: Policy) -> None:
    vehicle = asked(policy)
    begun_ms, terms = vehicle.at_ms, policy.conversation
    for _ in range(terms.max_turns):
        contacted(vehicle, None, wait_ms=10_000 * DAY_MS)
        outcome = vehicle.tick()
    assert (State.COMPLETED, Reason.NO_ANSWER) == (vehicle.workflow.state, vehicle.workflow.reason)
    assert [AlertKind.OWNER_NOT_REACHED] == [alert.kind for alert in outcome.alerts]
    assert vehicle.at_ms - begun_ms <= terms.max_turns * (terms.max_wait_ms + 1_000)


def test_answers_that_cannot_be_meant_are_refused(policy: Policy) -> None:
    vehicle = asked(policy)
    first: Command = vehicle.last_command
    contacted(vehicle)
    vehicle.answer(Answer.ACCEPT, contact_id="somewhere/else")
    vehicle.answer(Answer.ACCEPT, contact_id=first.command_id.replace("/0/0", "/7/0"))
    assert ["unknown_contact"] * 2 == rejections(vehicle)
    vehicle.answer(Answer.ACCEPT, ts_ms=1)
    vehicle.answer(Answer.ACCEPT, workflow_id="v-1~99")
    assert ["timestamp_before_2000", "unknown_workflow"] == [rejection.code for rejection in vehicle.rejections]


def serviced(vehicle: CoreVehicle) -> str:
    """A workflow whose repair is completed, and whose owner was not asked."""
    vehicle.reading(check_requested=True)
    for _ in range(4):
        vehicle.reply()
    vehicle.reply({}, next(command for command in vehicle.commands if command.agent is AgentType.FEEDBACK))
    assert Reason.SERVICED == vehicle.workflow.reason
    return vehicle.workflow.workflow_id


def test_the_first_rating_of_a_repair_counts_and_a_bad_one_calls_a_human(vehicle: CoreVehicle) -> None:
    rated = serviced(vehicle)
    first = vehicle.answer(Answer.RATED, csat=1, nps=0, comment="nearly crashed")
    again = vehicle.answer(Answer.RATED, csat=5)

    assert [AlertKind.OWNER_DISSATISFIED] == [alert.kind for alert in first.alerts]
    assert '1 of 5, and says "nearly crashed"' in first.alerts[0].message
    assert ["owner_rated"] == [record.event for record in first.audit]
    assert (rated, 1) == tuple(json.loads(first.audit[0].details)[name] for name in ("rated", "csat"))
    assert ["duplicate_answer"] == [record.reason for record in again.audit]
    assert State.COMPLETED is vehicle.workflow.state


def test_a_repair_is_rated_though_the_vehicle_is_back(vehicle: CoreVehicle) -> None:
    rated = serviced(vehicle)
    vehicle.wait(100 * DAY_MS)
    vehicle.reading(check_requested=True)
    newest = vehicle.workflow.workflow_id
    outcome = vehicle.answer(Answer.RATED, workflow_id=rated, csat=2)

    assert rated != newest
    assert [(newest, "owner_rated")] == [(record.workflow_id, record.event) for record in outcome.audit]
    assert rated == json.loads(outcome.audit[0].details)["rated"]


@pytest.mark.parametrize("fields", [{"csat": 1}, {}])
def test_there_is_nothing_to_rate_before_the_repair(vehicle: CoreVehicle, fields: dict[str, Any]) -> None:
    if fields:
        vehicle.reading(check_requested=True)
    else:
        serviced(vehicle)
    outcome = vehicle.answer(Answer.RATED, **fields)

    assert ["nothing_to_rate"] == [record.reason for record in outcome.audit]
    assert [] == outcome.alerts


def test_the_next_task_says_which_contact_was_answered(policy: Policy) -> None:
    vehicle = asked(policy)
    first = vehicle.last_command
    contacted(vehicle)
    vehicle.tick()
    contacted(vehicle, "sms")
    vehicle.answer(Answer.WRONG_PERSON, contact_id=first.command_id)
    assert ("WRONG_PERSON", first.command_id) == (task_of(vehicle)["heard"], task_of(vehicle)["heard_contact"])
    contacted(vehicle, "call")
    vehicle.tick()
    assert (None, None) == (task_of(vehicle)["heard"], task_of(vehicle)["heard_contact"])


def in_feedback(vehicle: CoreVehicle) -> Command:
    """A vehicle whose repair is done and counted, and the command for FEEDBACK."""
    vehicle.reading(check_requested=True)
    vehicle.advance_to(State.FEEDBACK)
    last = {command.agent: command for command in vehicle.commands}
    vehicle.reply({}, last[AgentType.MANUFACTURING_QUALITY])
    return last[AgentType.FEEDBACK]


def test_a_survey_that_may_not_go_out_yet_is_asked_for_again_and_uses_up_no_retry(vehicle: CoreVehicle) -> None:
    command = in_feedback(vehicle)
    for _ in range(6):
        vehicle.reply({"waits_until_ms": vehicle.at_ms + 9 * HOUR_MS}, command)
        assert (State.RETRY, "asked_later") == (vehicle.workflow.state, vehicle.audit[-1].reason)
        (command,) = vehicle.tick().commands
        assert 9 * HOUR_MS == command.issued_at_ms - vehicle.audit[-2].at_ms
    vehicle.reply({}, command)
    assert (State.COMPLETED, Reason.SERVICED) == (vehicle.workflow.state, vehicle.workflow.reason)


def test_an_agent_that_puts_the_survey_off_for_ever_is_not_asked_for_ever(policy: Policy, vehicle: CoreVehicle) -> None:
    command, begun_ms = in_feedback(vehicle), vehicle.at_ms
    while vehicle.workflow.state is not State.COMPLETED:
        vehicle.reply({"waits_until_ms": vehicle.at_ms + 9_000 * DAY_MS}, command)
        if vehicle.workflow.state is State.RETRY:
            (command,) = vehicle.tick().commands
    terms = policy.conversation
    assert terms.max_turns == vehicle.workflow.executions["FEEDBACK"]
    assert vehicle.at_ms - begun_ms <= terms.max_turns * (terms.max_wait_ms + 1_000)


def test_what_the_owner_opted_out_of_is_in_the_survey_s_task_and_a_rating_counts_while_it_waits(
    vehicle: CoreVehicle,
) -> None:
    command = in_feedback(vehicle)
    vehicle.reply({"waits_until_ms": vehicle.at_ms + HOUR_MS}, command)
    vehicle.answer(Answer.OPT_OUT, channel=Channel.SMS, purpose=Purpose.FEEDBACK)
    (command,) = vehicle.tick().commands
    assert ["feedback/sms"] == command.payload["opted_out"]
    vehicle.reply({"waits_until_ms": vehicle.at_ms + HOUR_MS}, command)
    assert ["owner_rated"] == [record.event for record in vehicle.answer(Answer.RATED, csat=4).audit]
