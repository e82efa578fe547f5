"""Files as streams of rows: a table or JSON, plain or gzip, told apart by their bytes and never held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from master_orchestrator.ingest.csv_rows import csv_rows, fitting
from master_orchestrator.ingest.errors import FileUnusableError
from master_orchestrator.ingest.json_rows import json_rows, sampled
from master_orchestrator.ingest.row import BadRow, Row
from master_orchestrator.ingest.sniffing import LINE_ENDS, Dialect, looks_like_json, sniff, split
from master_orchestrator.ingest.sources import BINARY, Source, control_characters, look_at

MAX_SAMPLED = 400
"""Rows that are looked at before a file is read."""

Format = Literal["csv", "ndjson"]


@dataclass(frozen=True)
class RowFile:
    """A file that was looked at.

    Args:
        columns: of a table its header; of JSON the names that its first objects have.
        sample: some of its first rows.
    """

    source: Source
    format: Format
    columns: tuple[str, ...]
    sample: tuple[Row, ...]
    dialect: Dialect | None = None

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.source.path

    @property
    def preamble(self) -> tuple[str, ...]:
        """The lines before a table's header."""
        return self.dialect.preamble if self.dialect else ()

    @property
    def decimal_comma(self) -> bool:
        """Whether ``118,5`` is a number."""
        return self.dialect is not None and self.dialect.decimal_comma

    def rows(self) -> Iterator[Row | BadRow]:
        """All rows in order; where the rest cannot be read, the last one is a :class:`BadRow` that says why."""
        return json_rows(self.source) if self.dialect is None else csv_rows(self.source, self.dialect)


def inspect(path: Path) -> RowFile:
    """Look at the first bytes of a file. Raises FileUnusableError: missing, empty, binary, no header."""
    source = look_at(path)
    if looks_like_json(source.sample):
        rows = tuple(sampled(source.sample, MAX_SAMPLED))
        return RowFile(source, "ndjson", tuple(dict.fromkeys(name for row in rows for name in row.columns)), rows)
    sniffed = sniff(source.sample, whole=source.whole)
    if sniffed is None:
        raise FileUnusableError(path, _not_a_table(source.sample))
    dialect, cells = sniffed
    width = len(dialect.header)
    further = (split(line, dialect.delimiter) for line in source.lines_from_within())
    fitted = (fitting(row, width) for row in (*cells, *further))
    sample = tuple(Row(0, dialect.header, row) for row in fitted if len(row) == width)
    return RowFile(source, "csv", dialect.header, sample, dialect)


def _not_a_table(sample: str) -> str:
    first = next((line for line in LINE_ENDS.split(sample) if line.strip()), "").strip()
    if any(delimiter in first for delimiter in ",;\t|"):
        return f"has no CSV header: put the columns' names before the line {first[:60]!r}"
    if control_characters(sample[:1_000]):
        return BINARY
    return f"is neither CSV (cells apart by , ; | or tab) nor NDJSON: its first line is {first[:60]!r}"
