"""Reading Avro single-object encoding: the first ten bytes name the schema, which is one of the contracts' files."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

MAGIC = b"\xc3\x01"
PREFIX_BYTES = 10


class UnreadableValueError(Exception):
    """A value that is not in one of the contracts' schemas."""


class WireSchemas:
    """The schemas of a folder of ``<name>.v<N>.avsc``, by the bytes that values begin with."""

    def __init__(self, folder: Path) -> None:
        self._schemas: dict[bytes, tuple[str, Any]] = {}
        for path in sorted(folder.glob("*.avsc")):
            definition = json.loads(path.read_text(encoding="utf-8"))
            mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(definition), "CRC-64-AVRO"))
            self._schemas[MAGIC + mark] = (path.name.partition(".")[0], fastavro.parse_schema(definition))
        if not self._schemas:
            raise FileNotFoundError(f"no schema in {folder}: give the folder of the .avsc files")

    def read(self, value: bytes | None) -> tuple[str, dict[str, Any]]:
        """Schema name (``audit_record``) and content. Raises :class:`UnreadableValueError`."""
        if value is None or value[:PREFIX_BYTES] not in self._schemas:
            raise UnreadableValueError(f"begins with {(value or b'')[:PREFIX_BYTES].hex()}, which no schema has")
        name, schema = self._schemas[value[:PREFIX_BYTES]]
        rest = BytesIO(value[PREFIX_BYTES:])
        try:
            content = fastavro.schemaless_reader(rest, schema, None)
        except (EOFError, IndexError, ValueError, OverflowError) as error:
            raise UnreadableValueError(f"cannot be read as {name}: {error!r}") from error
        if rest.read(1):
            raise UnreadableValueError(f"goes on behind its {name}")
        return name, dict(content)  # type: ignore[arg-type]  # the contracts' schemas are all records

    def read_as(self, name: str, value: bytes | None) -> dict[str, Any]:
        """The content of a value that has to have this schema. Raises :class:`UnreadableValueError`."""
        schema, content = self.read(value)
        if schema != name:
            raise UnreadableValueError(f"is a {schema}, where a {name} belongs")
        return content
