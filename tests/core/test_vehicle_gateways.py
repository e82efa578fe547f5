"""A vehicle that comes by another gateway is on record; one that two gateways bring in turns is not at each reading."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.core_vehicle import CoreVehicle

from master_orchestrator.core import events as ev
from master_orchestrator.core.decide.gateways import KEPT_MS
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator_schemas.headers import gateway_of, sender_of


def changes(outcome: Outcome) -> list[tuple[str | None, str]]:
    """Which gateways came before, and which come now."""
    return [(event.before, event.gateway) for event in outcome.events if isinstance(event, ev.GatewayChanged)]


def brought(vehicle: CoreVehicle, gateway: str | None, **fields: Any) -> list[tuple[str | None, str]]:
    """The changes by a reading that this gateway brings."""
    vehicle.gateway = gateway
    return changes(vehicle.reading(**fields))


def test_the_first_gateway_is_remembered_and_another_one_is_a_change(vehicle: CoreVehicle) -> None:
    assert [(None, "north")] == brought(vehicle, "north")
    vehicle.at_ms += KEPT_MS
    assert [] == brought(vehicle, "north")
    assert [("north", "south")] == brought(vehicle, "south", ts_ms=vehicle.at_ms + 1)
    assert ("south", vehicle.at_ms) == vehicle.state.gateway


def test_two_that_bring_it_in_turns_change_once_an_hour(vehicle: CoreVehicle) -> None:
    seen = []
    for number in range(240):
        seen += brought(vehicle, ("north", "south")[number % 2])
        vehicle.at_ms += 60_000
    assert 4 == len(seen)


@pytest.mark.parametrize("late_ms", [0, 50_000])
def test_what_is_late_or_repeated_changes_no_gateway(vehicle: CoreVehicle, late_ms: int) -> None:
    brought(vehicle, "north")
    vehicle.at_ms += KEPT_MS
    brought(vehicle, "north")
    assert [] == brought(vehicle, "south", ts_ms=vehicle.at_ms - late_ms)


def test_a_replay_which_has_no_headers_changes_none(vehicle: CoreVehicle) -> None:
    brought(vehicle, "north")
    vehicle.at_ms += KEPT_MS
    assert [] == brought(vehicle, None)


@given(st.lists(st.tuples(st.sampled_from([None, "north", "south"]), st.sampled_from([1_000, KEPT_MS])), max_size=12))
def test_the_trail_is_the_same_by_any_gateway(policy: Policy, drawn: list[tuple[str | None, int]]) -> None:
    told, silent = CoreVehicle(policy), CoreVehicle(policy)
    for gateway, gap_ms in drawn:
        for each, by in ((told, gateway), (silent, None)):
            each.at_ms += gap_ms
            brought(each, by, coolant_temp_c=121.0)
    assert told.audit == silent.audit


@given(st.lists(st.tuples(st.sampled_from(["ce_source", "client_id", "x"]), st.binary(max_size=8)), max_size=4))
def test_a_gateway_is_the_sender_of_a_reading(headers: list[tuple[str, bytes]]) -> None:
    unique = list(dict(headers).items())
    assert sender_of(unique) == gateway_of(unique)
