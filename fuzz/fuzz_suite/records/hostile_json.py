"""JSON of unknown senders: plain names, and values that no parser may fail on."""

import base64
import gzip
import re
from collections.abc import Callable
from random import Random

import msgspec

from fuzz_suite.records.traffic import Message
from fuzz_suite.records.values import TEXTS
from master_orchestrator_schemas.aliases import ALIASES
from master_orchestrator_schemas.messages import UebaRequest

ALIASED = {alias.field: name for name, alias in ALIASES.items() if alias.scale == 1.0}
_VALUE = re.compile(rb'(?<=:)("(?:[^"\\]|\\.)*"|-?[0-9.eE+-]+|true|false|null|\[\]|\{\})')
_KEY = re.compile(rb'"(\w+)":')
FOREIGN_NAMES = (
    b"vehicle", b"rpm", b"engine_temp", b"extras", b"unknown", b"", b"ignition", b"location", b"gear", b"labor_hours",
    b"timestamp", b"ts",
)  # fmt: skip
DEPTHS = (5, 15, 16, 17, 100, 2_000, 100_000)
TOKENS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"9" * 30, b"9" * 400, b"9" * 5_000,
    b"-" + b"9" * 400,
    b"0." + b"1" * 5_000, b"00", b"1.", b".5", b"+1", b"0x10", b"1e", b"-0", b"1e400000000", b"true",
    b"false", b"null", b"TRUE",
    b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\u0000"', b'"\\x41"', b'"\xff\xfe"', b'"\xed\xa0\x80"',
    b'"\xc0\x80"', b'"unclosed',
    b"{}", b"[]", b"[[]]", b'{"a":1}', b'{"":1}', b"[null]", b'[{"code":null}]', b'[{"code":"P0301","status":1e3}]',
    b'["P0301"]', b'["p0301 "]', b'"2026-01-31T12:00:00Z"', b'"2026-01-31"', b'"0001-01-01T00:00:00+14:00"',
    b'"9999-12-31T23:59:59-14:00"', b'"2026-02-30"', b'"1e5"', b"1700000000", b"1700000000.5", b"1e11",
    b"99999999999999999999",
    b'"yes"', b"1", b"0", b"-1", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"",
    b"/*x*/1", b"1,",
    b'"On"', b'"no"', b'"118"', b'"--"', b'"N/A"', b'"NO DATA"', b'"D"', b'{"lat":52.5,"lon":13.4}', b'["P0217","hot"]',
    b'[{"code":"P0217","lamp":1}]', b'"none"', b'"P0217, U3FFF"', b'"2016-12-31t23:59:60z"', b'"20260805175756"',
    b"20260805175756", b"46239.7", b"1785952676", b'"checked-in"', b'"urgent"', b'"set priority"',
)  # fmt: skip


def hostile_json(rng: Random, message: Message | UebaRequest) -> bytes:
    """The message as JSON, some of it replaced, doubled, misspelt or nested, or in another form altogether."""
    value = msgspec.json.encode(message)
    if rng.random() < 0.05:
        return rng.choice(FORMS)(value)
    if rng.random() < 0.4:
        value = _aliased(value)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        value = _changed(rng, value)
    return value


def _with_many_names(value: bytes) -> bytes:
    names = b"".join(b'"signal_%d":%d,' % (number, number) for number in range(140))
    return b"{" + names + value.lstrip()[1:]


FORMS: tuple[Callable[[bytes], bytes], ...] = (
    _with_many_names,
    lambda value: b"[" + value + b"]",
    lambda value: b"\xef\xbb\xbf" + value,
    lambda value: value.decode(errors="replace").encode("utf-16"),
    gzip.compress,
    base64.b64encode,
    lambda value: msgspec.json.encode(value.decode(errors="replace")),
    lambda value: b"\x00\x00\x00\x00\x07" + value,
)
"""What gateways make of JSON by mistake."""


def _aliased(value: bytes) -> bytes:
    """With the plain names; what is null goes, as gateways do."""
    fields = msgspec.json.decode(value, type=dict[str, object])
    return msgspec.json.encode({ALIASED.get(name, name): item for name, item in fields.items() if item is not None})


def _changed(rng: Random, value: bytes) -> bytes:
    draw = rng.random()
    if draw < 0.55:
        return _replaced(rng, value, _token(rng))
    if draw < 0.75:
        name: bytes = rng.choice([*_KEY.findall(value), *FOREIGN_NAMES])
        return b'{"' + name + b'":' + _token(rng) + b"," + value.lstrip()[1:]
    if draw < 0.85:
        return _renamed(rng, value)
    if draw < 0.95:
        return rng.choice((b" " * 9, b"\n", b"\xef\xbb\xbf", b"")) + value[: rng.randrange(len(value) + 1)]
    return value + rng.choice((value, b"}", b"\x00", b" ", b",", b"//"))


def _token(rng: Random) -> bytes:
    draw = rng.random()
    if draw < 0.1:
        return msgspec.json.encode(rng.choice(TEXTS))
    if draw < 0.97:
        return rng.choice(TOKENS)
    depth = rng.choice(DEPTHS)
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"a":[', b"]}")))
    return opening * depth + b"1" + (closing * depth if rng.random() < 0.7 else b"")


def _replaced(rng: Random, value: bytes, token: bytes) -> bytes:
    places = list(_VALUE.finditer(value))
    if not places:
        return value
    place = rng.choice(places)
    return value[: place.start()] + token + value[place.end() :]


def _renamed(rng: Random, value: bytes) -> bytes:
    names = list(_KEY.finditer(value))
    if not names:
        return value
    place = rng.choice(names)
    name = msgspec.json.encode(rng.choice(TEXTS)) if rng.random() < 0.5 else b'"' + rng.choice(names).group(1) + b'"'
    return value[: place.start()] + name + value[place.end() - 1 :]
