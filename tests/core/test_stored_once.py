"""What a FAILED workflow has found still stands: the stored state has it once."""

import msgspec
import pytest
from support.core_vehicle import CoreVehicle

from master_orchestrator.core.state import VehicleState, decode_state, encode_state, new_vehicle
from master_orchestrator.core.state_versions import STATE_VERSION
from master_orchestrator_schemas.vocabulary import FailureKind, State


@pytest.fixture
def failed(vehicle: CoreVehicle) -> VehicleState:
    vehicle.fault("P0217")
    vehicle.fault("P0301")
    vehicle.fail(FailureKind.PERMANENT)
    state = vehicle.state
    assert state.workflow is not None
    assert (State.FAILED, 2) == (state.workflow.state, len(state.standing))
    return state


def test_what_a_failed_workflow_found_is_stored_once(failed: VehicleState) -> None:
    one = len(msgspec.msgpack.encode(failed.standing[0]))
    apart = msgspec.structs.replace(failed, workflow=None)
    alone = len(encode_state(apart)) - len(encode_state(msgspec.structs.replace(apart, standing=())))
    together = len(encode_state(failed)) - len(encode_state(msgspec.structs.replace(failed, standing=())))
    assert alone > one
    assert together < 10
    assert failed == decode_state(encode_state(failed))


def test_findings_that_changed_since_stand_apart_in_their_order(failed: VehicleState) -> None:
    first, second = failed.standing
    for standing in (
        (first, msgspec.structs.replace(second, at_ms=7)),
        (msgspec.structs.replace(first, at_ms=7), second),
    ):
        state = msgspec.structs.replace(failed, standing=standing)
        assert state == decode_state(encode_state(state))


@pytest.mark.parametrize("shared", [(2,), (-1, -1, -1)])
def test_a_place_that_there_is_not_is_no_state(failed: VehicleState, shared: tuple[int, ...]) -> None:
    spoilt = msgspec.structs.replace(failed, standing=(), shared=shared)
    with pytest.raises(msgspec.DecodeError, match="shared"):
        decode_state(msgspec.msgpack.encode(spoilt))


def test_a_state_of_the_newest_version_is_known_by_its_first_bytes(failed: VehicleState) -> None:
    """Else each one would be read twice, the first time for its version."""
    assert encode_state(new_vehicle())[:4] == encode_state(failed)[:4]
    assert STATE_VERSION == encode_state(failed)[3]
