"""Records of other forms are told as what they are; small deviations from JSON are read."""

import base64
import gzip
import json

import pytest

from master_orchestrator_schemas.codec import Codec, DecodeError
from master_orchestrator_schemas.messages import OperatorRequest, ServiceEvent, Telemetry
from master_orchestrator_schemas.vocabulary import OperatorAction, Priority, ServiceEventKind

CODEC = Codec()
READING = b'{"vehicle_id": "v-1", "timestamp": "2026-01-31T12:00:00Z", "rpm": 900}'
NOON_MS = 1_769_860_800_000


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"[" + READING + b"]", "JSON array"),
        (json.dumps(READING.decode()).encode(), "encoded twice"),
        (READING.decode().encode("utf-16"), "UTF-16"),
        (READING.decode().encode("utf-16-le"), "UTF-16"),
        (READING.decode().encode("utf-16-be"), "UTF-16"),
        (gzip.compress(READING), "compressed with gzip"),
        (base64.b64encode(READING), "base64"),
        (b"\x00\x00\x00\x00\x07" + READING, "schema registry's framing"),
        (b"<reading/>", "XML"),
        (b"null", "single JSON value"),
        (b"'" + READING + b"'", "single quotes"),
        (b"v-1,900", "is text, but not JSON"),
        (b" \n", "is blank"),
        (b"\x08v-1", "starts with 0876"),
        (b"c301706f22f7d912fdaf", "hexadecimal digits"),
        (b"\xac\xed\x00\x05t\x00\x03v-1", "Java's serialization"),
        (READING + b"\n" + READING, "something follows the object"),
        (str(json.loads(READING)).encode(), "json.dumps"),
    ],
)
def test_another_form_is_named_with_what_to_send_instead(value: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told) as error:
        CODEC.decode(value, Telemetry, json_allowed=True)

    assert "send" in str(error.value)
    assert "send Avro" not in str(error.value)


@pytest.mark.parametrize("value", [b"\xef\xbb\xbf" + READING, b"\r\n " + READING, READING + b"\n"])
def test_a_byte_order_mark_and_blanks_are_no_hindrance(value: bytes) -> None:
    assert NOON_MS == CODEC.decode(value, Telemetry, json_allowed=True).ts_ms


def test_nan_and_infinity_mean_no_value() -> None:
    value = READING.replace(b"}", b', "oil_temp": NaN, "speed": -Infinity, "boost": Infinity}')
    reading, left_out = CODEC.read(value, Telemetry, json_allowed=True)

    assert (900, None, None, {}, ()) == (
        reading.engine_rpm, reading.engine_oil_temp_c, reading.speed_kmh, reading.extras, left_out
    )  # fmt: skip


def test_what_is_left_out_of_json_comes_with_the_message() -> None:
    reading, left_out = CODEC.read(READING.replace(b"}", b', "gear": "D"}'), Telemetry, json_allowed=True)

    assert (900, ["gear"]) == (reading.engine_rpm, [item.name for item in left_out])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"vehicle_id": None, "vehicleId": "v-1"}, "There is 'vehicleId': write 'vehicle_id'"),
        (
            {"timestamp": None, "Time-Stamp": NOON_MS},
            r"\(timestamp, ts will do\). There is 'Time-Stamp': write 'timestamp'",
        ),
        ({"vehicle_id": None, "data": {"vehicle_id": "v-1"}}, "It is inside 'data': send one record for each"),
        ({"timestamp": None, "readings": [{"ts": NOON_MS}]}, "It is inside 'readings'"),
        ({"vehicle_id": "truck 7"}, "vehicle_id: is not 1 to 64 characters of A-Z a-z 0-9"),
        ({"timestamp": NOON_MS * 1_000}, "it looks like microseconds; send milliseconds"),
        ({"timestamp": NOON_MS * 1_000_000}, "it looks like nanoseconds; send milliseconds"),
    ],
)
def test_what_a_reading_lacks_is_told_with_what_to_do(change: dict[str, object], told: str) -> None:
    reading = {"vehicle_id": "v-1", "timestamp": NOON_MS} | change

    with pytest.raises(DecodeError, match=told):
        CODEC.decode(json.dumps(reading).encode(), Telemetry, json_allowed=True)


