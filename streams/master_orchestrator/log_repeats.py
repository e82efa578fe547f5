"""A library that says the same thing many times a second while a broker is away is shown once a minute."""

import logging
import re
from typing import Final

EVERY_S: Final = 60.0
MAX_KINDS: Final = 256
NUMBER: Final = re.compile(r"\d+")
TRIED_AGAIN: Final = re.compile(r"Group Coordinator Request failed|Marking the coordinator dead|.*: retrying$")
"""What clients say of a broker that is starting, aiokafka and librdkafka: it is shown only if it lasts."""


class LibraryRepeats(logging.Filter):
    """Lets the first record of a kind through, and after ``EVERY_S`` the next, with how many there were between.

    The first of something that is tried again by itself is not shown; it is after ``EVERY_S``, if it still comes.

    A kind is a logger, a level and a text whatever its numbers: clients differ in their numbers only.

    Args:
        libraries: loggers whose records are counted, with those below them. All others pass.
    """

    def __init__(self, libraries: tuple[str, ...]) -> None:
        super().__init__()
        self._libraries = frozenset(libraries)
        self._kinds: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown; it gets ``repeats`` if others were not."""
        if record.name not in self._libraries and record.name.partition(".")[0] not in self._libraries:
            return True
        text = _text(record)
        kind = (record.name, record.levelno, NUMBER.sub("", text))
        before = (record.created, 0) if TRIED_AGAIN.match(text) else (0.0, 0)
        shown_at, repeats = self._kinds.get(kind, before)
        if record.created - shown_at < EVERY_S:
            self._kinds[kind] = shown_at, repeats + 1
            return False
        if repeats:
            record.repeats = repeats
        if len(self._kinds) >= MAX_KINDS:
            self._kinds.clear()
        self._kinds[kind] = record.created, 0
        return True


def _text(record: logging.LogRecord) -> str:
    """The record's text; its template if the arguments do not fit it, which the handler will report."""
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)
