"""Record batches made by hand and produced over a bare socket: what no client library lets a test write."""

import socket
import struct
import time
from collections.abc import Callable, Sequence

from aiokafka.record.util import calc_crc32c  # type: ignore[import-untyped]  # aiokafka ships no types

from master_orchestrator_schemas.kafka import KafkaSettings

PRODUCE, PRODUCE_VERSION = 0, 7
"""The newest version without flexible fields that takes zstd."""
NO_LEADER_YET = (3, 5, 6)

RawHeaders = Sequence[tuple[bytes | None, bytes | None]]


def varint(number: int) -> bytes:
    """Zigzag, base 128, as in the record format."""
    rest = (number << 1 ^ number >> 63) & 2**64 - 1
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*encoded, rest])


def field(value: bytes | None) -> bytes:
    """Bytes with their length; None has the length -1."""
    return varint(-1) if value is None else varint(len(value)) + value


def raw_record(
    delta: int, key: bytes | None, value: bytes | None, headers: RawHeaders = (), timestamp_delta: int = 0
) -> bytes:
    """One record at ``delta`` in its batch."""
    named = varint(len(headers)) + b"".join(field(name) + field(content) for name, content in headers)
    body = b"\0" + varint(timestamp_delta) + varint(delta) + field(key) + field(value) + named
    return varint(len(body)) + body


def raw_batch(
    records: Sequence[bytes],
    *,
    codec: int = 0,
    compress: Callable[[bytes], bytes] = bytes,
    timestamps: tuple[int, int] = (0, 0),
) -> bytes:
    """A batch of format v2, checksum right; ``timestamps`` are the first and the largest it claims."""
    count = len(records)
    head = struct.pack(">hiqqqhii", codec, count - 1, *timestamps, -1, -1, -1, count)
    checked = head + compress(b"".join(records))
    rest = struct.pack(">ibI", -1, 2, calc_crc32c(checked)) + checked
    return struct.pack(">qi", 0, len(rest)) + rest


def produce_raw(kafka: KafkaSettings, topic: str, partition: int, batch: bytes) -> int:
    """Write the batch to a one-broker cluster; the broker's error code, 0 for success. A new topic is waited for."""
    deadline = time.monotonic() + 10
    while (code := _produce_once(kafka, topic, partition, batch)) in NO_LEADER_YET and time.monotonic() < deadline:
        time.sleep(0.05)
    return code


def _produce_once(kafka: KafkaSettings, topic: str, partition: int, batch: bytes) -> int:
    records = struct.pack(">iii", 1, partition, len(batch)) + batch
    payload = struct.pack(">hhii", -1, -1, 10_000, 1) + _string(topic) + records
    request = struct.pack(">hhi", PRODUCE, PRODUCE_VERSION, 1) + _string("raw") + payload
    host, _, port = kafka.bootstrap_servers.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.makefile("rb")
        answer.read(struct.unpack(">i", answer.read(4))[0] - _ANSWER_TAIL.size)
        code: int = _ANSWER_TAIL.unpack(answer.read(_ANSWER_TAIL.size))[0]
        return code


_ANSWER_TAIL = struct.Struct(">hqqqi")
"""Error code, base offset, append time, log start, throttle time: with one partition, where the answer ends."""


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()
