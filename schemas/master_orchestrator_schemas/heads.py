"""The first fields of a record, for those who sift many: the rest of it is neither read nor checked."""

from typing import Any, Generic, TypeVar

import msgspec

from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.binary import ValueReader, compile_reader
from master_orchestrator_schemas.codec import PREFIX_BYTES, SINGLE_OBJECT
from master_orchestrator_schemas.errors import DecodeError
from master_orchestrator_schemas.limits import Limits

H = TypeVar("H", bound=msgspec.Struct)


class HeadReader(Generic[H]):
    """Reads the beginnings of a subject's Avro records, of any version. Immutable.

    Args:
        subject: the schema's name, ``status``.
        head: a struct whose fields are the subject's first, in its order.
        limits: of counts.
    """

    def __init__(self, subject: str, head: type[H], limits: Limits) -> None:
        names = [field.name for field in msgspec.structs.fields(head)]
        self._head = head
        self._readers: dict[bytes, ValueReader] = {}
        for schema in schema_versions():
            if schema.name == subject:
                first = {**schema.definition, "fields": schema.definition["fields"][: len(names)]}
                if names != [field["name"] for field in first["fields"]]:
                    raise ValueError(f"{schema.stem} does not begin with {', '.join(names)}")
                self._readers[SINGLE_OBJECT + schema.fingerprint] = compile_reader(first, limits.max_items)

    def read(self, value: bytes) -> H:
        """The first fields. Raises :class:`DecodeError`; the whole record may be unreadable all the same."""
        read = self._readers.get(value[:PREFIX_BYTES])
        if read is None:
            raise DecodeError("unknown_schema", f"no such schema: {value[:PREFIX_BYTES].hex()}")
        try:
            datum, _ = read(value, PREFIX_BYTES)
            head: Any = msgspec.convert(datum, self._head)
        except ValueError as error:
            raise DecodeError("undecodable", f"its beginning cannot be read: {error}") from error
        return head  # type: ignore[no-any-return]  # convert makes the type it is given
