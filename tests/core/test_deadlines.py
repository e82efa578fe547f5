"""A command's deadline: the wait in its lane and the time to handle it. What is answered by then does not time out."""

import json
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.core.step import deadlines
from master_orchestrator_schemas.messages import Command, Dtc
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, OperatorAction, Priority, State

TOPOLOGY = load_topology()
POLICY = policy_of(TOPOLOGY)
CODES = {Priority.URGENT: "P0217", Priority.HIGH: "P0301", Priority.SCHEDULED: "P0128"}
shares = st.floats(0, 1)
"""Of what is allowed."""


def allowed_ms(command: Command) -> tuple[int, int]:
    """The lane's wait and the time to handle the command, from the topology's file."""
    return (
        TOPOLOGY.lanes[command.priority.lane].max_wait_ms,
        TOPOLOGY.agents[command.agent].reply_within_ms,
    )


def opened(priority: Priority) -> CoreVehicle:
    """A vehicle whose workflow has this priority; without a finding it is a requested check."""
    vehicle = CoreVehicle(POLICY)
    code = CODES.get(priority)
    dtcs = () if code is None else (Dtc(code=code, status=0x08),)
    vehicle.reading(dtcs=dtcs, mil_on=bool(dtcs), check_requested=True)
    assert priority is vehicle.workflow.priority
    return vehicle


def until(vehicle: CoreVehicle, at_ms: int) -> None:
    """Let time pass, with every tick that comes due before ``at_ms``, each sent twice."""
    while due := [d for d in deadlines(vehicle.vehicle_id, vehicle.state) if d.due_ms < at_ms]:
        vehicle.tick(min(due))
        vehicle.send(vehicle.timer(min(due)))
    vehicle.at_ms = max(vehicle.at_ms, at_ms)


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(Priority),
    st.lists(st.tuples(shares, shares), min_size=6, max_size=6),
    st.none() | st.tuples(st.integers(0, 5), st.sampled_from(Priority)),
)
def test_what_is_answered_within_its_lane_s_wait_and_its_time_to_handle_never_times_out(
    priority: Priority, times: list[tuple[float, float]], change: tuple[int, Priority] | None
) -> None:
    """Any wait in the queue up to the lane's, then any handling up to the agent's; the priority may change once."""
    vehicle = opened(priority)
    answer_at: dict[str, int] = {}
    for answered in count():
        if change is not None and change[0] == answered and vehicle.workflow.is_open:
            vehicle.operator(OperatorAction.SET_PRIORITY, change[1])
        for command in vehicle.commands[len(answer_at) :]:
            spent = zip(times[len(answer_at) % len(times)], allowed_ms(command), strict=True)
            answer_at[command.command_id] = command.issued_at_ms + sum(int(share * ms) for share, ms in spent)
        waiting = outstanding(vehicle)
        if not waiting:
            break
        command = min(waiting, key=lambda each: answer_at[each.command_id])
        until(vehicle, answer_at[command.command_id])
        vehicle.reply(None, command)
    assert not [record for record in vehicle.audit if record.reason == "timeout"]
    assert not vehicle.recorded("step_failed")
    assert vehicle.recorded("workflow_completed")


def outstanding(vehicle: CoreVehicle) -> list[Command]:
    """The commands whose replies are waited for; one that was issued again on another lane is not."""
    workflow = vehicle.workflow
    executions = [workflow.execution] if workflow.is_open and workflow.execution is not None else []
    executions += [] if workflow.side is None else [workflow.side.execution]
    newest = {(each.step, each.attempt, each.revision) for each in executions}
    return [each for each in vehicle.commands if (each.agent, each.attempt, each.revision) in newest]


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("retries", range(4))
def test_every_retry_has_its_lane_s_wait_again(priority: Priority, retries: int) -> None:
    vehicle = opened(priority)
    for _ in range(retries):
        vehicle.tick()  # no reply by the deadline
        vehicle.tick()  # the wait before the retry is over
    command = vehicle.last_command
    assert (retries, sum(allowed_ms(command))) == (command.attempt, command.deadline_ms - command.issued_at_ms)


def test_a_retry_after_the_priority_was_lowered_has_the_slower_lane_s_time(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0301")
    vehicle.fail()
    vehicle.operator(OperatorAction.SET_PRIORITY, Priority.ROUTINE)
    vehicle.tick()
    command = vehicle.last_command
    assert (Priority.ROUTINE, 31 * 60_000) == (command.priority, command.deadline_ms - command.issued_at_ms)


def test_an_appointment_given_up_for_a_higher_priority_is_rebooked_on_that_lane_s_time(vehicle: CoreVehicle) -> None:
    vehicle.fault("P0128")
    start_ms = vehicle.at_ms + 10 * 86_400_000
    vehicle.advance_to(State.SCHEDULED, scheduling={"start_ms": start_ms, "end_ms": start_ms + 3_600_000})
    vehicle.operator(OperatorAction.SET_PRIORITY, Priority.URGENT)
    command = vehicle.last_command
    assert (AgentType.SCHEDULING, Priority.URGENT) == (command.agent, command.priority)
    assert 61_000 == command.deadline_ms - command.issued_at_ms
    assert command.deadline_ms == json.loads(vehicle.audit[-1].details)["deadline_ms"]
