"""What others did to vehicles, as sessions on record: requests, of which the engine knows what became of them, and a
vehicle that comes by another gateway.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from master_orchestrator.core.events import GatewayChanged
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator_schemas.messages import Activity, OperatorRequest, ServiceEvent, SessionAct
from master_orchestrator_schemas.messages.activity import activity_id
from master_orchestrator_schemas.vocabulary import ActError, Action, ActorKind, ActOutcome

REJECTED = "rejected"
"""The event of an input that was not followed."""

REPEATED = "duplicate_campaign"
"""The reason of a request that was followed before, as when a campaign is opened once more: nothing odd."""

UNKNOWN = "unknown_workflow"
"""The reason of a request about a workflow that there is not."""

NAMELESS = "unknown"
MAX_NAME = 100
"""Characters of an operator's or a workshop's name."""


def request_sessions(given: Input, outcome: Outcome) -> Sequence[Activity]:
    """The session of an operator's request, of a workshop's event, of a change of gateway; empty for any other input.

    An operator's request that was followed has no act here: its sender's session has it, and the trail the transition.
    What was refused has one, of INVALID, or of NOT_FOUND, which counts as probing.
    """
    body, refused = given.body, _refused(outcome)
    if isinstance(body, OperatorRequest):
        acts = (_act(Action.ADMIN, "workflow", refused),) if refused else ()
        return [_session(given, ActorKind.OPERATOR, body.operator, body.request_id, body.workflow_id, acts)]
    if isinstance(body, ServiceEvent):
        acts = (_act(Action.WRITE, "appointment", refused),)
        return [_session(given, ActorKind.WORKSHOP, body.workshop_id, body.event_id, body.workflow_id, acts)]
    return [_gateway_session(given, change) for change in _changes(outcome)]


def _refused(outcome: Outcome) -> str | None:
    """The reason for which the request was not followed."""
    if outcome.rejection is not None:
        return outcome.rejection.code
    rejected = (record.reason for record in outcome.audit if record.event == REJECTED)
    return next((reason or REJECTED for reason in rejected if reason != REPEATED), None)


def _act(action: Action, resource: str, refused: str | None) -> SessionAct:
    if refused is None:
        return SessionAct(action=action, resource=resource)
    error = ActError.NOT_FOUND if refused == UNKNOWN else ActError.INVALID
    return SessionAct(action=action, resource=resource, outcome=ActOutcome.FAILURE, error=error)


def _changes(outcome: Outcome) -> Iterator[GatewayChanged]:
    """A vehicle's first gateway is not one."""
    for event in outcome.events:
        if isinstance(event, GatewayChanged) and event.before is not None:
            yield event


def _gateway_session(given: Input, change: GatewayChanged) -> Activity:
    """That of the gateway by which the vehicle comes now."""
    name = f"{given.body.vehicle_id}@{given.cause.offset}"
    acts = (_act(Action.WRITE, "telemetry", None),)
    session = _session(given, ActorKind.GATEWAY, change.gateway, name, None, acts)
    return replace(session, details=f"before: {ActorKind.GATEWAY}:{change.before}")


def _session(  # noqa: PLR0917  all of them are the record's
    given: Input, kind: ActorKind, name: str | None, session: str, workflow_id: str | None, acts: tuple[SessionAct, ...]
) -> Activity:
    """Each is the only record of its ``start_ms``, so that no number can be missing."""
    instance = f"engine-{given.cause.partition}"
    failed = any(act.outcome is not ActOutcome.SUCCESS for act in acts)
    return Activity(
        activity_id=activity_id(session, instance, given.at_ms, 0),
        actor=f"{kind}:{(name or NAMELESS)[:MAX_NAME]}",
        kind=kind,
        instance=instance,
        start_ms=given.at_ms,
        seq=0,
        session=session,
        workflow_id=workflow_id,
        entity=given.body.vehicle_id,
        at_ms=given.at_ms,
        outcome=ActOutcome.FAILURE if failed else ActOutcome.SUCCESS,
        acts=acts,
    )
