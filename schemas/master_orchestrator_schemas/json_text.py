"""Reading JSON from unknown senders: depth is checked before parsing, counts after."""

import json
import re
from typing import Any

import msgspec

from master_orchestrator_schemas.errors import DecodeError
from master_orchestrator_schemas.limits import Limits

_TOKEN = re.compile(rb'\\.|["{}\[\]]', re.DOTALL)  # an escape, a quote, or a bracket: nothing to backtrack over
_NOT_FINITE = re.compile(rb"NaN|Infinity")
_PYTHON_DICT = re.compile(rb"\{\s*'")


def nesting(text: bytes) -> int:
    """How deep arrays and objects are nested, by counting brackets outside strings; also for broken JSON."""
    depth = deepest = 0
    quoted = False
    for token in _TOKEN.finditer(text):
        match token[0]:
            case b'"':
                quoted = not quoted
            case b"{" | b"[" if not quoted:
                depth += 1
                deepest = max(deepest, depth)
            case b"}" | b"]" if not quoted:
                depth -= 1
    return deepest


def read_object(text: bytes, limits: Limits) -> dict[str, Any]:
    """The JSON object of ``text``. Raises :class:`DecodeError`."""
    brackets = text.count(b"{") + text.count(b"[")
    if brackets > limits.max_depth and (depth := nesting(text)) > limits.max_depth:
        raise DecodeError("too_deep", f"JSON is nested {depth} deep, {limits.max_depth} is allowed; flatten it")
    try:
        value = _decoded(text)
    except (ValueError, RecursionError) as error:  # msgspec.MsgspecError and UnicodeDecodeError are ValueErrors
        raise DecodeError("undecodable", f"not JSON: {_told(text, str(error))}") from error
    if not isinstance(value, dict):
        raise DecodeError("invalid", "the JSON is not an object; send one object per record")
    _check_counts(value, limits.max_items)
    return value


def _decoded(text: bytes) -> Any:
    """JSON, with what many writers put there against its rules: NaN and the infinities, which mean "no value".

    So does a number beyond all measure (1e999).
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        if not _NOT_FINITE.search(text) and "out of range" not in str(error):
            raise
    return json.loads(text.decode(), parse_constant=lambda _: None)


def _told(text: bytes, problem: str) -> str:
    if _PYTHON_DICT.match(text):
        return "its names are in single quotes, as Python prints a dict; send what json.dumps makes of it"
    if "trailing characters" in problem:
        return f"something follows the object ({problem}); send one JSON object per record"
    return f"{problem}; send valid JSON in UTF-8"


def _check_counts(value: Any, most: int) -> None:
    if not isinstance(value, dict | list):
        return
    if len(value) > most:
        raise DecodeError("invalid", f"{len(value)} items in one array or object, {most} are allowed; send fewer")
    for item in value.values() if isinstance(value, dict) else value:
        _check_counts(item, most)
