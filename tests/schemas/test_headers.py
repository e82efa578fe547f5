"""The envelope, the trace context and the origin of dead letters, as bytes in headers."""

import pytest

from master_orchestrator_schemas.dead_letters import Origin, origin_headers
from master_orchestrator_schemas.headers import envelope_headers, rfc3339, traceparent_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_envelope_has_the_attributes_that_cloudevents_requires() -> None:
    headers = envelope_headers("Command", "master-orchestrator/engine", "v-1~1/DIAGNOSIS/0/0", 1_700_000_000_250, None)

    assert {
        "ce_specversion": b"1.0",
        "ce_id": b"v-1~1/DIAGNOSIS/0/0",
        "ce_type": b"master_orchestrator.Command",
        "ce_source": b"master-orchestrator/engine",
        "ce_time": b"2023-11-14T22:13:20.250Z",
        "content-type": b"application/avro",
    } == dict(headers)


def test_the_trace_context_goes_along() -> None:
    assert TRACE == traceparent_of(envelope_headers("Reply", "s", "i", 0, TRACE))
    assert traceparent_of(envelope_headers("Reply", "s", "i", 0, None)) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"hello",
        TRACE.encode() + b"\n",
        TRACE.upper().encode(),
        TRACE.replace("00-4", "ff-4").encode(),
        f"00-{'0' * 32}-00f067aa0ba902b7-01".encode(),
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01".encode(),
        b"\xff" * 55,
    ],
)
def test_a_broken_trace_context_is_no_trace_context(value: bytes | None) -> None:
    assert traceparent_of([("traceparent", value)]) is None
    assert traceparent_of([("other", b"x"), ("traceparent", value), ("traceparent", TRACE.encode())]) == TRACE


def test_a_record_without_headers_has_no_trace_context() -> None:
    assert traceparent_of(None) is None
    assert traceparent_of([]) is None


def test_a_dead_letter_says_where_it_stood_and_why() -> None:
    headers = dict(origin_headers(Origin("vehicle.telemetry", 5, 81_220, "not_finite", "x" * 2_000), 1_700_000_000_000))

    assert (b"vehicle.telemetry", b"5", b"81220", b"not_finite", b"2023-11-14T22:13:20.000Z") == tuple(
        headers[f"dead_letter_{name}"] for name in ("topic", "partition", "offset", "reason", "time")
    )
    assert b"x" * 1_000 == headers["dead_letter_message"]


def test_a_dead_letter_s_message_may_quote_anything() -> None:
    headers = dict(origin_headers(Origin("t", 0, 0, "invalid", "caf\u00e9 \ud800"), 10**30))

    assert "caf\u00e9 ?".encode() == headers["dead_letter_message"]
    assert b"9999-12-31T23:59:59.999Z" == headers["dead_letter_time"]


@pytest.mark.parametrize(("at_ms", "text"), [(0, "1970-01-01T00:00:00.000Z"), (-1, "1970-01-01T00:00:00.000Z")])
def test_times_have_milliseconds_always(at_ms: int, text: str) -> None:
    assert text == rfc3339(at_ms)
