"""What runners serve: few series, however many vehicles there are."""

from msgspec.structs import replace
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_schemas.messages import Failure, Reply, SessionAct
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import PREFIX, REPLY_OUTCOMES, SKIPPED, Metrics
from master_orchestrator_schemas.vocabulary import ActError, Action, ActOutcome, AgentType, FailureKind, Lane

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED, NOT_SAMPLED = (f"00-{TRACE_ID}-00f067aa0ba902b7-{flags}" for flags in ("01", "00"))
MAX_SERIES = 1_600
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
        runner.waited(lane, 0.1, SAMPLED)
        runner.replied(lane, answered(f"car-{number}", agent, failures[number // 24 % len(failures)]), SAMPLED)
        runner.skipped(lane, SKIPPED[number // 24 % len(SKIPPED)])
        runner.set_counts({lane: number}, 1)

    assert len(REPLY_OUTCOMES) == len(failures)
    assert none == sum(len(family.samples) for family in metrics.registry.collect())
    assert none < MAX_SERIES


def exemplars(metrics: Metrics) -> list[tuple[str, dict[str, str]]]:
    """Metric and labels of each exemplar that Prometheus gets."""
    page = generate_latest(metrics.registry).decode()  # type: ignore[no-untyped-call]  # prometheus_client has no types here
    families = text_string_to_metric_families(page)  # type: ignore[no-untyped-call]  # as above
    samples = [sample for family in families for sample in family.samples]
    return [(sample.name, sample.exemplar.labels) for sample in samples if sample.exemplar is not None]


def test_a_sampled_trace_is_an_exemplar_and_another_is_none() -> None:
    metrics = Metrics(Process.RUNNER)
    runner = RunnerMetrics(metrics, AgentType.DIAGNOSIS, workers=1)
    for traceparent in (None, NOT_SAMPLED):
        runner.waited(Lane.URGENT, 0.1, traceparent)
        runner.replied(Lane.URGENT, answered("car-1", AgentType.DIAGNOSIS, None), traceparent)
    assert [] == exemplars(metrics)
    runner.waited(Lane.URGENT, 0.1, SAMPLED)
    runner.replied(Lane.URGENT, answered("car-1", AgentType.DIAGNOSIS, None), SAMPLED)
    trace = {"trace_id": TRACE_ID}
    assert [
        (f"{PREFIX}_command_wait_seconds_bucket", trace),
        (f"{PREFIX}_handling_seconds_bucket", trace),
    ] == exemplars(metrics)


def test_acts_that_failed_are_counted_by_resource() -> None:
    """A message that a channel did not take, for one: the handler went on to the next."""
    metrics = Metrics(Process.RUNNER)
    runner = RunnerMetrics(metrics, AgentType.CUSTOMER_ENGAGEMENT, workers=1)
    sent = SessionAct(action=Action.SEND, resource="sms", outcome=ActOutcome.SUCCESS, error=ActError.NONE)
    runner.acted([sent, replace(sent, outcome=ActOutcome.FAILURE, error=ActError.UNAVAILABLE, count=2)])
    labels = {"agent": "CUSTOMER_ENGAGEMENT", "resource": "sms"}
    assert 2 == metrics.registry.get_sample_value(f"{PREFIX}_acts_failed_total", labels)
