"""The Avro schemas, one file per message and version: ``avro/<name>.v<N>.avsc``."""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any, cast

import fastavro

from master_orchestrator_schemas.binary import ValueReader, compile_reader

NAMESPACE = "master_orchestrator"
"""Of every Avro full name; persistent."""

FILE_NAME = re.compile(r"([a-z_]+)\.v([0-9]+)\.avsc")


@dataclass(frozen=True)
class SchemaVersion:
    """One version of one message's schema.

    Args:
        name: ``telemetry``; with the version, it is the file's stem, ``telemetry.v1``.
        definition: the file's JSON.
        parsed: as fastavro wants it.
        fingerprint: CRC-64-AVRO of the parsing canonical form, 8 bytes, little-endian (Avro specification,
            single-object encoding).
    """

    name: str
    version: int
    definition: dict[str, Any]
    parsed: Any
    fingerprint: bytes

    @property
    def stem(self) -> str:
        """``telemetry.v1``."""
        return f"{self.name}.v{self.version}"


@cache
def schema_versions() -> tuple[SchemaVersion, ...]:
    """Every schema of the package, by name, oldest version first. Read once per process."""
    files = [file for file in resources.files(__package__).joinpath("avro").iterdir() if file.name.endswith(".avsc")]
    loaded = [_load(file.name, file.read_text(encoding="utf-8")) for file in files]
    return tuple(sorted(loaded, key=lambda schema: (schema.name, schema.version)))


def _load(file_name: str, text: str) -> SchemaVersion:
    match = FILE_NAME.fullmatch(file_name)
    if match is None:
        raise ValueError(f"{file_name} is not named <name>.v<N>.avsc; rename it")
    definition = json.loads(text)
    canonical = fastavro.schema.to_parsing_canonical_form(definition)
    return SchemaVersion(
        name=match[1],
        version=int(match[2]),
        definition=definition,
        parsed=fastavro.parse_schema(definition),
        fingerprint=bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")),
    )


def resolving_reader(written: SchemaVersion, read_as: SchemaVersion, max_items: int) -> ValueReader:
    """A reader of records of an older version, by Avro's schema resolution.

    The strict reader goes first: fastavro believes counts, and takes a text that is cut off for a whole one.
    """
    strict = compile_reader(written.definition, max_items)

    def read(value: bytes, position: int) -> tuple[dict[str, Any], int]:
        _, end = strict(value, position)
        stream = BytesIO(value)
        stream.seek(position)
        datum = fastavro.schemaless_reader(stream, written.parsed, read_as.parsed)
        return cast("dict[str, Any]", datum), end  # both schemas are records

    return read
