"""Whatever the bytes, decoding gives a message or a DecodeError: quickly, and without taking much memory."""

import json
import math
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.message_strategies import STRATEGIES

from master_orchestrator_schemas.codec import Codec, DecodeError, Limits
from master_orchestrator_schemas.json_text import nesting
from master_orchestrator_schemas.messages import Dtc, OperatorRequest, Telemetry
from master_orchestrator_schemas.registry import SUBJECTS, Message

CODEC = Codec()
READING = Telemetry(vehicle_id="v-1", ts_ms=1_700_000_000_000, coolant_temp_c=91.5)
VALUE = CODEC.encode(READING)
HEAD = VALUE[:10]
MANY = b"\x80\x80\x80\x80\x80\x80\x01"  # 2^41 zig-zag encoded
MEMORY = 2_000_000


@contextmanager
def refused(reason: str, what: str | None = None) -> Iterator[None]:
    """The block raises a DecodeError of this reason and takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=what) as error:
            yield
        assert reason == error.value.reason
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("message_type", SUBJECTS.values(), ids=SUBJECTS)
@given(data=st.data())
def test_any_bytes_give_a_message_or_a_decode_error(message_type: type[Message], data: st.DataObject) -> None:
    valid = CODEC.encode(data.draw(STRATEGIES[message_type]))
    cut = data.draw(st.integers(0, len(valid)))
    put = data.draw(st.binary(max_size=12))
    skipped = data.draw(st.integers(0, 3))
    for value in (put, valid[:10] + put, valid[:cut] + put + valid[cut + skipped :], b"\x00" + put, b"{" + put):
        try:
            message = CODEC.decode(value, message_type, json_allowed=True)
        except DecodeError:
            continue
        assert isinstance(message, message_type)


def test_a_record_cut_off_anywhere_is_undecodable() -> None:
    for length in range(10, len(VALUE)):
        with pytest.raises(DecodeError) as error:
            CODEC.decode(VALUE[:length], Telemetry)
        assert "undecodable" == error.value.reason


@pytest.mark.parametrize("value", [None, b"", b"\xc3", b"\xc3\x02", b"\x01", b"[]", b"null", b"\xff" * 100])
def test_what_is_no_message_at_all_is_undecodable(value: bytes | None) -> None:
    with refused("undecodable"):
        CODEC.decode(value, Telemetry, json_allowed=True)


def test_bytes_after_the_record_are_refused() -> None:
    with refused("undecodable", "followed by 2 bytes"):
        CODEC.decode(VALUE + b"\x00\x00", Telemetry)


def test_another_message_s_record_is_an_unknown_schema() -> None:
    with refused("unknown_schema"):
        CODEC.decode(VALUE, OperatorRequest)


# Telemetry ends with the counts of dtcs, j1939 and extras; whatever they claim comes in place of these three zeros.
@pytest.mark.parametrize(
    ("claims", "what"),
    [
        (MANY + b"\x00\x00", "more items"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + b"\x00", "more items"),  # count -2^63 and a size
        (b"\x00\x00" + MANY + b"\x00", "more items"),
        ((b"\x80\x10" + (b"\x00\x00" * 1024)) * 2, "more items"),  # twice 1,024 empty trouble codes
        (b"\x02" + MANY, "cut off"),  # a text of 2^40 bytes
        (b"\x00\x00\x02\xfe" + b"\xff" * 8 + b"\x01", "cut off"),  # a map's key of 2^63 - 1 bytes, then a double
        (b"\x02\x01\x00", "negative length"),
        (b"\x02" + b"\xff" * 100, "ten bytes"),
        (b"\x02" + b"\xff" * 9 + b"\x7f", "64 bits"),
        (b"\x02\x02\xff", "utf-8"),
    ],
)
@pytest.mark.timeout(5)
def test_claims_beyond_the_bytes_are_refused_before_they_are_believed(claims: bytes, what: str) -> None:
    with refused("undecodable", what):
        CODEC.decode(VALUE[:-3] + claims, Telemetry)


@pytest.mark.timeout(5)
def test_a_million_empty_blocks_cannot_be_sent() -> None:
    value = HEAD + b"\x00" * 1_000_000
    with refused("oversized"):
        CODEC.decode(value, Telemetry)


def test_a_boolean_is_zero_or_one_and_a_union_has_its_branches_only() -> None:
    start = VALUE.index(b"v-1") + 3 + 6  # after vehicle_id and ts_ms: model, check_requested
    for position, wrong in ((start, b"\x04"), (start, b"\x01"), (start + 1, b"\x02")):
        with refused("undecodable"):
            CODEC.decode(VALUE[:position] + wrong + VALUE[position + 1 :], Telemetry)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_are_finite(number: float) -> None:
    for reading in (
        msgspec.structs.replace(READING, coolant_temp_c=number),
        msgspec.structs.replace(READING, extras={"x": number}),
    ):
        with refused("not_finite"):
            CODEC.decode(CODEC.encode(reading), Telemetry)


@pytest.mark.parametrize(
    "change",
    [
        {"vehicle_id": ""},
        {"vehicle_id": "v" * 65},
        {"vehicle_id": "v 1"},
        {"vehicle_id": "v-1\n"},
        {"vehicle_id": "v~1"},
        {"vehicle_id": "\uff561"},
        {"ts_ms": -1},
        {"ts_ms": 253_402_300_800_000},
        {"model": "m" * 201},
        {"dtcs": (Dtc(code="X0301"),)},
        {"dtcs": (Dtc(code="P0301\n"),)},
        {"dtcs": (Dtc(code="P0301", status=256),)},
        {"dtcs": (Dtc(code="P0301"),) * 65},
        {"extras": {str(number): 1.0 for number in range(129)}},
    ],
)
def test_values_outside_the_contract_are_invalid(change: dict[str, object]) -> None:
    with refused("invalid"):
        CODEC.decode(CODEC.encode(msgspec.structs.replace(READING, **change)), Telemetry)


def request(**fields: object) -> bytes:
    known = {"vehicle_id": "v-1", "workflow_id": "v-1~1", "request_id": "r", "action": "CANCEL", "operator": "o"}
    return json.dumps(known | fields).encode()


@pytest.mark.parametrize(
    "fields", [{"action": "EXPLODE"}, {"action": None}, {"priority": 5}, {"priority": "soon"}, {"operator": ["o"]}]
)
def test_unknown_words_and_wrong_types_are_invalid(fields: dict[str, object]) -> None:
    assert isinstance(CODEC.decode(request(), OperatorRequest, json_allowed=True), OperatorRequest)
    with refused("invalid"):
        CODEC.decode(request(**fields), OperatorRequest, json_allowed=True)


def test_json_is_read_only_where_outsiders_write() -> None:
    with refused("json_not_allowed"):
        CODEC.decode(request(), OperatorRequest)


@pytest.mark.parametrize(
    "text", [b"{", b'{"a":NaN,}', b'{"a":"Infinity}', b'{"a":"\xff"}', b'{"a":"\\ud800"}', b"{}{}"]
)
def test_broken_json_is_undecodable(text: bytes) -> None:
    with refused("undecodable"):
        CODEC.decode(text, OperatorRequest, json_allowed=True)


@pytest.mark.parametrize(
    "fields",
    [
        {"vehicle_id": "v 1"},
        {"engine_temp": 10**5000},
        {"timestamp": 10**300},
        {"timestamp": "yesterday"},
        {"timestamp": 10**4200},
    ],
)
def test_a_reading_in_json_is_refused_like_one_in_avro(fields: dict[str, object]) -> None:
    known = {"vehicle_id": "v-1", "engine_temp": 91.5} | ({} if "timestamp" in fields else {"timestamp": 1_700_000_000})
    sys.set_int_max_str_digits(6_000)  # to write such an integer at all
    text = json.dumps(known | fields).encode()
    sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)

    with pytest.raises(DecodeError) as error:
        CODEC.decode(text, Telemetry, json_allowed=True)
    assert error.value.reason in {"invalid", "undecodable"}


def test_json_may_only_be_so_deep() -> None:
    nested = "[" * 15 + "]" * 15
    assert CODEC.decode(request(note="{[" * 50).replace(b'"note"', b'"x"'), OperatorRequest, json_allowed=True)
    assert CODEC.decode(request(x=json.loads(nested)), OperatorRequest, json_allowed=True)
    with refused("too_deep", "17 deep, 16"):
        CODEC.decode(request(x=json.loads(f"[{nested}]")), OperatorRequest, json_allowed=True)
    with refused("too_deep"):
        CODEC.decode(b"{" + b'"a":{' * 40_000, OperatorRequest, json_allowed=True)


def test_json_may_only_have_so_many_items() -> None:
    few = Codec(Limits(max_items=8))
    assert few.decode(request(x=[1] * 8), OperatorRequest, json_allowed=True)
    for many in ([1] * 9, {"y": [{str(key): 1 for key in range(9)}]}):
        with refused("invalid", "9 items"):
            few.decode(request(x=many), OperatorRequest, json_allowed=True)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text", [b'"\\' * 128_000, b'\\"' * 128_000, b'"' * 255_999, b"{" * 256_000, b'"\\"[' * 60_000]
)
def test_hostile_strings_are_scanned_in_linear_time(text: bytes) -> None:
    assert nesting(text) <= len(text)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_nesting_is_the_depth_of_the_value(value: object) -> None:
    def depth(part: object) -> int:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    assert depth(value) == nesting(json.dumps(value).encode())
