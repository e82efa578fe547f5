"""Messages to bytes and back, by any route, and against fastavro and the Avro specification."""

import io
import json
from typing import Any

import avro.schema
import fastavro
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.message_strategies import STRATEGIES

from master_orchestrator_schemas.agreement import BRANCHES
from master_orchestrator_schemas.avro_schemas import SchemaVersion, resolving_reader, schema_versions
from master_orchestrator_schemas.binary import MalformedError
from master_orchestrator_schemas.binary.primitives import read_long, zigzag
from master_orchestrator_schemas.codec import Codec, DecodeError, EncodeError, Limits
from master_orchestrator_schemas.messages import (
    Command,
    CustomerAnswer,
    Dtc,
    Failure,
    OperatorRequest,
    Reply,
    ServiceEvent,
    Telemetry,
    Timer,
)
from master_orchestrator_schemas.registry import SUBJECTS, Message
from master_orchestrator_schemas.results import DiagnosisResult, SchedulingResult
from master_orchestrator_schemas.vocabulary import AgentType, FailureKind, Priority

CODEC = Codec()
NEWEST = {SUBJECTS[schema.name]: schema for schema in schema_versions()}
MESSAGE_TYPES = pytest.mark.parametrize("message_type", SUBJECTS.values(), ids=SUBJECTS)
READING = Telemetry(vehicle_id="v-1", ts_ms=1_700_000_000_000, coolant_temp_c=91.5)


def reply(**fields: Any) -> Reply:
    required = {"command_id": "c", "workflow_id": "v-1~1", "vehicle_id": "v-1", "worker": "w", "handled_in_ms": 1}
    return Reply(**{"agent": AgentType.DIAGNOSIS, **required, **fields})


@MESSAGE_TYPES
@given(data=st.data())
def test_every_message_comes_back_as_it_was(message_type: type[Message], data: st.DataObject) -> None:
    message = data.draw(STRATEGIES[message_type])

    assert message == CODEC.decode(CODEC.encode(message), message_type)


@MESSAGE_TYPES
@given(data=st.data())
def test_fastavro_reads_and_writes_the_same_bytes(message_type: type[Message], data: st.DataObject) -> None:
    message = data.draw(STRATEGIES[message_type])
    ours = CODEC.encode(message)[10:]
    stream = io.BytesIO(ours)

    datum = fastavro.schemaless_reader(stream, NEWEST[message_type].parsed, None)

    assert (json.loads(msgspec.json.encode(message)), len(ours)) == (datum, stream.tell())
    written = io.BytesIO()
    fastavro.schemaless_writer(written, NEWEST[message_type].parsed, with_branch(message, datum))
    assert written.getvalue() == ours


def with_branch(message: Message, datum: Any) -> Any:
    field = {Command: "payload", Reply: "result"}.get(type(message))
    if field is None or datum[field] is None:
        return datum
    record = BRANCHES[type(message)][message.agent]  # type: ignore[union-attr]  # only these two have a field named so
    return datum | {field: (f"master_orchestrator.{record}", datum[field])}


def test_an_array_in_several_blocks_with_and_without_their_sizes_is_read_too() -> None:
    sized = b"\x01\x0e" + b"\x0aP0301\x00"  # count -1, 7 bytes
    plain = b"\x02" + b"\x0aB1234\x02\x08"

    reading = CODEC.decode(CODEC.encode(READING)[:-3] + sized + plain + b"\x00\x00\x00", Telemetry)

    assert (Dtc(code="P0301"), Dtc(code="B1234", status=4)) == reading.dtcs


def test_integers_at_every_power_of_two_are_fastavro_s() -> None:
    edges = {sign * (2**power + near) for power in range(64) for near in (-1, 0, 1) for sign in (-1, 1)}
    for value in sorted({edge for edge in edges if -(2**63) <= edge < 2**63}):
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, {"type": "long"}, value)

        assert stream.getvalue() == zigzag(value)
        assert (value, len(stream.getvalue())) == read_long(stream.getvalue(), 0)


def crc_64_avro(text: bytes) -> int:
    """As the Avro specification writes it."""
    empty = 0xC15D213AA4D7A795
    table = []
    for index in range(256):
        value = index
        for _ in range(8):
            value = (value >> 1) ^ (empty & -(value & 1))
        table.append(value)
    fingerprint = empty
    for byte in text:
        fingerprint = (fingerprint >> 8) ^ table[(fingerprint ^ byte) & 0xFF]
    return fingerprint


@MESSAGE_TYPES
def test_the_marker_is_that_of_the_avro_specification(message_type: type[Message]) -> None:
    schema = NEWEST[message_type]
    canonical = avro.schema.parse(json.dumps(schema.definition)).canonical_form

    assert crc_64_avro(canonical.encode()).to_bytes(8, "little") == schema.fingerprint


def test_single_object_encoding_starts_with_c301_and_the_fingerprint() -> None:
    assert CODEC.encode(READING).startswith(b"\xc3\x01" + NEWEST[Telemetry].fingerprint)


def test_a_schema_registry_s_framing_is_told_as_what_it_is() -> None:
    framed = bytes.fromhex("0000011170") + CODEC.encode(READING)[10:]

    with pytest.raises(DecodeError, match=r"schema registry's framing.*send single-object encoding") as refused:
        CODEC.decode(framed, Telemetry, json_allowed=True)
    assert "undecodable" == refused.value.reason


