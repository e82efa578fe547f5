"""Failures, time-outs, retries, and giving up."""

import json

import pytest
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.core.step import deadlines
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import (
    AgentType,
    AlertKind,
    FailureKind,
    OperatorAction,
    Priority,
    Reason,
    State,
)


def test_retries_wait_2_4_and_8_seconds_then_the_workflow_fails(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    waits = []
    for _ in range(3):
        vehicle.fail()
        (deadline,) = deadlines("v-1", vehicle.state)
        waits.append(deadline.due_ms - vehicle.at_ms)
        vehicle.tick()
    outcome = vehicle.fail()

    assert [2_000, 4_000, 8_000] == waits
    assert [State.RETRY, State.FAILED] == vehicle.path()[-2:]
    assert Reason.RETRIES_EXHAUSTED == vehicle.workflow.reason
    assert [AlertKind.WORKFLOW_FAILED] == [alert.kind for alert in outcome.alerts]
    assert [vehicle.last_command] == outcome.failed_commands
    assert [] == deadlines("v-1", vehicle.state)


def test_an_agent_may_lengthen_the_wait_and_not_shorten_it(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.fail(retry_after_ms=90_000)
    assert 90_000 == min(deadlines("v-1", vehicle.state)).due_ms - vehicle.at_ms
    vehicle.tick()
    vehicle.fail(retry_after_ms=10)
    assert 4_000 == min(deadlines("v-1", vehicle.state)).due_ms - vehicle.at_ms


def test_no_place_is_asked_for_again_and_again_and_never_fails(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.SCHEDULING)
    alerts, waits = [], []
    for _ in range(6):
        outcome = vehicle.reply({"status": "CANCELLED", "no_place": True})
        alerts += [alert.kind for alert in outcome.alerts]
        (deadline,) = deadlines("v-1", vehicle.state)
        waits.append(deadline.due_ms - vehicle.at_ms)
        vehicle.tick()
    for _ in range(3):  # the budget of retries is still there
        vehicle.fail()
        vehicle.tick()
    vehicle.reply({"start_ms": vehicle.at_ms + 3_600_000})

    assert Priority.HIGH is vehicle.workflow.priority
    assert [AlertKind.APPOINTMENT_LATE] == alerts
    assert [3_600_000] * 6 == waits
    assert State.SCHEDULED is vehicle.workflow.state


def test_no_reply_by_the_deadline_is_a_failure(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    deadline_ms = vehicle.last_command.deadline_ms
    vehicle.tick()
    assert deadline_ms == vehicle.at_ms
    assert State.RETRY is vehicle.workflow.state
    assert "timeout" == vehicle.audit[-1].reason


def test_early_late_and_repeated_ticks_do_nothing(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    (first,) = deadlines("v-1", vehicle.state)
    assert [] == vehicle.send(vehicle.timer(first)).audit
    vehicle.reply()
    vehicle.wait(10**8)
    assert [] == vehicle.send(vehicle.timer(first)).audit
    assert State.DIAGNOSIS is vehicle.workflow.state


def test_a_permanent_failure_ends_at_once(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    outcome = vehicle.fail(FailureKind.PERMANENT)
    assert Reason.AGENT_REJECTED == vehicle.workflow.reason
    assert [AlertKind.WORKFLOW_FAILED] == [alert.kind for alert in outcome.alerts]
    assert [] == outcome.failed_commands


@pytest.mark.parametrize(
    "result",
    [None, {"severity": 7}, {"anomalies": 3}, {"extras": {"a": "{"}}, {"extras": {"a": "[" * 50_000}}, {"extras": [1]}],
)
def test_a_malformed_result_is_a_retryable_failure(vehicle: CoreVehicle, result: dict[str, object] | None) -> None:
    vehicle.fault("P0301")
    if result == {"severity": 7}:
        vehicle.reply()
    vehicle.send(vehicle.reply_to(vehicle.last_command, result=result))
    assert (State.RETRY, "invalid_result") == (vehicle.workflow.state, vehicle.audit[-1].reason)


def test_times_beyond_the_year_9999_are_a_malformed_result(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.SCHEDULING)
    vehicle.send(vehicle.reply_to(vehicle.last_command, result={"start_ms": 2**62}))
    assert "invalid_result" == vehicle.audit[-1].reason


def test_a_reply_to_an_earlier_attempt_is_stale(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    first = vehicle.last_command
    vehicle.tick()
    vehicle.reply(None, first)
    assert ("rejected", "stale_reply", State.RETRY) == _last(vehicle)
    vehicle.tick()
    vehicle.reply(None, first)
    assert ("rejected", "stale_reply", State.DATA_ANALYSIS) == _last(vehicle)
    vehicle.reply()
    vehicle.reply(None, first)
    assert ("rejected", "stale_reply", State.DIAGNOSIS) == _last(vehicle)


def test_replies_to_what_was_never_asked_are_told_apart(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    command = vehicle.last_command
    for command_id in (
        "v-1~0/DATA_ANALYSIS/1/0",
        "v-1~0/DATA_ANALYSIS/0/1",
        "v-1~0/DIAGNOSIS/0/0",
        "v-1~0/DATA_ANALYSIS/00/0",
        "v-1~0",
    ):
        vehicle.send(vehicle.reply_to(command, command_id=command_id, result={}))
        assert ("rejected", "unknown_command", State.DATA_ANALYSIS) == _last(vehicle)
    vehicle.send(vehicle.reply_to(command, agent=AgentType.DIAGNOSIS, result={}))
    assert ("rejected", "wrong_agent", State.DATA_ANALYSIS) == _last(vehicle)
    vehicle.send(vehicle.reply_to(command, workflow_id="v-1~9", result={}))
    assert ["unknown_workflow"] == [rejection.code for rejection in vehicle.rejections]


def test_a_redrive_gives_a_fresh_budget_with_new_command_ids(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.reply()
    for _ in range(3):
        vehicle.fail()
        vehicle.tick()
    vehicle.fail()
    outcome = vehicle.operator(OperatorAction.REDRIVE)
    assert [State.FAILED, State.RETRY, State.DIAGNOSIS] == vehicle.path()[-3:]
    assert ["v-1~0/DIAGNOSIS/4/0"] == [command.command_id for command in outcome.commands]
    for _ in range(3):
        vehicle.fail()
        assert State.RETRY is vehicle.workflow.state
        vehicle.tick()
    vehicle.fail()
    assert State.FAILED is vehicle.workflow.state


def test_feedback_closes_without_an_answer_and_never_fails(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.FEEDBACK)
    feedback = next(c for c in vehicle.commands if c.agent is AgentType.FEEDBACK)
    for _ in range(3):
        vehicle.fail(command=feedback)
        retry = min(d for d in deadlines("v-1", vehicle.state) if d.deadline_id.startswith("retry"))
        vehicle.tick(retry)
        feedback = vehicle.last_command
    vehicle.fail(command=feedback)
    assert (State.COMPLETED, Reason.SERVICED) == (vehicle.workflow.state, vehicle.workflow.reason)
    assert [] == vehicle.alerts


def test_silence_closes_feedback_at_its_deadline(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.FEEDBACK)
    feedback = next(d for d in deadlines("v-1", vehicle.state) if d.deadline_id.startswith("reply"))
    vehicle.tick(feedback)
    assert (State.COMPLETED, Reason.SERVICED) == (vehicle.workflow.state, vehicle.workflow.reason)
    assert "timeout" == json.loads(vehicle.audit[-1].details)["feedback"]


def test_the_side_task_has_the_same_retries_and_holds_nothing_back(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.advance_to(State.COMPLETED)
    sides = [command for command in vehicle.commands if command.agent is AgentType.MANUFACTURING_QUALITY]
    assert State.COMPLETED is vehicle.workflow.state
    for _ in range(3):
        vehicle.fail(command=sides[-1])
        vehicle.tick()
        sides.append(vehicle.last_command)
    outcome = vehicle.fail(command=sides[-1])
    assert [0, 1, 2, 3] == [command.attempt for command in sides]
    assert [sides[-1]] == outcome.failed_commands
    assert ([], State.COMPLETED) == (vehicle.alerts, vehicle.workflow.state)
    assert "given_up" == vehicle.audit[-1].reason


def test_optional_agents_are_skipped_and_the_trail_says_so(topology: Topology) -> None:
    without = (AgentType.FEEDBACK, AgentType.MANUFACTURING_QUALITY)
    vehicle = CoreVehicle(policy_of(topology, without=without))
    vehicle.reading(check_requested=True)
    for _ in range(4):
        vehicle.reply()
    assert State.COMPLETED is vehicle.workflow.state
    skipped = [json.loads(record.details)["step"] for record in vehicle.recorded("step_skipped")]
    assert ["MANUFACTURING_QUALITY", "FEEDBACK"] == skipped
    assert State.FEEDBACK in vehicle.path()


def _last(vehicle: CoreVehicle) -> tuple[str, str | None, State]:
    record = vehicle.audit[-1]
    return record.event, record.reason, record.to_state
