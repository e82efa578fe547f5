"""The judge's own rule that no URGENT finding rests untold, on trails of the core and on trails with a hole."""

import json

import pytest
from chaos_checker.records import Audit, RecordPlace
from chaos_checker.rules.told import all_told
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Answer, State

HOUR_MS = 3_600_000


def read(record: AuditRecord, number: int, *hidden: str) -> Audit:
    """The record as the judge has it, its details without some of their keys."""
    details = json.loads(record.details)
    details["dismissed"] = (details.get("result") or {}).get("dismissed")
    fields = {name: getattr(record, name) for name in Audit._fields if hasattr(record, name)}
    fields |= {
        "place": RecordPlace("workflow.audit", 0, number),
        "cause": RecordPlace(record.cause.topic, record.cause.partition, record.cause.offset),
        "key": "",
        "event_id": "",
        "facts": {name: value for name, value in details.items() if name not in hidden},
    }
    return Audit(**fields)


def judged(vehicle: CoreVehicle, *hidden: str) -> list[str]:
    trail = [read(record, number, *hidden) for number, record in enumerate(vehicle.audit)]
    return [violation.rule for violation in all_told(trail)]


@pytest.fixture
def vehicle(topology: Topology) -> CoreVehicle:
    """Booked, got worse, the owner asked again and not reached: the booking stands."""
    vehicle = CoreVehicle(policy_of(topology))
    vehicle.fault("P0301")
    start_ms = vehicle.at_ms + HOUR_MS
    vehicle.advance_to(State.SCHEDULED, scheduling={"start_ms": start_ms, "end_ms": start_ms + HOUR_MS})
    vehicle.wait(1_000)
    vehicle.fault("P0217")
    vehicle.advance_to(State.CUSTOMER_ENGAGEMENT)
    vehicle.reply({"answer": Answer.NO_ANSWER})
    return vehicle


def test_a_trail_of_the_core_tells_of_all(vehicle: CoreVehicle) -> None:
    assert [] == judged(vehicle)


@pytest.mark.parametrize("hidden", ["issued", "called"])
def test_one_telling_is_enough(vehicle: CoreVehicle, hidden: str) -> None:
    assert [] == judged(vehicle, hidden)


def test_a_trail_in_which_nobody_is_told_is_a_violation(vehicle: CoreVehicle) -> None:
    assert ["urgent-told"] == judged(vehicle, "issued", "called")


def test_what_is_dismissed_needs_no_telling(topology: Topology) -> None:
    vehicle = CoreVehicle(policy_of(topology))
    vehicle.fault("P0217")
    vehicle.reply({"dismissed": ["dtc:P0217"]})
    assert State.COMPLETED is vehicle.workflow.state
    assert [] == judged(vehicle)
