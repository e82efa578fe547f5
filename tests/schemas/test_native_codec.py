"""The native form of the codec writes, reads and refuses what the pure form does, byte by byte and word by word."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.build_hook import WHY_NOT
from support.message_strategies import STRATEGIES

from master_orchestrator_schemas.agreement import BRANCHES
from master_orchestrator_schemas.avro_schemas import SchemaVersion, schema_versions
from master_orchestrator_schemas.binary import reading, writing
from master_orchestrator_schemas.binary.form import built
from master_orchestrator_schemas.binary.primitives import varint, zigzag
from master_orchestrator_schemas.registry import SUBJECTS, Message

pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
NATIVE: Any = built()
MESSAGE_TYPES = pytest.mark.parametrize("message_type", SUBJECTS.values(), ids=SUBJECTS)
FEW = settings(max_examples=25)
WRONG: tuple[object, ...] = (
    None, True, -1, 8191, 8192, 2**34, 2**41, 2**63 - 1, -(2**63), 2**63, 10**400, 1.5, float("nan"),
    "", "é\x00" * 700, "\ud800", b"bytes", [1], ["x"], {}, {"x": 1.0}, {1: "x"}, {"x": None}, object,
)  # fmt: skip
CLAIMS = (
    *(zigzag(value) for value in (0, -1, 1, 2, 7, -64, 10_000, 2**40, 2**63 - 1, -(2**63))),
    varint(2**64), varint(2**63), b"\xff" * 10, b"\xff" * 9 + b"\x01", b"\xff" * 9 + b"\x02", b"\x80" * 9, b"\xc3(",
    b"\x00" * 9,
)  # fmt: skip
"""Bytes that mean something else wherever they stand: counts, lengths, branches, numbers too long, broken UTF-8."""


def outcome(call: Callable[..., object], *arguments: object) -> str:
    """What it returns or raises; as text, in which NaN is NaN and the order of keys shows."""
    try:
        return repr(call(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other form must do the same
        return repr(error)


def versions_of(message_type: type[Message]) -> list[SchemaVersion]:
    return [schema for schema in schema_versions() if SUBJECTS[schema.name] is message_type]


def spoiled(data: st.DataObject, message: Message) -> Message:
    """The message with a wrong value in one field, or in one of that field's keys."""
    name = data.draw(st.sampled_from(message.__struct_fields__))
    wrong: Any = data.draw(st.sampled_from(WRONG))
    value = getattr(message, name)
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        rest = {other: value[other] for other in value if other != key}
        wrong = rest if data.draw(st.booleans()) else rest | {key: wrong}
    return msgspec.structs.replace(message, **{name: wrong})


def test_it_is_built_where_it_can_be() -> None:
    assert NATIVE is not None, "make venv builds it"


@MESSAGE_TYPES
@FEW
@given(data=st.data())
def test_both_write_the_same_and_refuse_the_same(message_type: type[Message], data: st.DataObject) -> None:
    message = data.draw(STRATEGIES[message_type])
    schema = data.draw(st.sampled_from(versions_of(message_type)))
    branches = BRANCHES.get(message_type, {})
    pure, native = writing.compile_writer(schema.definition, branches), NATIVE.Writer(schema.definition, branches)
    for written in (message, spoiled(data, message)):
        assert outcome(pure, b"prefix", written) == outcome(native, b"prefix", written)


@MESSAGE_TYPES
@FEW
@given(data=st.data())
def test_both_read_the_same_and_refuse_the_same(message_type: type[Message], data: st.DataObject) -> None:
    schema = versions_of(message_type)[-1]
    write = writing.compile_writer(schema.definition, BRANCHES.get(message_type, {}))
    valid = write(b"", data.draw(STRATEGIES[message_type]))
    cut = data.draw(st.integers(0, len(valid)))
    put = data.draw(st.sampled_from(CLAIMS) | st.binary(max_size=12))
    skipped = data.draw(st.integers(0, 9))
    version = data.draw(st.sampled_from(versions_of(message_type)))
    terms = (version.definition, data.draw(st.sampled_from((0, 1, 3, 1024))), data.draw(absent_in(version)))
    pure, native = reading.compile_reader(*terms), NATIVE.Reader(*terms)
    for value in (valid, valid[:cut], put, valid[:cut] + put + valid[cut + skipped :]):
        position = data.draw(st.sampled_from((0, 0, 1, len(value), len(value) + 1)))
        assert outcome(pure, value, position) == outcome(native, value, position)


def absent_in(version: SchemaVersion) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from([field["name"] for field in version.definition["fields"]]))


@pytest.mark.parametrize("claim", CLAIMS)
def test_both_refuse_what_is_claimed_of_counts_and_lengths(claim: bytes) -> None:
    fields = [
        {"name": "items", "type": {"type": "array", "items": "long"}},
        {"name": "texts", "type": {"type": "map", "values": "string"}},
        {"name": "flag", "type": ["null", "boolean"]},
    ]
    schema = {"type": "record", "name": "Claims", "fields": fields}
    pure, native = reading.compile_reader(schema, 8), NATIVE.Reader(schema, 8, ())
    for before in (b"", b"\x00", b"\x00\x00", b"\x02", b"\x00\x02", b"\x00\x02\x02a", b"\x00\x00\x02"):
        for after in (b"", b"\x00", b"\x02\x02\x00", b"\x00" * 20, b"\x02" * 20):
            value = before + claim + after
            assert outcome(pure, value, 0) == outcome(native, value, 0)
