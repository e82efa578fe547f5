"""What a log may show: no secret, no payload, no local variable, at any level and in any format.

Every value of a record goes through :func:`guarded`, every exception through :func:`error_text` and :func:`trace`, and
every line that is written through :class:`Secrets`.
"""

import base64
import json
import logging
import os
import re
import traceback
import urllib.parse
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from datetime import date, time, timedelta
from enum import Enum
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from structlog.types import EventDict, WrappedLogger

from master_orchestrator.errors import UnreadableRecordError
from master_orchestrator_schemas.errors import DecodeError

SECRET_NAMES = re.compile(r"passw(or)?d|secret|token|credential|api.?key|private.?key|jaas|ssl\.key", re.IGNORECASE)
MASK = "***"
MAX_CHARACTERS = 2_000
MIN_SECRET = 4
"""A shorter one would mask half of every line."""

PLAIN = (str, bool, int, float, type(None))
AS_TEXT = (PurePath, Enum, UUID, date, time, timedelta)
QUOTING = (ValueError, LookupError, AssertionError, DecodeError, UnreadableRecordError)
"""Exceptions whose texts quote the data they met: `invalid literal for int(): '+49 …'`. pydantic's is a ValueError."""


def guard(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog's processor: the event with what may not be shown left out."""
    return {key: value if key in ("exc_info", "_record") else _of(key, value) for key, value in event.items()}


def guarded(value: object) -> object:
    """The value as it may be shown: numbers and texts as they are, whatever could be a payload by its type alone."""
    match value:
        case Enum() | str():
            return _short(str(value.value) if isinstance(value, Enum) else value)
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {str(key): _of(str(key), inner) for key, inner in value.items()}
        case list() | tuple() | Set():
            return [guarded(inner) for inner in value]
    return _described(value)


def error_text(error: BaseException) -> str:
    """Type and text of an exception; without the text where that may quote data."""
    name = type(error).__qualname__
    if isinstance(error, QUOTING):
        return f"{name} (its text may quote data and is not logged)"
    text = _short(str(error))
    return f"{name}: {text}" if text else name


def trace(error: BaseException) -> list[dict[str, object]]:
    """The exception and what it came from, the outermost first: type, text, and the places in the code."""
    return [
        {
            "error": error_text(each),
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in _frames(each)],
        }
        for each in _chain(error)
    ]


def trace_text(error: BaseException) -> str:
    """The same for people, in Python's own order: the cause first."""
    told = [
        "Traceback (most recent call last):\n" + "".join(traceback.format_list(_frames(each))) + error_text(each)
        for each in _chain(error)
    ]
    return "\n\nThis led to:\n\n".join(reversed(told))


class SafeArguments(logging.Filter):
    """Makes the arguments of a library's record safe before they become its message."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        if isinstance(record.args, Mapping):
            record.args = {key: _argument(value) for key, value in record.args.items()}
        elif record.args:
            record.args = tuple(_argument(value) for value in record.args)
        elif isinstance(record.msg, str) and record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]  # asyncio writes it into its message
            record.msg = record.msg.replace(repr(error), error_text(error))
        return True


class Secrets:
    """Masks the secrets of this process's environment, in every spelling that a log line may have them in."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        spellings = {form for value in _secrets(environment or os.environ) for form in _spellings(value)}
        longest_first = sorted(map(re.escape, spellings), key=len, reverse=True)
        self._pattern = re.compile("|".join(longest_first)) if longest_first else None

    def masked(self, line: str) -> str:
        """The line without them."""
        return line if self._pattern is None else self._pattern.sub(MASK, line)


def _described(value: object) -> str:
    match value:
        case BaseException():
            return error_text(value)
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
    return str(value) if isinstance(value, AS_TEXT) else f"<{type(value).__qualname__}>"


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def _of(key: str, value: object) -> object:
    return MASK if SECRET_NAMES.search(key) and value is not None else guarded(value)


def _argument(value: object) -> Any:  # whatever its % conversion takes
    return value if isinstance(value, (*PLAIN, *AS_TEXT)) or callable(value) else guarded(value)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _chain(inner)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _frames(error: BaseException) -> traceback.StackSummary:
    return traceback.extract_tb(error.__traceback__)


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if not SECRET_NAMES.search(name):
            continue
        if name.upper().endswith("_FILE"):
            with suppress(OSError, UnicodeDecodeError):  # who needs the file complains of it
                value = Path(value).read_text(encoding="utf-8").rstrip("\r\n")  # noqa: PLW2901
        if len(value) >= MIN_SECRET:
            yield value


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield repr(secret.encode())[2:-1]
    yield urllib.parse.quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode()
