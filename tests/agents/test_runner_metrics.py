"""What runners serve: few series, however many vehicles there are."""

from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_schemas.messages import Failure, Reply
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import REPLY_OUTCOMES, SKIPPED, Metrics
from master_orchestrator_schemas.vocabulary import AgentType, FailureKind, Lane

MOST_SERIES = 1_600
"""Of a process with all six agents."""


def answered(vehicle: str, agent: AgentType, failure: Failure | None) -> Reply:
    return Reply(
        command_id=f"{vehicle}~0/{agent}/0/0",
        workflow_id=f"{vehicle}~0",
        vehicle_id=vehicle,
        agent=agent,
        worker="w",
        handled_in_ms=1,
        failure=failure,
    )


def test_ten_thousand_vehicles_make_no_more_series_than_none() -> None:
    metrics = Metrics(Process.RUNNER)
    metrics.topology_info.labels("0123456789ab").set(1)
    runners = {agent: RunnerMetrics(metrics, agent, workers=8) for agent in AgentType}
    none = sum(len(family.samples) for family in metrics.registry.collect())
    failures = [None, *(Failure(kind=kind, error="E", message="m") for kind in FailureKind)]
    lanes, agents = list(Lane), list(AgentType)
    for number in range(10_000):
        agent, lane = agents[number % 6], lanes[number // 6 % 4]
        runner = runners[agent]
        runner.waited(lane, 0.1)
        runner.replied(lane, answered(f"car-{number}", agent, failures[number // 24 % len(failures)]))
        runner.skipped(lane, SKIPPED[number // 24 % len(SKIPPED)])
        runner.set_counts({lane: number}, 1)

    assert len(REPLY_OUTCOMES) == len(failures)
    assert none == sum(len(family.samples) for family in metrics.registry.collect())
    assert none < MOST_SERIES
