"""Files as streams of rows: CSV or NDJSON, plain or gzip, told apart by their bytes and never held in memory."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, TextIO, cast

from master_orchestrator.ingest.errors import FileUnusableError

GZIP_MAGIC = b"\x1f\x8b"
SAMPLE_BYTES = 65_536
MAX_LINE = 262_144
"""Characters; a longer line is no reading, and would have to be held in memory."""

Format = Literal["csv", "ndjson"]


class Row(NamedTuple):
    """One row: the line it stands on (1-based), and its cells by column name. Cells of NDJSON have JSON's types."""

    line: int
    cells: Mapping[str, object]


class BadRow(NamedTuple):
    """A row that could not be read as one, and why."""

    line: int
    text: str
    reason: str


@dataclass
class RowFile:
    """A file that was looked at: what it is, and the columns of its header (empty for NDJSON).

    ``read_bytes``: how far it has been read, of its size on disk.
    """

    path: Path
    format: Format
    gzipped: bool
    encoding: str
    columns: tuple[str, ...]
    read_bytes: int = 0

    def rows(self) -> Iterator[Row | BadRow]:
        """All rows in order. A gzip stream that breaks off gives a last :class:`BadRow`."""
        with self.path.open("rb") as raw, _unzipped(raw, gzipped=self.gzipped) as plain:
            text = io.TextIOWrapper(plain, self.encoding, errors="replace", newline="")
            for row in _csv_rows(text) if self.format == "csv" else _ndjson_rows(text):
                self.read_bytes = raw.tell()
                yield row


def inspect(path: Path) -> RowFile:
    """Look at the first bytes of a file. Raises :class:`FileUnusableError`: missing, empty, binary, no header."""
    gzipped, sample = _sample(path)
    if not sample.strip():
        raise FileUnusableError(path, "is empty")
    if b"\x00" in sample:
        raise FileUnusableError(path, "is binary, neither CSV nor NDJSON (nor either of them in gzip)")
    encoding = _encoding_of(sample)
    text = sample.decode(encoding, errors="replace")
    if text.lstrip().startswith("{"):
        return RowFile(path, "ndjson", gzipped, encoding, ())
    return RowFile(path, "csv", gzipped, encoding, _header(path, text))


def _sample(path: Path) -> tuple[bool, bytes]:
    try:
        with path.open("rb") as raw:
            gzipped = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            with _unzipped(raw, gzipped=gzipped) as plain:
                return gzipped, plain.read(SAMPLE_BYTES)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileUnusableError(path, f"is a damaged gzip file ({error})") from error
    except OSError as error:
        raise FileUnusableError(path, (error.strerror or str(error)).lower()) from error


def _header(path: Path, sample: str) -> tuple[str, ...]:
    try:
        header = next(csv.reader(_lines(io.StringIO(sample, newline=""))))
    except (csv.Error, StopIteration) as error:
        raise FileUnusableError(path, f"has no CSV header ({error})") from error
    columns = _names(header)
    if not columns:
        raise FileUnusableError(path, "has no CSV header: its first line is empty")
    if len(columns) < 2 and "," not in "".join(header):
        raise FileUnusableError(path, f"is neither CSV nor NDJSON: its first line is {columns[0][:60]!r}")
    if len(set(columns)) < len(columns):
        twice = sorted({name for name in columns if columns.count(name) > 1})
        raise FileUnusableError(path, f"names column {twice[0]!r} twice in its header")
    return columns


def _names(header: Sequence[str]) -> tuple[str, ...]:
    """Column names with UTF-8 that was once read as Latin-1 set right (``[Â°C]`` in the KIT files)."""
    return tuple(name.strip().replace("\u00c2\u00b0", "\u00b0") for name in header)


def _encoding_of(sample: bytes) -> str:
    """UTF-8, with or without a byte order mark, else Latin-1. A sample may end within a character."""
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8-sig" if error.start > len(sample) - 4 else "latin-1"
    return "utf-8-sig"


def _unzipped(raw: BinaryIO, *, gzipped: bool) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if gzipped else raw  # GzipFile reads like any binary file


def _lines(text: TextIO) -> Iterator[str]:
    """Lines of at most :data:`MAX_LINE` characters; of a longer one, the first part."""
    while line := text.readline(MAX_LINE):
        yield line
        while len(line) == MAX_LINE and not line.endswith("\n"):
            line = text.readline(MAX_LINE)


def _csv_rows(text: TextIO) -> Iterator[Row | BadRow]:
    reader = csv.reader(_lines(text))
    columns: tuple[str, ...] = ()
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # a quote that is not closed takes in line after line, up to csv's limit
            yield BadRow(reader.line_num, "", f"no CSV: {error}; what came since the row before is left out")
            if not columns:
                return
            continue
        except (EOFError, OSError, zlib.error) as error:
            yield BadRow(reader.line_num + 1, "", f"the rest of the file cannot be read: {error}")
            return
        if not columns:
            columns = _names(values)
        elif len(values) == len(columns):
            yield Row(reader.line_num, dict(zip(columns, values, strict=True)))
        elif values:
            reason = f"{len(values)} cells where the header has {len(columns)}"
            yield BadRow(reader.line_num, ",".join(values)[:MAX_LINE], reason)


def _ndjson_rows(text: TextIO) -> Iterator[Row | BadRow]:
    number = 0
    lines = _lines(text)
    while True:
        try:
            line = next(lines)
        except StopIteration:
            return
        except (EOFError, OSError, zlib.error) as error:
            yield BadRow(number + 1, "", f"the rest of the file cannot be read: {error}")
            return
        number += 1
        if line.strip():
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row | BadRow:
    if len(line) >= MAX_LINE:
        return BadRow(number, line[:200], f"longer than {MAX_LINE} characters")
    try:
        cells = json.loads(line)
    except (ValueError, RecursionError) as error:
        return BadRow(number, line.rstrip("\r\n"), f"no JSON: {error}")
    if not isinstance(cells, dict):
        return BadRow(number, line.rstrip("\r\n"), "not a JSON object")
    return Row(number, cells)
