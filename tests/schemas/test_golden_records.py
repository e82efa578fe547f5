"""The examples: their JSON form and their exact bytes, which no change may alter; and nothing without one."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import master_orchestrator_schemas
from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Command, Reply, Telemetry
from master_orchestrator_schemas.registry import SUBJECTS
from master_orchestrator_schemas.results import RESULTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType

CODEC = Codec()
FOLDER = Path(master_orchestrator_schemas.__file__).parent / "examples"
EXAMPLES = sorted(FOLDER.glob("*.json"))
NEWEST = {schema.name: schema for schema in schema_versions()}


def subject_of(example: Path) -> str:
    return example.name.split(".")[0]


def type_of(example: Path) -> type[Any]:
    return SUBJECTS[subject_of(example)]


def read(example: Path) -> Any:
    return msgspec.json.decode(example.read_bytes(), type=type_of(example))


def golden(example: Path) -> bytes:
    return bytes.fromhex(example.with_suffix(".hex").read_text(encoding="ascii"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_s_bytes_are_read_as_its_json(example: Path) -> None:
    assert read(example) == CODEC.decode(golden(example), type_of(example))


@pytest.mark.parametrize(
    "example",
    [path for path in EXAMPLES if f".v{NEWEST[subject_of(path)].version}." in path.name],
    ids=lambda p: p.stem,
)
def test_an_example_of_the_newest_version_is_written_byte_for_byte(example: Path) -> None:
    assert golden(example).hex() == CODEC.encode(read(example)).hex()


@pytest.mark.parametrize(
    "example", [path for path in EXAMPLES if subject_of(path) == "telemetry"], ids=lambda p: p.stem
)
def test_a_gateway_may_send_the_example_s_json_as_it_is(example: Path) -> None:
    assert read(example) == CODEC.decode(example.read_bytes(), Telemetry, json_allowed=True)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_payloads_and_results_are_those_of_their_agent_s_model(example: Path) -> None:
    message = read(example)
    if isinstance(message, Command):
        assert message.payload == TASKS[message.agent].model_validate(message.payload).model_dump(mode="json")
    if isinstance(message, Reply) and message.result is not None:
        assert message.result == RESULTS[message.agent].from_wire(message.result).to_wire()


def test_every_version_of_every_schema_has_an_example_and_every_example_a_schema() -> None:
    examples = {".".join(path.name.split(".")[:2]) for path in EXAMPLES}

    assert {schema.stem for schema in schema_versions()} == examples
    assert {path.stem for path in EXAMPLES} == {path.stem for path in FOLDER.glob("*.hex")}


def test_every_agent_has_an_example_of_its_command_and_its_result() -> None:
    messages = [read(path) for path in EXAMPLES]

    assert set(AgentType) == {message.agent for message in messages if isinstance(message, Command)}
    assert set(AgentType) == {message.agent for message in messages if isinstance(message, Reply) and message.result}


def test_every_message_has_a_topic_and_every_topic_s_schema_a_message(topology: Topology) -> None:
    on_topics = {terms.schema_name for terms in topology.topics.values()} - {None}

    assert {message_type.__name__ for message_type in SUBJECTS.values()} == on_topics | {"Command"}
    assert set(SUBJECTS) == set(NEWEST)


def _records(schema: Any) -> dict[str, dict[str, Any]]:
    """Every record defined in a schema, by name."""
    if isinstance(schema, list):
        return {name: record for branch in schema for name, record in _records(branch).items()}
    if not isinstance(schema, dict):
        return {}
    inner = [field["type"] for field in schema.get("fields", ())] + [
        schema[key] for key in ("items", "values") if key in schema
    ]
    records = {schema["name"]: schema} if schema["type"] == "record" else {}
    return records | _records(inner)


def test_every_field_of_a_message_is_in_its_schema_in_the_same_order_and_the_other_way_round() -> None:
    for subject, message_type in SUBJECTS.items():
        in_schema = [field["name"] for field in NEWEST[subject].definition["fields"]]
        assert list(message_type.__struct_fields__) == in_schema, subject


def test_every_field_of_a_task_and_a_result_is_in_its_record_and_the_other_way_round() -> None:
    records = {**_records(NEWEST["command"].definition), **_records(NEWEST["reply"].definition)}
    for task in TASKS.values():
        assert list(task.model_fields) == [field["name"] for field in records[task.__name__]["fields"]]
    for result in RESULTS.values():
        assert [*result.model_fields, "extras"] == [field["name"] for field in records[result.__name__]["fields"]]


def test_defaults_in_the_schemas_are_those_of_the_models() -> None:
    records = {**_records(NEWEST["command"].definition), **_records(NEWEST["reply"].definition)}
    for model in (*TASKS.values(), *RESULTS.values()):
        for field in records[model.__name__]["fields"]:
            if field["name"] in model.model_fields and "default" in field:
                default = model.model_fields[field["name"]].get_default(call_default_factory=True)
                assert default == (tuple(field["default"]) if isinstance(field["default"], list) else field["default"])


def test_a_record_used_in_two_schemas_is_the_same_in_both() -> None:
    in_command = _records(NEWEST["command"].definition)
    in_reply = _records(NEWEST["reply"].definition)

    shared = in_command.keys() & in_reply.keys()
    assert {"Anomaly", "RankedCause", "Operation", "Offer"} == shared
    for name in shared:
        assert json.dumps(in_command[name]) == json.dumps(in_reply[name])


def test_every_field_says_what_it_means_and_every_signal_names_its_vss_path_or_standard() -> None:
    for schema in schema_versions():
        for record in _records(schema.definition).values():
            assert record["doc"], record["name"]
            assert all(field["doc"] for field in record["fields"]), record["name"]
    signals = [
        f for f in NEWEST["telemetry"].definition["fields"] if f["type"] in (["null", "double"], ["null", "boolean"])
    ]
    for field in signals:
        assert "VSS" in field["doc"], field["name"]
