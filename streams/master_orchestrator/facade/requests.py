"""From what a user hands in to a typed request, and from the engine's answer to what the user gets."""

import time
import uuid
from collections.abc import Mapping

import msgspec

from master_orchestrator.errors import InvalidRequestError, InvalidTelemetryError, OrchestratorError
from master_orchestrator.ports import CHECKED, Answer, rejection_of
from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.messages import ServiceEvent, Status, Telemetry
from master_orchestrator_schemas.plain_readings import telemetry_from_mapping
from master_orchestrator_schemas.vocabulary import ServiceEventKind

TIME_KEYS = frozenset({"ts_ms", "ts", "timestamp"})
"""Keys under which a reading may say when it was taken."""


def reading_of(vehicle_id: str, telemetry_data: Mapping[str, object]) -> Telemetry:
    """The reading, asking for a check. Raises :class:`InvalidTelemetryError`."""
    if not isinstance(telemetry_data, Mapping):
        raise InvalidTelemetryError(
            f"telemetry of {vehicle_id!r} is {type(telemetry_data).__name__}: give a dict of signal names and values"
        )
    timed = any(telemetry_data.get(key) is not None for key in TIME_KEYS)
    try:
        reading = telemetry_from_mapping(
            telemetry_data if timed else {**telemetry_data, "ts_ms": now_ms()}, vehicle_id=vehicle_id
        )
    except ContractError as error:
        raise InvalidTelemetryError(f"telemetry of {vehicle_id!r}: {error}") from error
    return msgspec.structs.replace(reading, check_requested=True, request_id=reading.request_id or str(uuid.uuid4()))


def workflow_of(answer: Answer) -> str:
    """The workflow a reading opened or folded into. Raises :class:`InvalidTelemetryError` if it was refused."""
    if answer.refusal is not None:
        raise InvalidTelemetryError(f"the engine refused the reading: {answer.refusal}")
    for record in answer.audit:
        if record.event in CHECKED:
            return record.workflow_id
    raise OrchestratorError(f"the engine took the reading at {answer.cause} without naming a workflow")


def service_event_of(status: Status, kind: ServiceEventKind | str, fields: Mapping[str, object]) -> ServiceEvent:
    """The event, with an id and a time of its own where none is given. Raises :class:`InvalidRequestError`."""
    given = {
        "event_id": str(uuid.uuid4()),
        "ts_ms": now_ms(),
        **fields,
        "kind": kind,
        "workflow_id": status.workflow_id,
        "vehicle_id": status.vehicle_id,
    }
    if unknown := given.keys() - {field.name for field in msgspec.structs.fields(ServiceEvent)}:
        raise InvalidRequestError(f"a service event has no {', '.join(sorted(unknown))}: see ServiceEvent")
    try:
        return msgspec.convert(given, ServiceEvent)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"service event {kind!r} of {status.workflow_id}: {error}") from error


def accepted(answer: Answer) -> None:
    """Raises :class:`InvalidRequestError` if the request was refused or rejected."""
    if (why := rejection_of(answer)) is not None:
        raise InvalidRequestError(f"the engine rejected the request: {why}")


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
