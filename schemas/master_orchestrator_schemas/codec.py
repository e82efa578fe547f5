"""Messages to bytes and back: Avro single-object encoding, Confluent framing, and JSON where outsiders write.

Whatever the bytes, reading gives a message or a :class:`DecodeError`: size is checked before parsing, counts and
lengths that a record claims are bounded by the bytes it has (no schema has array items or map values of zero bytes),
and nothing may follow the record.
"""

import math
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, TypeVar

import fastavro
import msgspec
from msgspec.structs import asdict

from master_orchestrator_schemas.avro_schemas import SUBJECTS, SchemaVersion, schema_versions
from master_orchestrator_schemas.datums import CHECK_OF, DATUM_OF
from master_orchestrator_schemas.errors import ContractError, DecodeError, DecodeReason, EncodeError
from master_orchestrator_schemas.json_text import read_object
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.messages import (
    Alert,
    AuditRecord,
    Command,
    OperatorRequest,
    Reply,
    ServiceEvent,
    Status,
    Telemetry,
    Timer,
)

__all__ = ["Codec", "ContractError", "DecodeError", "EncodeError", "Limits", "Message"]

Message = Telemetry | ServiceEvent | OperatorRequest | Timer | Command | Reply | AuditRecord | Status | Alert
M = TypeVar("M", bound=Message)

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = b"\x00"


class Codec:
    """Encodes and decodes every message of the wire. Immutable; compile once, share between threads.

    Args:
        limits: size, depth and counts.
        schema_ids: of a schema registry, by ``<name>.v<N>``; the newest version of a message that has an id is written
            in Confluent framing, all of them are read. Without an id: single-object encoding.
    """

    def __init__(self, limits: Limits | None = None, schema_ids: Mapping[str, int] | None = None) -> None:
        self._limits = limits if limits is not None else Limits()
        ids = schema_ids or {}
        self._latest: dict[type[Any], tuple[bytes, Any]] = {}
        self._by_fingerprint: dict[tuple[type[Any], bytes], SchemaVersion] = {}
        self._by_id: dict[tuple[type[Any], bytes], SchemaVersion] = {}
        for schema in schema_versions():
            message_type = SUBJECTS[schema.name]
            self._by_fingerprint[message_type, schema.fingerprint] = schema
            prefix = SINGLE_OBJECT + schema.fingerprint
            if schema.stem in ids:
                registered = ids[schema.stem].to_bytes(4, "big")
                self._by_id[message_type, registered] = schema
                prefix = CONFLUENT + registered
            self._latest[message_type] = (prefix, schema.parsed)

    def encode(self, message: Message) -> bytes:
        """The message in its newest schema. Raises :class:`EncodeError`."""
        message_type = type(message)
        prefix, parsed = self._latest[message_type]
        to_datum: Callable[[Any], dict[str, Any]] = DATUM_OF.get(message_type, asdict)
        stream = BytesIO()
        stream.write(prefix)
        try:
            fastavro.schemaless_writer(stream, parsed, to_datum(message))
        except Exception as error:
            raise EncodeError(f"{message_type.__name__} cannot be written: {error}; correct the field") from error
        value = stream.getvalue()
        if len(value) > self._limits.max_record_bytes:
            raise EncodeError(
                f"{message_type.__name__} takes {len(value)} bytes, {self._limits.max_record_bytes} are allowed"
            )
        return value

    def decode(self, value: bytes | None, message_type: type[M], *, json_allowed: bool = False) -> M:
        """The message of a record's value.

        Raises:
            DecodeError: with a reason for machines and a text for people; never anything else.
        """
        if not value:
            raise DecodeError("undecodable", "the record has no value; send a message")
        if len(value) > self._limits.max_record_bytes:
            raise DecodeError(
                "oversized", f"{len(value)} bytes, {self._limits.max_record_bytes} are allowed; send less"
            )
        if value[:2] == SINGLE_OBJECT:
            schema = self._by_fingerprint.get((message_type, value[2:10]))
            return self._read(value, 10, schema, message_type)
        if value[:1] == CONFLUENT:
            schema = self._by_id.get((message_type, value[1:5]))
            return self._read(value, 5, schema, message_type)
        if value.lstrip()[:1] == b"{":
            return self._read_json(value, message_type, allowed=json_allowed)
        raise DecodeError("undecodable", f"starts with {value[:2].hex()}; send Avro single-object encoding (c301…)")

    def _read(self, value: bytes, start: int, schema: SchemaVersion | None, message_type: type[M]) -> M:
        if schema is None:
            raise DecodeError("unknown_schema", f"no {message_type.__name__} schema has the id {value[:start].hex()}")
        stream = BytesIO(value)
        stream.seek(start)
        latest = self._latest[message_type][1]
        try:
            datum = fastavro.schemaless_reader(stream, schema.parsed, None if schema.parsed is latest else latest)
        except Exception as error:
            raise DecodeError("undecodable", f"not a {schema.stem} record: {error!r}") from error
        if stream.tell() != len(value):
            raise DecodeError("undecodable", f"{len(value) - stream.tell()} bytes follow the {schema.stem} record")
        return _convert(datum, message_type)

    def _read_json(self, value: bytes, message_type: type[M], *, allowed: bool) -> M:
        if not allowed:
            raise DecodeError("json_not_allowed", "JSON is not read on this topic; send Avro")
        return _convert(read_object(value, self._limits), message_type)


def _convert(datum: Any, message_type: type[M]) -> M:
    try:
        message = msgspec.convert(datum, message_type)
        if check := CHECK_OF.get(message_type):
            check(message)
    except ValueError as error:  # msgspec.ValidationError is one
        reason: DecodeReason = "invalid" if _finite(datum) else "not_finite"
        raise DecodeError(reason, f"not a {message_type.__name__}: {error}") from error
    return message


def _finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_finite(item) for item in value.values())
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)
