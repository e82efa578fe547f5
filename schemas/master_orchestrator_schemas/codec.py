"""Messages to bytes and back: Avro single-object encoding, and JSON where outsiders write.

Whatever the bytes, reading gives a message or a :class:`DecodeError`: size is checked before parsing, counts before
they are believed, and nothing may follow the record.
"""

import math
import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar, get_args

import msgspec

from master_orchestrator_schemas.agreement import BRANCHES, READ, WRITTEN
from master_orchestrator_schemas.aliases import AliasError
from master_orchestrator_schemas.avro_schemas import SchemaVersion, resolving_reader, schema_versions
from master_orchestrator_schemas.binary import CutOffError, ValueReader, ValueWriter, compile_reader, compile_writer
from master_orchestrator_schemas.errors import ContractError, DecodeError, DecodeReason, EncodeError
from master_orchestrator_schemas.foreign_forms import described, without_mark
from master_orchestrator_schemas.json_text import read_object
from master_orchestrator_schemas.left_out import LeftOut
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.plain_inputs import taken
from master_orchestrator_schemas.plain_readings import understood
from master_orchestrator_schemas.refusals import refusal_of
from master_orchestrator_schemas.registry import SUBJECTS, Message, Request

__all__ = ["Codec", "ContractError", "DecodeError", "EncodeError", "Limits", "Read"]

M = TypeVar("M", bound=Message)


class Read(NamedTuple, Generic[M]):
    """What was read: the message, and what was left out of it because it was not understood."""

    message: M
    left_out: tuple[LeftOut, ...] = ()


SINGLE_OBJECT = b"\xc3\x01"
PREFIX_BYTES = 10
"""The mark above, and the schema's fingerprint."""


class Codec:
    """Encodes and decodes every message of the wire. Immutable: compile one per process, share it between threads.

    Args:
        limits: size, depth and counts.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits if limits is not None else Limits()
        self._writers: dict[type[Any], tuple[bytes, ValueWriter]] = {}
        self._readers: dict[type[Any], dict[bytes, ValueReader]] = {
            message_type: {} for message_type in SUBJECTS.values()
        }
        for name, message_type in SUBJECTS.items():
            versions = [schema for schema in schema_versions() if schema.name == name]
            newest = versions[-1]
            for schema in versions:
                self._readers[message_type][_prefix(schema)] = self._reader(schema, newest, message_type)
            self._writers[message_type] = (
                _prefix(newest),
                compile_writer(newest.definition, BRANCHES.get(message_type)),
            )

    def _reader(self, schema: SchemaVersion, newest: SchemaVersion, message_type: type[Any]) -> ValueReader:
        if schema is newest:
            absent = {field.name for field in msgspec.structs.fields(message_type) if field.default is None}
            return compile_reader(schema.definition, self._limits.max_items, absent)
        return resolving_reader(schema, newest, self._limits.max_items)

    def encode(self, message: Message) -> bytes:
        """The message in its newest schema. Raises :class:`EncodeError`."""
        message_type = type(message)
        prefix, write = self._writers[message_type]
        try:
            if check := WRITTEN.get(message_type):
                check(message)
            value = write(prefix, message)
        except (AttributeError, KeyError, TypeError, ValueError, struct.error) as error:
            raise EncodeError(f"{message_type.__name__} cannot be written: {error!r}; correct the field") from error
        if len(value) > self._limits.max_record_bytes:
            size = f"{len(value)} bytes, {self._limits.max_record_bytes} are allowed"
            raise EncodeError(f"{message_type.__name__} takes {size}; shorten it")
        return value

    def decode(self, value: bytes | None, message_type: type[M], *, json_allowed: bool = False) -> M:
        """The message of a record's value, as :meth:`read` has it."""
        return self.read(value, message_type, json_allowed=json_allowed).message

    def read(self, value: bytes | None, message_type: type[M], *, json_allowed: bool = False) -> Read[M]:
        """The message of a record's value, and what was left out of it (of JSON only: Avro has no unknown fields).

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
            return Read(self._read(value, message_type))
        text = without_mark(value).lstrip()
        if text[:1] == b"{" and text[1:2] != b"\x00":
            return self._read_json(text, message_type, allowed=json_allowed)
        raise DecodeError("undecodable", described(value))

    def _read(self, value: bytes, message_type: type[M]) -> M:
        prefix = value[:PREFIX_BYTES]
        read = self._readers[message_type].get(prefix)
        if read is None:
            raise DecodeError("unknown_schema", self._other_schema(prefix, message_type))
        try:
            datum, end = read(value, PREFIX_BYTES)
        except CutOffError as error:
            raise DecodeError("undecodable", f"the {message_type.__name__} record is cut off") from error
        except ValueError as error:  # MalformedError, UnicodeDecodeError
            raise DecodeError("undecodable", f"not {_a(message_type.__name__)} record: {error}") from error
        if end != len(value):
            raise DecodeError(
                "undecodable", f"the {message_type.__name__} record is followed by {len(value) - end} bytes"
            )
        return _convert(datum, message_type)

    def _other_schema(self, prefix: bytes, message_type: type[Any]) -> str:
        right = message_type.__name__
        for other, readers in self._readers.items():
            if prefix in readers:
                return f"the record is {_a(other.__name__)}, this topic takes {_a(right)}; send it to its own topic"
        return f"no {right} schema has the id {prefix.hex()}; write with a schema of the avro folder"

    def _read_json(self, value: bytes, message_type: type[M], *, allowed: bool) -> Read[M]:
        if not allowed:
            raise DecodeError("json_not_allowed", "JSON is not read on this topic; send Avro")
        mapping = read_object(value, self._limits)
        read = PLAIN.get(message_type)
        if read is None:
            return Read(_convert(mapping, message_type))
        try:
            message, left_out = read(mapping)
        except (AliasError, ValueError, OverflowError) as error:  # such as integers of too many digits to be quoted
            raise DecodeError("invalid", f"not {_a(message_type.__name__)}: {error}") from error
        return Read(message, left_out)


PLAIN: Mapping[type[Any], Callable[[Mapping[str, Any]], tuple[Any, tuple[LeftOut, ...]]]] = {
    **{message_type: partial(taken, message_type=message_type) for message_type in get_args(Request)},
    Telemetry: understood,
}
"""What outsiders write: message class -> how its JSON is read."""


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _prefix(schema: SchemaVersion) -> bytes:
    return SINGLE_OBJECT + schema.fingerprint


def _convert(datum: Any, message_type: type[M]) -> M:
    try:
        message = msgspec.convert(datum, message_type)  # a struct of the type itself passes as it is
        if check := READ.get(message_type):
            check(message)
    except ValueError as error:  # msgspec.ValidationError is one
        reason: DecodeReason = "invalid" if _finite(datum) else "not_finite"
        raise DecodeError(reason, f"not {_a(message_type.__name__)}: {refusal_of(error)}") from error
    return message


def _finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_finite(item) for item in value.values())
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)
