"""The schemas compile together: each name is defined once, as every released file that has it defines it."""

from collections.abc import Iterator
from typing import Any

import fastavro

from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.compilable import compilable


def test_read_in_order_each_name_is_defined_once_and_as_released() -> None:
    named: dict[str, Any] = {}
    for definition in compilable().values():
        fastavro.parse_schema(definition, named_schemas=named)  # refuses a name that is defined again, or never was
    once = [record for definition in compilable().values() for record in _records(definition)]
    assert len(once) == len({record["name"] for record in once}) == len(named)
    fields = {record["name"]: _fields(record) for record in once}
    for schema in {schema.name: schema for schema in schema_versions()}.values():
        for record in _records(schema.definition):
            assert fields[record["name"]] == _fields(record)


def _records(schema: Any) -> Iterator[dict[str, Any]]:
    """Every record that is defined in a schema."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _records(branch)
    elif isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema
        for field in schema.get("fields", ()):
            yield from _records(field["type"])
        for name in ("type", "items", "values"):
            yield from _records(schema.get(name))


def _fields(record: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(field["name"], field.get("default")) for field in record["fields"]]
