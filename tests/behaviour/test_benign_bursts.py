"""A fleet that wakes up, a backlog after an outage and a redrive of 1,000 alarm nobody in a house that is known.

All six agents, an operator, a gateway and a workshop have worked for eight days under the project's own charters; then
each burst comes on top. ``tests/chaos`` and docs/ueba.md say what was seen on a real system.
"""

import json
from collections.abc import Callable, Iterator, Mapping

import pytest
from support.actor_partition import MINUTE_MS, ActorPartition, Worker

from master_orchestrator.behaviour.acts import HOUR_MS
from master_orchestrator_schemas.messages import Activity, ActorRecord, Control, SessionAct
from master_orchestrator_schemas.vocabulary import ActError, Action, ActOutcome

SEVERE = 70
ALERTED = 40
KNOWN_DAYS = 8
USUAL_VEHICLES = 20
"""Of a gateway in a minute: a fleet of 1,200 that reports by the hour."""
FLEET = 1_200

Acts = tuple[SessionAct, ...]


def act(action: Action, resource: str, count: int = 1, rows: int = 1) -> SessionAct:
    return SessionAct(action=action, resource=resource, count=count, rows=count * rows, max_rows=rows)


AGENTS: Mapping[str, Acts] = {
    "agent:DATA_ANALYSIS": (act(Action.READ, "telemetry", rows=200), act(Action.WRITE, "analysis_report")),
    "agent:DIAGNOSIS": (
        act(Action.READ, "analysis_report"),
        act(Action.READ, "dtc_kb"),
        act(Action.WRITE, "diagnosis"),
    ),
    "agent:CUSTOMER_ENGAGEMENT": (act(Action.READ, "customer_profile"), act(Action.SEND, "push")),
    "agent:SCHEDULING": (act(Action.READ, "center_capacity", rows=40), act(Action.WRITE, "appointment", count=2)),
    "agent:FEEDBACK": (act(Action.SEND, "survey"), act(Action.WRITE, "feedback")),
    "agent:MANUFACTURING_QUALITY": (act(Action.READ, "production_register", rows=60), act(Action.WRITE, "capa")),
}
"""What each does in one command."""


class KnownHouse:
    """Everybody has worked here for some days."""

    def __init__(self) -> None:
        self.partition = ActorPartition()
        self.agents = {name: Worker(self.partition, name) for name in AGENTS}
        self.ada = Worker(self.partition, "operator:ada", "cli@h")
        self.gateway = Worker(self.partition, "gateway:north", "engine-0")
        self.workshop = Worker(self.partition, "workshop:north", "engine-0")
        for _ in range(KNOWN_DAYS * 24):
            self._usual_hour()
        self.before = len(self.partition.out(ActorRecord))

    def _usual_hour(self) -> None:
        self.apply(
            *(done for number in range(10) for done in self.workflow(f"usual-{number}")),
            *(self.ada.session(act(Action.ADMIN, "workflow"), entity=None) for _ in range(3)),
            *(self.minute(USUAL_VEHICLES) for _ in range(3)),
            then_ms=HOUR_MS,
        )

    def apply(self, *done: Activity, then_ms: int = 0) -> None:
        """These sessions now; then time goes by."""
        self.partition.apply(*done)
        self.partition.at_ms += then_ms

    def workflow(self, vehicle: str) -> Iterator[Activity]:
        """One workflow of a vehicle: a command for each agent, and what the workshop reports."""
        for name, acts in AGENTS.items():
            yield self.command(name, vehicle, acts)
        yield self.workshop.session(act(Action.WRITE, "appointment"), entity=vehicle)

    def command(self, agent: str, vehicle: str, acts: Acts) -> Activity:
        """One command that an agent handles."""
        worker = self.agents[agent]
        return worker.session(*acts, session=f"{vehicle}~{worker.seq}/{agent}", entity=vehicle)

    def minute(self, vehicles: int) -> Activity:
        """What the gateway sent within a minute, a reading of each vehicle."""
        sent = act(Action.WRITE, "telemetry", rows=vehicles)
        return self.gateway.session(sent, entity=None, workflow_id=None)

    def found(self) -> list[ActorRecord]:
        """What the trails say since."""
        return self.partition.out(ActorRecord)[self.before :]


def wakes_up(house: KnownHouse) -> None:
    """All vehicles report within a minute, and a thousand workflows are opened in five."""
    house.apply(house.minute(FLEET))
    for number in range(1_000):
        house.apply(*house.workflow(f"woken-{number}"), then_ms=300)


def agents_are_back(house: KnownHouse) -> None:
    """For an hour no store answered, each try failed and was tried again; then all that waited is done at once."""
    vehicles = [f"waited-{number}" for number in range(300)]
    for tries in range(3):
        failed = {name: tuple(_failed(each, tries) for each in acts) for name, acts in AGENTS.items()}
        house.apply(
            *(house.command(name, vehicle, acts) for vehicle in vehicles for name, acts in failed.items()),
            then_ms=20 * MINUTE_MS,
        )
    house.apply(house.minute(FLEET), *(done for vehicle in vehicles for done in house.workflow(vehicle)))


def redriven(house: KnownHouse) -> None:
    """An operator sends a thousand failed workflows back: one act; the engine records each, the agents handle each."""
    house.apply(house.ada.session(act(Action.ADMIN, "workflow"), entity=None, details="redrive of 1000"))
    for number in range(1_000):
        vehicle = f"failed-{number}"
        house.apply(house.ada.session(entity=vehicle), *house.workflow(vehicle), then_ms=200)


def _failed(done: SessionAct, tries: int) -> SessionAct:
    error = (ActError.UNAVAILABLE, ActError.TIMEOUT)[tries % 2]
    return SessionAct(action=done.action, resource=done.resource, outcome=ActOutcome.FAILURE, error=error)


@pytest.mark.parametrize("burst", [wakes_up, agents_are_back, redriven])
def test_a_benign_burst_is_no_alarm(burst: Callable[[KnownHouse], None]) -> None:
    house = KnownHouse()
    burst(house)
    assert [] == [told for told in house.found() if severity_of(told) >= SEVERE]
    assert [] == house.partition.out(Control)
    assert [] == house.partition.letters()


def severity_of(told: ActorRecord) -> float:
    return float(json.loads(told.details).get("severity", 0.0))


@pytest.mark.parametrize(
    ("vehicles", "severity"), [(4 * USUAL_VEHICLES, 0.0), (10 * USUAL_VEHICLES, 45.9), (FLEET, 54)]
)
def test_vehicles_of_a_gateway_are_a_rate_and_never_severe(vehicles: int, severity: float) -> None:
    house = KnownHouse()
    house.apply(house.minute(vehicles))
    assert severity == max((severity_of(told) for told in house.found()), default=0.0)


def test_the_same_acts_by_one_who_may_not_are_an_alarm() -> None:
    """The house would notice: what is quiet here is not deaf."""
    house = KnownHouse()
    house.apply(house.command("agent:SCHEDULING", "v", (act(Action.READ, "customer_profile", rows=500),)))
    assert any(severity_of(told) >= ALERTED for told in house.found())
