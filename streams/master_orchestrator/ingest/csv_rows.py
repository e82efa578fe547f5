"""The rows of a table: every line behind the header is a row, a blank, a repeated header or a reject. None is lost.

A quote that is not closed would take in all that follows. A cell may go on over some lines, as notes do; as soon as a
line within it is a row by itself, or it has gone on for too long, the quote counts as never closed: its row is a reject
and the lines behind it are read as rows again.
"""

import csv
from collections import deque
from collections.abc import Iterator

from master_orchestrator.ingest.row import BadRow, Row
from master_orchestrator.ingest.sniffing import Dialect, clean, is_known
from master_orchestrator.ingest.sources import Broken, Source

MAX_CELL_LINES = 20
COMMENT = ("#", "//", "%", "[")
"""How a line begins that is not a row, where it has not the width of one: comments, and headings of sections."""
MAX_CELL = 131_072


def csv_rows(source: Source, dialect: Dialect) -> Iterator[Row | BadRow]:
    """All rows in order, each with the number of the line that it begins on."""
    columns, header, width = dialect.header, list(dialect.header_cells), len(dialect.header)
    feed = _Feed(source.lines(), dialect)
    while True:
        values = feed.record()
        if feed.bad:
            yield from feed.bad
            feed.bad.clear()
        if values is None:
            return
        if len(values) != width:
            values = fitting(values, width)
        if not values or (values[0] == "" and not any(values)):
            continue
        if values[0] == header[0] and _is_header(values, header):
            if values != header:
                header, columns, width = values, clean(values), len(values)
        elif len(values) == width and not feed.unclosed:
            yield Row(feed.line, columns, values)
        elif not values[0].lstrip().startswith(COMMENT):
            yield feed.misfit(values, width)


UNCLOSED = "a quote is opened in this line and not closed: close it, or double it where it belongs to the text"


def fitting(values: list[str], width: int) -> list[str]:
    """A row without the empty cells behind its last column; one that is all empty has none left."""
    if len(values) > width and not any(values[width:]):
        return values[:width] if any(values) else []
    return values if any(values) else []


def _is_header(values: list[str], header: list[str]) -> bool:
    """Whether a row is the header again, as files that were joined have it, or another one with other columns."""
    if values == header:
        return True
    return values[0] == header[0] and sum(map(is_known, values)) > 1 and set(values) & set(header[1:]) != set()


class _Feed:
    """Lines for a csv reader, one record at a time; closes quotes that nobody closes.

    ``line``: where the record begins. ``bad``: lines that are left out, for the reader never sees them.
    """

    def __init__(self, lines: Iterator[str], dialect: Dialect) -> None:
        self._source = lines
        self._dialect = dialect
        self._reader = csv.reader(self._lines(), delimiter=dialect.delimiter)
        self._ahead: deque[str] = deque()
        self._behind: list[str] = []
        self._number = 0
        self.line = 0
        self.unclosed = False
        self.bad: list[BadRow] = []

    def record(self) -> list[str] | None:
        """The cells of the next record; None at the end."""
        while True:
            self.line, self.unclosed = 0, False
            if self._behind:
                self._behind = []
            try:
                return next(self._reader, None)
            except csv.Error as error:
                self.bad.append(BadRow(self.line, "", f"not CSV: {error}"))

    def misfit(self, values: list[str], width: int) -> BadRow:
        """The reject that a record is. The lines behind its first one are read again, as records of their own."""
        text = self._dialect.delimiter.join(values)[:MAX_CELL]
        if self.unclosed or self._behind:
            self._give_back()
            return BadRow(self.line, text, UNCLOSED)
        return BadRow(self.line, text, f"{len(values)} cells where the header has {width}")

    def _give_back(self) -> None:
        self._ahead.extendleft(reversed(self._behind))
        self._number -= len(self._behind)
        self._behind = []

    def _lines(self) -> Iterator[str]:
        skip = self._dialect.first_row - 1
        while (line := self._next()) is not None:
            self._number += 1
            if self._number <= skip:
                continue
            whole = self._mended(line) if len(line) >= MAX_CELL or "\x00" in line else line
            if whole is None:
                continue
            if self.line == 0:
                self.line = self._number
                yield whole
            else:
                yield self._within(whole)

    def _next(self) -> str | None:
        if self._ahead:
            return self._ahead.popleft()
        line = next(self._source, None)
        if isinstance(line, Broken):
            self.bad.append(BadRow(self._number + 1, "", str(line)))
            line = None
        return line

    def _within(self, line: str) -> str:
        """A further line of a cell, or the end of it where that would go too far."""
        self._behind.append(line)
        alone = line.count(self._dialect.delimiter) + 1 >= len(self._dialect.header) and len(self._dialect.header) > 1
        if not alone and len(self._behind) < MAX_CELL_LINES:
            return line
        self.unclosed = True
        self._give_back()
        return '"\n'

    def _mended(self, line: str) -> str | None:
        """A line without NULs at its ends; None for one that is left out."""
        if len(line) >= MAX_CELL:
            why = f"longer than {MAX_CELL} characters"
        elif "\x00" in (line := line.strip("\x00\r\n") + "\n"):
            why = "holds NUL bytes within: what was written there is lost"
        elif line == "\n":
            why = "NUL bytes, as a power cut leaves them"
        else:
            return line
        self.bad.append(BadRow(self._number, line[:200].replace("\x00", ""), why))
        return None