def test_a_number_beyond_all_measure_is_no_value_and_the_others_count() -> None:
    reading = CODEC.decode(READING.replace(b"900", b'900, "speed": 1e999'), Telemetry, json_allowed=True)

    assert (900, None) == (reading.engine_rpm, reading.speed_kmh)


def test_a_message_of_another_topic_is_named() -> None:
    with pytest.raises(DecodeError, match="the record is a Telemetry, this topic takes an OperatorRequest"):
        CODEC.decode(CODEC.encode(Telemetry(vehicle_id="v-1", ts_ms=NOON_MS)), OperatorRequest, json_allowed=True)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"note": "x" * 5_000}, "note: is longer than 2000 characters"),
        ({"parts": [{"number": 7}]}, "parts: is an object, not a text"),
    ],
)
def test_what_is_left_out_is_told_in_plain_words(fields: dict[str, object], told: str) -> None:
    _, left_out = CODEC.read(event(**fields), ServiceEvent, json_allowed=True)

    assert [told] == [str(item) for item in left_out]


def event(**fields: object) -> bytes:
    known = {"vehicle": "v-1", "workflow_id": "v-1~0", "event_id": 9917, "kind": "checked-in", "timestamp": NOON_MS}
    return json.dumps(known | fields).encode()


def test_a_service_event_is_read_as_a_workshop_writes_it() -> None:
    sent = event(timestamp="2026-01-31t12:00:00z", labor_hours="2.5", parts="pump", colour="red", note="\u00e9")
    message, left_out = CODEC.read(sent, ServiceEvent, json_allowed=True)

    assert ServiceEvent(
        vehicle_id="v-1", workflow_id="v-1~0", event_id="9917", kind=ServiceEventKind.CHECKED_IN, ts_ms=NOON_MS,
        labour_hours=2.5, parts_replaced=("pump",), note="\u00e9",
    ) == message  # fmt: skip
    assert ["colour"] == [item.name for item in left_out]


def test_what_is_optional_and_wrong_is_left_out_and_what_is_needed_is_refused() -> None:
    message, left_out = CODEC.read(event(labour_hours="two", parts_replaced=7), ServiceEvent, json_allowed=True)
    assert (None, ()) == (message.labour_hours, message.parts_replaced)
    assert {"labour_hours", "parts_replaced"} == {item.name for item in left_out}
    for wrong in ({"kind": "TOWED"}, {"timestamp": "soon"}, {"event_id": None}, {"vehicle": "a b"}):
        with pytest.raises(DecodeError, match="not a ServiceEvent"):
            CODEC.decode(event(**wrong), ServiceEvent, json_allowed=True)


@pytest.mark.parametrize("priority", [1, "1", "URGENT", "urgent"])
def test_a_priority_is_a_name_or_a_number(priority: object) -> None:
    sent = {"vehicle_id": "v-1", "workflow_id": "v-1~0", "request_id": "r", "action": "set priority", "user": "ann"}
    request = CODEC.decode(json.dumps(sent | {"priority": priority}).encode(), OperatorRequest, json_allowed=True)

    assert (OperatorAction.SET_PRIORITY, Priority.URGENT, "ann") == (request.action, request.priority, request.operator)


@pytest.mark.parametrize("campaign", [{"campaign_id": "R 1"}, "R-1", [1], {"campaign_id": "R-1", "labour_hours": "x"}])
def test_a_campaign_that_is_not_understood_is_refused_by_name(campaign: object) -> None:
    sent = {"vehicle": "car-1", "request": "r1", "action": "open campaign", "user": "ann", "campaign": campaign}
    with pytest.raises(DecodeError, match="campaign"):
        CODEC.decode(json.dumps(sent).encode(), OperatorRequest, json_allowed=True)
