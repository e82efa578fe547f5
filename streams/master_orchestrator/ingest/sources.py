"""A file's bytes as text: gzip, the encoding, and what a power cut or a cut transfer leaves. Never held in memory."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from master_orchestrator.ingest.errors import FileUnusableError

GZIP_MAGIC = b"\x1f\x8b"
SAMPLE_BYTES = 65_536
MAX_LINE = 262_144
"""Characters; a longer line is not a reading, and would have to be held in memory."""

LARGE_BYTES, PLACES, PIECE_BYTES = 1_000_000, 8, 4_096
"""From this size on a file is also looked at in some places further inside."""

NOT_TEXT: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "is a ZIP archive or an Excel workbook (binary): unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook (binary): save the sheet as CSV"),
    (b"PAR1", "is a Parquet file (binary): write it as CSV or NDJSON"),
    (b"SQLite format 3", "is an SQLite database (binary): write its table as CSV"),
    (b"MDF     ", "is an MDF measurement file (binary): write it as CSV"),
    (b"%PDF", "is a PDF (binary): give the table as CSV"),
    (b"BZh", "is compressed with bzip2: unpack it, or use gzip"),
    (b"\xfd7zXZ", "is compressed with xz: unpack it, or use gzip"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it, or use gzip"),
    (b"7z\xbc\xaf", "is a 7-Zip archive: unpack it"),
    (b"<?xml", "is XML: give the table as CSV or NDJSON"),
    (b"<html", "is a web page: was the download complete, and you logged in?"),
    (b"<!DOCTYPE", "is a web page: was the download complete, and you logged in?"),
)
BINARY = "is binary, neither CSV nor NDJSON (nor either of them in gzip)"
BOMS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Tolerant(io.RawIOBase):
    """The bytes of a file as far as they can be read; ``problem`` says why no further."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self.problem: str | None = None
        self.cut = False

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants a private buffer type
        """Fill the buffer; 0 at the end, or where the rest cannot be read."""
        if self.problem is not None:
            return 0
        try:
            data = self._stream.read1(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            self.problem = " ".join(str(error).split()).lower().rstrip(".")
            self.cut = "not a gzipped file" not in self.problem  # else: something follows a complete gzip stream
            return 0
        buffer[: len(data)] = data
        return len(data)


@dataclass
class Source:
    """A file that was looked at. ``sample``: its first characters; ``read_bytes``: how far it has been read."""

    path: Path
    gzipped: bool
    encoding: str
    sample: str
    whole: bool
    read_bytes: int = field(default=0, compare=False)

    def lines(self) -> Iterator[str]:
        """All lines, of at most :data:`MAX_LINE` characters; ends with a :class:`Broken` one where the rest is lost."""
        with self._opened() as (text, tolerant, raw):
            yield from self._lines(text, tolerant, raw.tell)

    def chunks(self) -> Iterator[str]:
        """The text in pieces; ends with a :class:`Broken` one where the rest is lost."""
        with self._opened() as (text, tolerant, raw):
            while chunk := text.read(SAMPLE_BYTES):
                self.read_bytes = raw.tell()
                yield chunk
            if tolerant.problem is not None:
                yield Broken(f"the rest of the file cannot be read: {tolerant.problem}")

    def lines_from_within(self) -> Iterator[str]:
        """Some lines from further inside of a large plain file: its first vehicle may not speak for all."""
        size = self.path.stat().st_size
        if self.gzipped or self.encoding.startswith(("utf-16", "utf-32")) or size < LARGE_BYTES:
            return
        with self.path.open("rb") as raw:
            for part in range(1, PLACES + 1):
                raw.seek(size * part // (PLACES + 1))
                piece = raw.read(PIECE_BYTES).decode(self.encoding, errors="replace")
                yield from piece.splitlines()[1:-1]

    @contextmanager
    def _opened(self) -> Iterator[tuple[TextIO, Tolerant, BinaryIO]]:
        with self.path.open("rb") as raw:
            tolerant = Tolerant(_unzipped(raw, gzipped=self.gzipped))
            bytes_read = io.BufferedReader(tolerant, SAMPLE_BYTES)
            yield io.TextIOWrapper(bytes_read, self.encoding, errors="replace", newline=""), tolerant, raw

    def _lines(self, text: TextIO, tolerant: Tolerant, tell: Callable[[], int]) -> Iterator[str]:
        read = text.readline
        count = 0
        while line := read(MAX_LINE):
            if tolerant.cut and not line.endswith(("\n", "\r")):
                break  # the line is cut: 118 may have become 11
            yield line
            count += 1
            if not count & 255:
                self.read_bytes = tell()
            while len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
                line = read(MAX_LINE)
        self.read_bytes = tell()
        if tolerant.problem is not None:
            yield Broken(f"the rest of the file cannot be read: {tolerant.problem}")


class Broken(str):
    """Not a line: what is wrong with the rest of the file."""

    __slots__ = ()


def look_at(path: Path) -> Source:
    """Read the first bytes of a file. Raises :class:`FileUnusableError`: missing, empty, binary."""
    gzipped, raw, problem = _sample(path)
    for magic, what in NOT_TEXT:
        if raw.startswith(magic):
            raise FileUnusableError(path, what)
    encoding = _encoding_of(raw)
    sample = raw.decode(encoding, errors="replace")
    if not sample.strip("\ufeff\x00 \t\r\n\x0b\x0c"):
        raise FileUnusableError(path, f"is a damaged gzip file ({problem})" if problem else "is empty")
    if _is_binary(sample):
        raise FileUnusableError(path, BINARY)
    return Source(path, gzipped, encoding, sample.lstrip("\ufeff\x00"), whole=len(raw) < SAMPLE_BYTES)


def _sample(path: Path) -> tuple[bool, bytes, str | None]:
    try:
        with path.open("rb") as raw:
            gzipped = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            tolerant = Tolerant(_unzipped(raw, gzipped=gzipped))
            return gzipped, io.BufferedReader(tolerant, SAMPLE_BYTES).read(SAMPLE_BYTES), tolerant.problem
    except OSError as error:
        raise FileUnusableError(path, (error.strerror or str(error)).lower()) from error


def _unzipped(raw: BinaryIO, *, gzipped: bool) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=raw) if gzipped else cast("io.BufferedIOBase", raw)  # what open("rb") gives is one


def _encoding_of(sample: bytes) -> str:
    """By its byte order mark; UTF-16 without one; else UTF-8 if it is that, and Windows-1252 if not."""
    for mark, encoding in BOMS:
        if sample.startswith(mark):
            return encoding
    even, odd = sample[0:2_000:2], sample[1:2_000:2]
    if len(odd) > 1 and odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.2 * len(even):
        return "utf-16-le"
    if len(odd) > 1 and even.count(0) > 0.6 * len(even) and odd.count(0) < 0.2 * len(odd):
        return "utf-16-be"
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:  # a sample may end within a character
        return "utf-8" if error.start > len(sample) - 4 else "cp1252"
    return "utf-8"


def _is_binary(sample: str) -> bool:
    """Whether the first line is not text: NULs behind it may be what a power cut has left."""
    first = sample.lstrip("\ufeff\x00").partition("\n")[0][:4_096]
    return control_characters(first) > 0.05 * len(first)


def control_characters(text: str) -> int:
    """How many characters are in a text that no table has."""
    return sum(character < " " and character not in "\t\r\n\x0b\x0c" for character in text)