def test_records_of_an_older_version_are_resolved_to_the_newest() -> None:
    old = _version(1, [{"name": "a", "type": "int"}, {"name": "gone", "type": "string", "default": ""}])
    new = _version(2, [{"name": "a", "type": "long"}, {"name": "b", "type": "string", "default": "none"}])
    read = resolving_reader(old, new, max_items=10)

    assert ({"a": 7, "b": "none"}, 4) == read(b"\xff\x0e\x02x", 1)
    with pytest.raises(MalformedError, match="cut off"):
        read(b"\xff\x0e\x20x", 1)


def _version(number: int, fields: list[dict[str, str]]) -> SchemaVersion:
    definition = {"type": "record", "name": "Timer", "fields": fields}
    return SchemaVersion("timer", number, definition, fastavro.parse_schema(definition), b"12345678")


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (msgspec.structs.replace(READING, coolant_temp_c="hot"), "required argument is not a float"),
        (msgspec.structs.replace(READING, ts_ms=2**63), "64 bits"),
        (msgspec.structs.replace(READING, vehicle_id=7), "encode"),
        (msgspec.structs.replace(READING, check_requested=1), "boolean"),
        (msgspec.structs.replace(READING, extras={"x" * 300_000: 1.0}), r"300\d+ bytes, 262144 are allowed"),
        (reply(result={"mood": "good"}), "mood would be lost"),
        (reply(result=SchedulingResult(bay="3").to_wire()), "appointment_id, bay.* would be lost"),
    ],
)
def test_what_cannot_be_written_says_why(message: Message, what: str) -> None:
    with pytest.raises(EncodeError, match=what):
        CODEC.encode(message)


def test_a_task_s_missing_keys_are_written_with_their_defaults() -> None:
    command = Command(
        command_id="c",
        workflow_id="v-1~1",
        vehicle_id="v-1",
        agent=AgentType.SCHEDULING,
        priority=Priority.HIGH,
        step="SCHEDULING",
        attempt=0,
        revision=0,
        issued_at_ms=0,
        deadline_ms=0,
        payload={"priority": 2, "due_by_ms": 5},
    )

    payload = CODEC.decode(CODEC.encode(command), Command).payload

    assert (2, 5, True, [], None) == tuple(
        payload[key] for key in ("priority", "due_by_ms", "safe_to_drive", "operations", "replaces")
    )


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_json_of_outsiders_says_the_same_as_avro(data: st.DataObject) -> None:
    outsiders: list[type[Message]] = [ServiceEvent, OperatorRequest, CustomerAnswer, Telemetry]
    message_type = data.draw(st.sampled_from(outsiders))
    message = data.draw(STRATEGIES[message_type])

    assert message == CODEC.decode(b" " + msgspec.json.encode(message), message_type, json_allowed=True)


def test_readings_in_json_may_use_plain_names() -> None:
    text = b'{"vehicle_id":"v-1","timestamp":"2023-11-14T22:13:20Z","engine_temp":91.5}'

    assert READING == CODEC.decode(text, Telemetry, json_allowed=True)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (reply(), "either a result or a failure"),
        (
            reply(
                result=DiagnosisResult().to_wire(),
                failure=Failure(kind=FailureKind.PERMANENT, error="E", message="both"),
            ),
            "either a result or a failure",
        ),
        (reply(result=DiagnosisResult().to_wire() | {"extras": {"mood": "{"}}), "extras.mood is not JSON"),
        (reply(result=DiagnosisResult().to_wire() | {"extras": {"mood": "[" * 100_000}}), "extras.mood is not JSON"),
        (
            reply(result=DiagnosisResult().to_wire() | {"extras": dict.fromkeys(map(str, range(65)), "1")}),
            "more than 64",
        ),
    ],
)
def test_a_reply_that_contradicts_itself_is_refused(wrong: Reply, what: str) -> None:
    with pytest.raises(DecodeError, match=what) as refused:
        CODEC.decode(CODEC.encode(wrong), Reply)
    assert "invalid" == refused.value.reason


def test_a_result_of_another_agent_is_refused() -> None:
    value = CODEC.encode(reply(agent=AgentType.SCHEDULING, result=SchedulingResult().to_wire()))

    with pytest.raises(DecodeError, match="not one of DIAGNOSIS"):
        CODEC.decode(value.replace(b"SCHEDULING", b"DIAGNOSIS").replace(b"\x14DIAG", b"\x12DIAG"), Reply)


def test_limits_come_from_the_topology() -> None:
    small = Codec(Limits(max_record="100B"))
    timer = Timer(vehicle_id="v-1", workflow_id="w" * 60, deadline_id="d", due_ms=0)

    assert timer == small.decode(small.encode(timer), Timer)
    longer = msgspec.structs.replace(timer, workflow_id="w" * 100)
    with pytest.raises(EncodeError, match="100 are allowed"):
        small.encode(longer)
    with pytest.raises(DecodeError) as refused:
        small.decode(CODEC.encode(longer), Timer)
    assert "oversized" == refused.value.reason
