"""FULL_TRANSITIVE: every version of a schema reads every other's records. Judged by Apache Avro's own checker."""

import copy
import itertools
import json
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.registry import SUBJECTS


def incompatible(versions: list[Any]) -> list[str]:
    """What is wrong between any two of these schemas' JSON, each as reader and as writer."""
    parsed = [avro.schema.parse(json.dumps(version)) for version in versions]
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # avro leaves __init__ untyped
    results = [checker.get_compatibility(reader, writer) for reader, writer in itertools.product(parsed, repeat=2)]
    return [str(r.messages) for r in results if r.compatibility is not SchemaCompatibilityType.compatible]


def versions_of(name: str) -> list[Any]:
    return [schema.definition for schema in schema_versions() if schema.name == name]


@pytest.mark.parametrize("name", SUBJECTS)
def test_all_versions_of_a_schema_read_each_other(name: str) -> None:
    assert [] == incompatible(versions_of(name))


@pytest.mark.parametrize("name", SUBJECTS)
def test_versions_are_numbered_from_one_without_holes_and_keep_their_full_name(name: str) -> None:
    numbers = [schema.version for schema in schema_versions() if schema.name == name]
    names = {f"{version['namespace']}.{version['name']}" for version in versions_of(name)}

    assert list(range(1, len(numbers) + 1)) == numbers
    assert {f"master_orchestrator.{SUBJECTS[name].__name__}"} == names


def changed(name: str, field: dict[str, Any]) -> Any:
    """The newest schema with one field more, or another in place of the one of that name."""
    schema = copy.deepcopy(versions_of(name)[-1])
    schema["fields"] = [other for other in schema["fields"] if other["name"] != field["name"]] + [field]
    return schema


def test_an_optional_field_may_be_added() -> None:
    newer = changed("telemetry", {"name": "steering_angle_deg", "type": ["null", "double"], "default": None})

    assert [] == incompatible([*versions_of("telemetry"), newer])


@pytest.mark.parametrize(
    "field",
    [
        {"name": "needed", "type": "string"},  # no default: older records do not have it
        {"name": "ts_ms", "type": "string"},  # another type
        {"name": "coolant_temp_c", "type": "double"},  # no longer optional
        {"name": "check_requested", "type": ["null", "boolean"], "default": None},  # an older reader needs it
    ],
    ids=lambda field: field["name"],
)
def test_the_checker_catches_a_change_that_breaks_a_reader(field: dict[str, Any]) -> None:
    assert incompatible([*versions_of("telemetry"), changed("telemetry", field)])


def test_the_checker_catches_a_field_removed_that_has_no_default() -> None:
    shorter = copy.deepcopy(versions_of("timer")[-1])
    shorter["fields"].pop()

    assert incompatible([*versions_of("timer"), shorter])
