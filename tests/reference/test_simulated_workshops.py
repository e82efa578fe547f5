"""Simulated workshops: what is reported when, that it can be repeated, and that what is overtaken is not reported."""

from collections import Counter
from typing import Any

from master_orchestrator_agents.reference.diagnosis import load_knowledge
from master_orchestrator_agents.simulated import SimulatedWorkshops, WorkshopBehaviour
from master_orchestrator_agents.simulated.agenda import Agenda
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import Priority, ServiceEventKind, State, Subsystem

HOUR_MS = 3_600_000
NOW = 1_768_208_400_000
PUNCTUAL = WorkshopBehaviour(no_show=0, cancelled=0, parts_missing=0)


def workshops(behaviour: WorkshopBehaviour = PUNCTUAL, seed: int = 0) -> SimulatedWorkshops:
    return SimulatedWorkshops(load_knowledge(), load_topology().triage, seed=seed, behaviour=behaviour)


def status(state: State, number: int = 1, **changed: Any) -> Status:
    fields: dict[str, Any] = {
        "workflow_id": f"vehicle-{number}~1",
        "vehicle_id": f"vehicle-{number}",
        "state": state,
        "priority": Priority.HIGH,
        "reason": None,
        "step": None,
        "attempt": 0,
        "attempts": 4,
        "findings": ("coolant_hot",),
        "created_at_ms": NOW - 1_000,
        "updated_at_ms": NOW,
        "seq": 9,
        "history": (),
        "appointment_start_ms": NOW + 5 * HOUR_MS,
        "appointment_end_ms": NOW + 7 * HOUR_MS,
        "appointment_id": f"A-{number}",
        "workshop_id": "workshop-001",
    }
    return Status(**{**fields, **changed})


def test_a_customer_comes_about_the_time_of_the_appointment() -> None:
    (planned,) = workshops().plan(status(State.SCHEDULED))

    assert ServiceEventKind.CHECKED_IN == planned.event.kind
    assert 5 * HOUR_MS <= planned.delay_ms < 5.5 * HOUR_MS
    assert ("vehicle-1", "vehicle-1~1") == (planned.event.vehicle_id, planned.event.workflow_id)


def test_work_is_completed_with_a_cause_of_the_suspected_subsystem() -> None:
    (planned,) = workshops(WorkshopBehaviour(other_subsystem=0, no_fault=0)).plan(status(State.IN_SERVICE))

    assert ServiceEventKind.COMPLETED == planned.event.kind
    assert Subsystem.COOLING == planned.event.confirmed_subsystem
    assert planned.event.parts_replaced
    assert 1.4 * HOUR_MS <= planned.delay_ms <= 2.4 * HOUR_MS


def test_a_code_names_its_subsystem_too() -> None:
    behaviour = WorkshopBehaviour(other_subsystem=0, no_fault=0)
    (planned,) = workshops(behaviour).plan(status(State.IN_SERVICE, findings=("dtc:P0301",)))

    assert Subsystem.IGNITION == planned.event.confirmed_subsystem


def test_only_what_is_at_the_workshop_is_planned() -> None:
    quiet = [state for state in State if state not in (State.SCHEDULED, State.IN_SERVICE)]

    world = workshops()

    assert [] == [plan for state in quiet for plan in world.plan(status(state))]
    assert [] == world.plan(status(State.SCHEDULED, appointment_start_ms=None))


def test_the_same_seed_has_the_same_fate_and_another_seed_another() -> None:
    many = [status(State.IN_SERVICE, number) for number in range(50)]

    def plans(seed: int) -> list[Any]:
        world = workshops(seed=seed)
        return [world.plan(each) for each in many]

    assert plans(1) == plans(1)
    assert plans(1) != plans(2)


def test_things_go_wrong_as_often_as_asked() -> None:
    behaviour = WorkshopBehaviour(no_show=0.2, cancelled=0.1, parts_missing=0.1, no_fault=0.1, leading_cause=0.8)
    world = workshops(behaviour)
    arrivals = Counter(world.plan(status(State.SCHEDULED, n))[0].event.kind for n in range(2_000))
    causes = Counter(world.plan(status(State.IN_SERVICE, n))[0].event.confirmed_cause for n in range(2_000))

    assert 1_100 < arrivals[ServiceEventKind.CHECKED_IN] < 1_300
    assert 330 < arrivals[ServiceEventKind.NO_SHOW] < 470
    assert 140 < causes["no_fault_found"] < 260
    assert "coolant_leak" == causes.most_common(1)[0][0]


def test_an_event_is_given_out_once_when_it_is_due() -> None:
    agenda = Agenda(workshops(), speed=3_600, max_wait_s=60)
    agenda.take(status(State.SCHEDULED), 100.0)

    assert [] == list(agenda.due(104.9))
    assert [ServiceEventKind.CHECKED_IN] == [event.kind for event in agenda.due(105.5)]
    assert [] == list(agenda.due(1_000.0))


def test_a_status_that_changes_nothing_delays_nothing() -> None:
    """A folded reading republishes the status; the customer does not come later for it."""
    agenda = Agenda(workshops(), speed=3_600, max_wait_s=60)
    agenda.take(status(State.SCHEDULED), 100.0)
    agenda.take(status(State.SCHEDULED, updated_at_ms=NOW + HOUR_MS), 104.0)

    assert 1 == len(list(agenda.due(105.5)))


def test_what_was_overtaken_is_not_reported() -> None:
    agenda = Agenda(workshops(), speed=3_600, max_wait_s=60)
    agenda.take(status(State.SCHEDULED), 100.0)
    agenda.take(status(State.FAILED), 101.0)

    assert [] == list(agenda.due(1_000.0))


def test_a_new_appointment_replaces_the_old_one() -> None:
    agenda = Agenda(workshops(), speed=3_600, max_wait_s=60)
    agenda.take(status(State.SCHEDULED), 100.0)
    agenda.take(status(State.SCHEDULING), 101.0)
    agenda.take(status(State.SCHEDULED, appointment_id="A-2"), 102.0)

    assert ["A-2"] == [event.event_id.split("@")[0] for event in agenda.due(1_000.0)]


def test_nothing_waits_longer_than_the_longest() -> None:
    agenda = Agenda(workshops(), speed=1, max_wait_s=2)
    agenda.take(status(State.SCHEDULED), 100.0)

    assert 1 == len(list(agenda.due(102.0)))
