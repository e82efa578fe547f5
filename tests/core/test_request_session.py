"""What operators and workshops asked of the engine is on record, with what became of it."""

import msgspec
import pytest

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.request_session import MAX_NAME, request_sessions
from master_orchestrator.core.step import step
from master_orchestrator_schemas.messages import Activity, Cause, OperatorRequest, ServiceEvent, Telemetry
from master_orchestrator_schemas.registry import Body
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActOutcome,
    OperatorAction,
    ServiceEventKind,
)

CAR, NOW = "car-1", 1_700_000_000_000
PLACE = Cause(topic="operator.requests", partition=3, offset=7)
CANCEL = OperatorRequest(
    vehicle_id=CAR, workflow_id=f"{CAR}~0", request_id="r-1", action=OperatorAction.CANCEL, operator="ada"
)
ARRIVED = ServiceEvent(
    vehicle_id=CAR, workflow_id=f"{CAR}~0", event_id="e-1", kind=ServiceEventKind.CHECKED_IN, ts_ms=NOW
)
CHECK = Telemetry(vehicle_id=CAR, ts_ms=NOW, check_requested=True)


def sessions(topology: Topology, *bodies: Body) -> list[Activity]:
    """Of the last of these inputs of a new vehicle."""
    policy, state, recorded = Policy.from_topology(topology), None, list[Activity]()
    for number, body in enumerate(bodies):
        given = Input(cause=msgspec.structs.replace(PLACE, offset=number), at_ms=NOW + number, body=body)
        outcome = step(policy, CAR, state, given)
        state, recorded = outcome.state, list(request_sessions(given, outcome))
    return recorded


def test_a_request_that_was_followed_has_no_act_here(topology: Topology) -> None:
    (session,) = sessions(topology, CHECK, CANCEL)

    assert ("operator:ada", "r-1", CAR, ActOutcome.SUCCESS, ()) == (
        session.actor,
        session.session,
        session.entity,
        session.outcome,
        session.acts,
    )
    assert ("engine-3", NOW + 1, 0, f"r-1#engine-3#{NOW + 1}#0") == (
        session.instance,
        session.start_ms,
        session.seq,
        session.activity_id,
    )


@pytest.mark.parametrize(
    ("before", "body", "action", "error"),
    [
        ([], CANCEL, Action.ADMIN, ActError.NOT_FOUND),
        ([CHECK, CANCEL], CANCEL, Action.ADMIN, ActError.INVALID),
        ([], ARRIVED, Action.WRITE, ActError.NOT_FOUND),
        ([CHECK], ARRIVED, Action.WRITE, ActError.INVALID),
    ],
)
def test_a_refused_one_says_why(
    topology: Topology, before: list[Body], body: Body, action: Action, error: ActError
) -> None:
    (session,) = sessions(topology, *before, body)

    (act,) = session.acts
    assert (ActOutcome.FAILURE, ActOutcome.FAILURE, action, error) == (
        session.outcome,
        act.outcome,
        act.action,
        act.error,
    )


def test_a_name_is_cut_and_one_that_is_not_given_is_said_so(topology: Topology) -> None:
    (long,) = sessions(topology, msgspec.structs.replace(CANCEL, operator="x" * 200))
    (nameless,) = sessions(topology, ARRIVED)

    assert f"operator:{'x' * MAX_NAME}" == long.actor
    assert "workshop:unknown" == nameless.actor


def test_a_reading_has_no_session(topology: Topology) -> None:
    assert [] == sessions(topology, CHECK)
