"""Objects of a JSON file as rows: one a line (NDJSON), or an array of them, or one after the other over many lines."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from master_orchestrator.ingest.row import BadRow, Row
from master_orchestrator.ingest.sources import MAX_LINE, Broken, Source

_BETWEEN = re.compile(r"[\s,\[\]}\x00\x1e]*")
_WRAPPED = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\[\s*(?=\{)')
"""An array of objects under one name: ``{"readings": [``."""
_NEXT_OBJECT = re.compile(r"(?:\n|\}\s*,)\s*(?=\{)")
_decode = json.JSONDecoder().raw_decode


def is_by_lines(sample: str) -> bool:
    """Whether each line holds a whole object: the first one does."""
    first = sample.lstrip().split("\n", 1)[0].strip()
    if first.startswith("["):
        return False
    if _WRAPPED.match(first) and (not first.endswith("}") or _is_wrapped(first)):
        return False
    return len(first) >= MAX_LINE or first.endswith("}") or "\n" not in sample.strip()


def _is_wrapped(text: str) -> bool:
    """Whether a text is one object that holds nothing but a list."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and len(document) == 1


def sampled(sample: str, most: int) -> list[Row]:
    """Some rows of a sample, for a look at their names and values."""
    rows: list[Row] = []
    at = 0
    if wrapped := _WRAPPED.match(sample):
        at = wrapped.end()
    while len(rows) < most:
        at = _BETWEEN.match(sample, at).end()  # type: ignore[union-attr]  # matches the empty text too
        try:
            item, at = _decode(sample, at)
        except (ValueError, RecursionError):
            following = _NEXT_OBJECT.search(sample, at + 1)
            if following is None:
                break
            at = following.end()
            continue
        if isinstance(item, dict):
            rows.append(Row(len(rows) + 1, tuple(item), list(item.values())))
    return rows


def json_rows(source: Source) -> Iterator[Row | BadRow]:
    """All rows in order."""
    if is_by_lines(source.sample):
        yield from _by_lines(source)
    else:
        yield from _one_after_the_other(source)


def _by_lines(source: Source) -> Iterator[Row | BadRow]:
    for number, line in enumerate(source.lines(), 1):
        if isinstance(line, Broken):
            yield BadRow(number, "", str(line))
        elif line.strip("\ufeff\x00\x1e \t\r\n\x0b\x0c"):
            yield _json_row(number, line)
        elif "\x00" in line:
            yield BadRow(number, "", "NUL bytes, as a power cut leaves them")


def _json_row(number: int, line: str) -> Row | BadRow:
    if len(line) >= MAX_LINE:
        return BadRow(number, line[:200], f"longer than {MAX_LINE} characters")
    text = line.strip("\ufeff\x00\x1e \t\r\n\x0b\x0c")
    try:
        cells = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            cells = json.loads(text)  # takes NaN, and texts with half a surrogate pair
        except (ValueError, RecursionError) as error:
            return BadRow(number, text, f"not JSON: {error}")
    return _row(number, cells, text)


def _row(number: int, cells: Any, text: str) -> Row | BadRow:
    if not isinstance(cells, dict):
        return BadRow(number, text[:MAX_LINE], "not a JSON object")
    return Row(number, tuple(cells), list(cells.values()))


def _one_after_the_other(source: Source) -> Iterator[Row | BadRow]:
    """Objects across lines, with brackets and commas between them; behind a wrong one it goes on at the next."""
    text = _Window(source)
    while text.at_an_object():
        line, item = text.line, text.decoded()
        if item is not None:
            yield _row(line, *item)
        else:
            yield BadRow(line, text.skipped()[:200], f"not JSON, or longer than {MAX_LINE} characters")
    if text.problem:
        yield BadRow(text.line, "", text.problem)


class _Window:
    """The part of a text that is at work; what has been read is let go. ``line``: the one where it stands."""

    def __init__(self, source: Source) -> None:
        self._chunks: Iterator[str] | None = source.chunks()
        self._held, self._at = "", 0
        self.line = 1
        self.problem = ""
        self._grow()
        if wrapped := _WRAPPED.match(self._held):
            self._advance(wrapped.end())

    def at_an_object(self) -> bool:
        """Skip what stands between objects; False at the end of the text."""
        while True:
            self._advance(_BETWEEN.match(self._held, self._at).end())  # type: ignore[union-attr]  # may be empty
            if self._at < len(self._held):
                return True
            if not self._grow():
                return False

    def decoded(self) -> tuple[Any, str] | None:
        """The value here and its text; None where there is none, however much more is read."""
        while True:
            try:
                value, end = _decode(self._held, self._at)
            except (ValueError, RecursionError):
                if len(self._held) - self._at >= MAX_LINE or not self._grow():
                    return None
                continue
            text = self._held[self._at : end]
            self._advance(end)
            return value, text

    def skipped(self) -> str:
        """What stands before the next object, passed over."""
        following = _NEXT_OBJECT.search(self._held, self._at + 1)
        text = self._held[self._at : following.end() if following else len(self._held)]
        self._advance(self._at + len(text))
        return text

    def _advance(self, end: int) -> None:
        self.line += self._held.count("\n", self._at, end)
        self._at = end

    def _grow(self) -> bool:
        chunk = next(self._chunks, None) if self._chunks is not None else None
        if chunk is None or isinstance(chunk, Broken):
            self._chunks = None
            self.problem = chunk or self.problem
            return False
        self._held, self._at = self._held[self._at :] + chunk, 0
        return True
