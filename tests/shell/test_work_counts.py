"""Items of regular service are counted by what became of them."""

from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.core.inputs import Body
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator_schemas.metrics import PREFIX, Metrics
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms
from master_orchestrator_schemas.vocabulary import ServiceEventKind, State

LATE, LATER = {"last": {"date": "2022-11-20"}}, {"last": {"date": "2022-12-20"}}
PLANS = {
    "plans": {"car": {"oil": {"time": "12mo"}, "brake_fluid": {"time": "12mo"}, "wipers": {"time": "12mo"}}},
    "vehicles": {"v-1": {"plan": "car", "items": {"oil": LATE, "brake_fluid": LATER, "wipers": {"enabled": False}}}},
}


class CountedVehicle(CoreVehicle):
    """A vehicle whose outcomes are counted."""

    counts: EngineCounts

    def send(self, body: Body, *, traceparent: str | None = None) -> Outcome:
        before = self.state
        outcome = super().send(body, traceparent=traceparent)
        self.counts.outcome("topic", before, outcome)
        return outcome


def test_items_are_counted_by_what_became_of_them(topology: Topology) -> None:
    planned = topology.model_copy(update={"service_plans": ServicePlanTerms.model_validate(PLANS)})
    metrics, vehicle = Metrics(), CountedVehicle(policy_of(planned, feed=True))
    vehicle.counts = EngineCounts(metrics)

    def counted() -> dict[str, float]:
        samples = [sample for family in metrics.registry.collect() for sample in family.samples]
        return {s.labels["became"]: s.value for s in samples if s.name == f"{PREFIX}_service_items_total" and s.value}

    vehicle.reading()
    assert {"opened": 2} == counted(), "what is due within 45 days goes along"
    vehicle.advance_to(State.SCHEDULED, data_analysis={"anomalies": []}, diagnosis={"causes": []})
    vehicle.service(ServiceEventKind.COMPLETED, operations=("oil", "polish"))
    assert {"opened": 2, "done": 1} == counted()
