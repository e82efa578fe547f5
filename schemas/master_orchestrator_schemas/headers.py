"""Record headers: the CloudEvents envelope and the W3C trace context. Those of dead letters: ``dead_letters.py``."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from master_orchestrator_schemas.left_out import harmless
from master_orchestrator_schemas.messages.telemetry import MAX_MS

Header = tuple[str, bytes]
Headers = list[Header]

_SPEC_VERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", b"application/avro")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAMPLED = 0x01
"""The flag of a trace context that says that its trace is recorded (W3C Trace Context, 3.2.2.5.1)."""

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def rfc3339(at_ms: int) -> str:
    """``2026-01-31T12:00:00.250Z``. Times before 1970 and after 9999 become those ends."""
    seconds, millis = divmod(min(max(at_ms, 0), MAX_MS), 1000)
    return f"{_to_the_second(seconds)}.{millis:03}Z"


@lru_cache(maxsize=256)
def _to_the_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat().removesuffix("+00:00")


def envelope_headers(message_type: str, source: str, id: str, at_ms: int, traceparent: str | None) -> Headers:  # noqa: A002 - CloudEvents' name
    """The CloudEvents 1.0 attributes of a record (Kafka binding, binary mode), and its trace context if it has one.

    Args:
        message_type: the message class, ``Telemetry``; ``ce_type`` is its Avro full name.
        source: who writes, such as ``master-orchestrator/engine``.
        id: unique within the source; a repeat of the same message has the same.
        at_ms: when it happened, milliseconds since 1970 UTC.
        traceparent: W3C trace context, carried from telemetry to every command, reply and audit record.
    """
    ce_type, ce_source = _origin(message_type, source)
    headers = [_SPEC_VERSION, ("ce_id", header_text(id)), ce_type, ce_source, _time(at_ms), _CONTENT_TYPE]
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return headers


@lru_cache(maxsize=1024)  # the engine stamps all records of an input with one time
def _time(at_ms: int) -> Header:
    return ("ce_time", rfc3339(at_ms).encode())


@lru_cache(maxsize=1024)
def _origin(message_type: str, source: str) -> tuple[Header, Header]:
    return ("ce_type", b"master_orchestrator." + message_type.encode()), ("ce_source", source.encode())


def traceparent_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str | None:
    """The W3C trace context of a record, None without a valid one: a broken context is not worth a dead letter."""
    for name, value in headers or ():
        if name == "traceparent" and value is not None and _TRACEPARENT.fullmatch(value):
            return value.decode()
    return None


def exemplar_of(traceparent: str | None) -> dict[str, str] | None:
    """The trace id, as the exemplar of a metric; None without a sampled trace, of which nothing could be looked up."""
    if traceparent is None or not int(traceparent[-2:], 16) & SAMPLED:
        return None
    return {"trace_id": traceparent.split("-")[1]}


UNKNOWN_SENDER = "unknown"
SENDER_HEADERS = ("ce_source", "client_id")
"""Where a record may say who sent it, the first that is there counts. A client's own id does not reach its readers."""


def sender_of(headers: Iterable[tuple[str, bytes | None]] | None) -> str:
    """Who sent a record, short and harmless to show; ``unknown`` where it does not say."""
    given = {name: value for name, value in headers or () if value}
    for name in SENDER_HEADERS:
        if text := given.get(name, b"").decode(errors="replace").strip():
            return harmless(text)
    return UNKNOWN_SENDER


def gateway_of(headers: Iterable[tuple[str, bytes | None]]) -> str:
    """:func:`sender_of` for readings, of which there are many, from few gateways."""
    for header in headers:
        if header[0] == SENDER_HEADERS[0] and header[1]:
            return _gateway(header)
    return sender_of(headers)


@lru_cache(maxsize=1024)
def _gateway(header: tuple[str, bytes | None]) -> str:
    return sender_of((header,))


def header_text(text: str) -> bytes:
    """A header's value; lone surrogates, as in what is quoted from a broken record, become question marks."""
    return text.encode(errors="replace")
