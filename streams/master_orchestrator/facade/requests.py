"""From what a user hands in to a typed request, and from the engine's answer to what the user gets."""

import time
import uuid
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from master_orchestrator.errors import InvalidRequestError, InvalidTelemetryError, OrchestratorError
from master_orchestrator.ports import CHECKED, EngineAnswer, rejection_of
from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.messages import Campaign, CustomerAnswer, OperatorRequest, ServiceEvent, Status
from master_orchestrator_schemas.plain_inputs import taken
from master_orchestrator_schemas.plain_readings import Understood, strictly_understood
from master_orchestrator_schemas.vocabulary import Answer, OperatorAction, ServiceEventKind

M = TypeVar("M", ServiceEvent, CustomerAnswer)

TIME_KEYS = frozenset({"ts_ms", "ts", "timestamp"})
"""Keys under which a reading may say when it was taken."""


def reading_of(vehicle_id: str, telemetry_data: Mapping[str, object]) -> Understood:
    """The reading, asking for a check, and what was left out of it as unknown.

    Times without a zone are this machine's, as everywhere in Python. Raises :class:`InvalidTelemetryError`.
    """
    if not isinstance(telemetry_data, Mapping):
        raise InvalidTelemetryError(
            f"telemetry of {vehicle_id!r} is {type(telemetry_data).__name__}: give a dict of signal names and values"
        )
    timed = any(telemetry_data.get(key) is not None for key in TIME_KEYS)
    try:
        reading, left_out = strictly_understood(
            telemetry_data if timed else {**telemetry_data, "ts_ms": now_ms()}, vehicle_id=vehicle_id, zone=None
        )
    except ContractError as error:
        raise InvalidTelemetryError(f"telemetry of {vehicle_id!r}: {error}") from error
    asking = msgspec.structs.replace(reading, check_requested=True, request_id=reading.request_id or str(uuid.uuid4()))
    return Understood(asking, left_out)


def workflow_of(answer: EngineAnswer) -> str:
    """The workflow a reading opened or joined. Raises :class:`InvalidTelemetryError` if it was rejected."""
    if answer.rejection is not None:
        raise InvalidTelemetryError(f"the engine rejected the reading: {answer.rejection}")
    for record in answer.audit:
        if record.event in CHECKED:
            return record.workflow_id
    raise OrchestratorError(f"the engine took the reading at {answer.cause} without naming a workflow")


def service_event_of(status: Status, kind: ServiceEventKind | str, fields: Mapping[str, object]) -> ServiceEvent:
    """The event, with an id and a time of its own where none is given. Raises :class:`InvalidRequestError`."""
    own = {"event_id": str(uuid.uuid4()), **fields, "kind": kind}
    return _request_of(status, ServiceEvent, own, f"service event {kind!r}")


def customer_answer_of(status: Status, answer: Answer | str, fields: Mapping[str, object]) -> CustomerAnswer:
    """The answer, with an id and a time of its own where none is given. Raises :class:`InvalidRequestError`."""
    own = {"answer_id": str(uuid.uuid4()), **fields, "answer": answer}
    return _request_of(status, CustomerAnswer, own, f"answer {answer!r}")


def campaign_request_of(
    vehicle_id: str, campaign_id: str, operation: str, fields: Mapping[str, object], *, operator: str
) -> OperatorRequest:
    """The request for a campaign's work on a vehicle. Raises :class:`InvalidRequestError`."""
    said = {"vehicle_id": vehicle_id, "action": OperatorAction.OPEN_CAMPAIGN, "operator": operator}
    own = {name: fields[name] for name in ("priority", "reason") if name in fields}
    work = {name: value for name, value in fields.items() if name not in own}
    campaign = {**work, "campaign_id": campaign_id, "operation": operation}
    what = f"campaign {campaign_id!r} on {vehicle_id!r}"
    if unknown := campaign.keys() - set(Campaign.__struct_fields__):
        raise InvalidRequestError(f"{what}: {', '.join(sorted(unknown))} is not a field; see CampaignFields")
    try:
        given = {**said, **own, "request_id": str(uuid.uuid4()), "campaign": campaign}
        return msgspec.convert(given, OperatorRequest)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"{what}: {error}") from error


def campaign_workflow(answer: EngineAnswer) -> str:
    """The workflow that has a campaign's work. Raises :class:`InvalidRequestError` if it was rejected."""
    accepted(answer)
    return answer.audit[-1].workflow_id


def _request_of(status: Status, message_type: type[M], fields: Mapping[str, object], what: str) -> M:
    given = {
        **({} if TIME_KEYS & fields.keys() else {"ts_ms": now_ms()}),
        **fields,
        "workflow_id": status.workflow_id,
        "vehicle_id": status.vehicle_id,
    }
    try:
        request, left_out = taken(given, message_type, zone=None)
    except ContractError as error:
        raise InvalidRequestError(f"{what} of {status.workflow_id}: {error}") from error
    if left_out:
        raise InvalidRequestError(f"{what} of {status.workflow_id}: {left_out[0]}; see {message_type.__name__}")
    return request


def accepted(answer: EngineAnswer) -> None:
    """Raises :class:`InvalidRequestError` if the request was rejected."""
    if (why := rejection_of(answer)) is not None:
        raise InvalidRequestError(f"the engine rejected the request: {why}")


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
