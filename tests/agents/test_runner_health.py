"""Readiness and liveness of runners."""

import pytest
from support.agent_wire import AgentWire, running, wait_until

from master_orchestrator_agents.runner.health import NOT_ALIVE_AFTER_S, NOT_READY_AFTER_S, ProcessHealth, RunnerHealth
from master_orchestrator_schemas.health import HealthVerdict
from master_orchestrator_schemas.vocabulary import AgentType


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runner(clock: Clock) -> RunnerHealth:
    return RunnerHealth(AgentType.DIAGNOSIS, clock)


def test_a_member_of_the_group_that_polls_is_ready(runner: RunnerHealth, clock: Clock) -> None:
    assert HealthVerdict(ok=False, why="DIAGNOSIS joins or leaves its group") == runner.ready()
    assert runner.live().ok
    runner.polled(member=True)
    clock.now = NOT_READY_AFTER_S
    assert runner.ready().ok
    runner.polled(member=False)
    assert not runner.ready().ok


def test_one_that_polls_no_more_is_first_not_ready_and_then_not_alive(runner: RunnerHealth, clock: Clock) -> None:
    runner.polled(member=True)
    clock.now = NOT_READY_AFTER_S + 1
    assert (False, True) == (runner.ready().ok, runner.live().ok)
    clock.now = NOT_ALIVE_AFTER_S + 1
    assert HealthVerdict(ok=False, why="DIAGNOSIS has not polled for 91 s") == runner.live()


def test_a_process_is_as_ready_and_alive_as_the_worst_of_its_runners(runner: RunnerHealth, clock: Clock) -> None:
    other = RunnerHealth(AgentType.FEEDBACK, clock)
    fleet = ProcessHealth([runner, other])
    runner.polled(member=True)
    assert HealthVerdict(ok=False, why="FEEDBACK joins or leaves its group") == fleet.ready()
    other.polled(member=True)
    assert HealthVerdict(ok=True, why="members of their groups") == fleet.ready()
    clock.now = NOT_ALIVE_AFTER_S + 1
    other.polled(member=True)
    assert HealthVerdict(ok=False, why="DIAGNOSIS has not polled for 91 s") == fleet.live()


@pytest.mark.kafka
def test_a_runner_is_ready_once_its_group_has_taken_it_in_until_it_ends(wire: AgentWire) -> None:
    with running(wire, lambda _task: None) as runner:
        wait_until(lambda: runner.health.ready().ok, "readiness")
    assert not runner.health.ready().ok
