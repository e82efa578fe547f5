"""Records that no engine can take, each with the reason its dead letter must give."""

import random

from msgspec import json, structs

from chaos_suite.shots import ShotRecord, Write
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import ServiceEvent, Telemetry
from master_orchestrator_schemas.vocabulary import ServiceEventKind

OVERSIZED_BYTES = 300 * 1024
"""Above ``limits.max_record``, below what a topic takes."""
FUTURE_MS = 3_600_000
DEPTH = 40


def as_avro(reading: Telemetry, codec: Codec) -> ShotRecord:
    """As it should be."""
    return ShotRecord(reading.vehicle_id.encode(), codec.encode(reading))


def as_json(reading: Telemetry, _codec: Codec) -> ShotRecord:
    """As it may be: JSON with plain names."""
    return ShotRecord(reading.vehicle_id.encode(), _json(reading))


def _json(reading: Telemetry, **other: object) -> bytes:
    known = {name: value for name, value in structs.asdict(reading).items() if value is not None}
    known["engine_temp"] = known.pop("coolant_temp_c", None)
    known["trouble_codes"] = known.pop("dtcs")
    return json.encode({**known, **other})


def _cut(reading: Telemetry, codec: Codec) -> ShotRecord:
    return ShotRecord(reading.vehicle_id.encode(), codec.encode(reading)[:-2])


def _garbage(reading: Telemetry, _codec: Codec) -> ShotRecord:
    return ShotRecord(reading.vehicle_id.encode(), b"\x7fELF" + _noise(reading, 200))


def _broken_json(reading: Telemetry, _codec: Codec) -> ShotRecord:
    return ShotRecord(reading.vehicle_id.encode(), _json(reading)[:-1])


def _wrong_json(reading: Telemetry, _codec: Codec) -> ShotRecord:
    return ShotRecord(reading.vehicle_id.encode(), _json(reading, ts_ms="yesterday"))


def _nested_json(reading: Telemetry, _codec: Codec) -> ShotRecord:
    return ShotRecord(reading.vehicle_id.encode(), b'{"vehicle":' + b"[" * DEPTH + b"]" * DEPTH + b"}")


def _oversized(reading: Telemetry, codec: Codec) -> ShotRecord:
    return ShotRecord(reading.vehicle_id.encode(), codec.encode(reading) + _noise(reading, OVERSIZED_BYTES))


def _unknown_schema(reading: Telemetry, codec: Codec) -> ShotRecord:
    value = codec.encode(reading)
    return ShotRecord(reading.vehicle_id.encode(), value[:2] + b"\x00unknown" + value[10:])


def _empty(reading: Telemetry, _codec: Codec) -> ShotRecord:
    return ShotRecord(reading.vehicle_id.encode(), None)


def _wrong_key(reading: Telemetry, codec: Codec) -> ShotRecord:
    return ShotRecord(b"not-" + reading.vehicle_id.encode(), codec.encode(reading))


def _of_the_future(reading: Telemetry, codec: Codec) -> ShotRecord:
    return as_avro(structs.replace(reading, ts_ms=reading.ts_ms + FUTURE_MS), codec)


def _unknown_workflow(reading: Telemetry, codec: Codec) -> ShotRecord:
    """From a workshop: the check-in of a workflow that there never was."""
    event = ServiceEvent(
        vehicle_id=reading.vehicle_id,
        workflow_id="nobody~0",
        event_id=f"chaos/{reading.vehicle_id}/{reading.ts_ms}",
        kind=ServiceEventKind.CHECKED_IN,
        ts_ms=reading.ts_ms,
    )
    return ShotRecord(reading.vehicle_id.encode(), codec.encode(event), "ServiceEvent")


def _json_where_none_is_read(reading: Telemetry, _codec: Codec) -> ShotRecord:
    """From an agent: a reply that is not Avro."""
    return ShotRecord(reading.vehicle_id.encode(), _json(reading), "Reply")


def _noise(reading: Telemetry, size: int) -> bytes:
    """Bytes that do not compress, the same for the same reading."""
    return random.Random(f"{reading.vehicle_id}/{reading.ts_ms}").randbytes(size)


SPOILT: tuple[tuple[str, Write], ...] = (
    ("undecodable", _garbage),
    ("undecodable", _cut),
    ("undecodable", _broken_json),
    ("invalid", _wrong_json),
    ("too_deep", _nested_json),
    ("oversized", _oversized),
    ("unknown_schema", _unknown_schema),
    ("empty", _empty),
    ("key_mismatch", _wrong_key),
    ("future_timestamp", _of_the_future),
    ("unknown_workflow", _unknown_workflow),
    ("json_not_allowed", _json_where_none_is_read),
)
"""Reason and writer."""
