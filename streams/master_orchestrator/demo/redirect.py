"""Logs of this process and its children into a file, so that the terminal belongs to the live table."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

STDOUT, STDERR = 1, 2


class Streams(NamedTuple):
    """The streams that were there before."""

    out: TextIO
    err: TextIO


@contextmanager
def output_to(log: Path) -> Iterator[Streams]:
    """Meanwhile stdout and stderr, children's too, go to ``log``; gives the streams that were before."""
    _flush()
    with ExitStack() as saved:
        out, err = (saved.enter_context(_copy(number)) for number in (STDOUT, STDERR))
        with log.open("ab") as file:
            for number in (STDOUT, STDERR):
                os.dup2(file.fileno(), number)
        try:
            yield Streams(out, err)
        finally:
            _flush()
            os.dup2(out.fileno(), STDOUT)
            os.dup2(err.fileno(), STDERR)


def _copy(number: int) -> TextIO:
    return os.fdopen(os.dup(number), "w", encoding="utf-8", errors="replace")


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
