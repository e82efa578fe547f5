"""The demo's failing agents fail for some vehicles, by their ids alone, and never more often than is retried."""

from collections import Counter

from master_orchestrator.demo.stumbling import ONE_IN, failures_of
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType

VEHICLES = [f"demo-{number:04d}" for number in range(1, 401)]


def test_one_vehicle_in_some_meets_a_failing_agent_once_or_twice() -> None:
    drawn = Counter(failures_of(vehicle, AgentType.DIAGNOSIS) for vehicle in VEHICLES)
    assert {0, 1, 2} == set(drawn)
    assert 0.6 / ONE_IN < (drawn[1] + drawn[2]) / len(VEHICLES) < 1.6 / ONE_IN


def test_no_step_fails_for_good(topology: Topology) -> None:
    worst = max(failures_of(vehicle, agent) for vehicle in VEHICLES for agent in AgentType)
    assert worst <= len(topology.retry.waits_ms)
