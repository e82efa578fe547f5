"""One look at a file's first lines: JSON or a table, what separates its cells, where its header and its rows begin."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from master_orchestrator.ingest.cells import comma_number
from master_orchestrator.ingest.headings import MisfitError, name_and_unit, understood
from master_orchestrator_schemas.measures import is_unit
from master_orchestrator_schemas.values import is_no_value, number

DELIMITERS = (",", ";", "\t", "|")
LINE_ENDS = re.compile(r"\r\n|\n|\r")
_SEP = re.compile(r'^"?sep=(?P<delimiter>.)"?\s*$', re.IGNORECASE)
_COMMENT = re.compile(r"^\s*(#|//|%)\s*")
_JSON_ARRAY = re.compile(r"^\[\s*(\{|\[|\]|$)")
_DECIMAL_COMMA = re.compile(r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),(\d{1,2}|\d{4,})$|^[+-]?0,\d+$")
_COMMA_OF_3 = re.compile(r"^[+-]?\d{1,3},\d{3}$")
_POINT = re.compile(r"^[+-]?\d+\.\d+$|^[+-]?\d{1,3}(,\d{3})+\.\d+$")
MAX_LINES, MAX_PREAMBLE = 400, 60
MIN_NAMES = 2


class Line(NamedTuple):
    """A line of the sample: its number (1-based) and its cells."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Args:
        delimiter: between cells.
        decimal_comma: ``118,5`` is a number.
        header: the columns' names, with the unit of a row of units in brackets.
        header_cells: the header as it stands, to know it again.
        first_row: the number of the first line behind the header (and the units).
        preamble: the lines before the header.
    """

    delimiter: str
    decimal_comma: bool
    header: tuple[str, ...]
    header_cells: tuple[str, ...]
    first_row: int
    preamble: tuple[str, ...] = ()


def looks_like_json(sample: str) -> bool:
    """Whether it begins as an object or an array of them does."""
    start = sample.lstrip()
    return start.startswith("{") or _JSON_ARRAY.match(start[:200]) is not None


def sniff(sample: str, *, whole: bool) -> tuple[Dialect, list[list[str]]] | None:
    """The dialect and some rows of the sample; None where no line looks like a header."""
    lines = LINE_ENDS.split(sample)[: MAX_LINES + 1]
    if (len(lines) > MAX_LINES or not whole) and len(lines) > 1:
        lines.pop()  # it may be cut
    best: tuple[tuple[int, int], Dialect, list[list[str]]] | None = None
    start, delimiters = _announced(lines)
    for delimiter in delimiters:
        table = _table(lines, start, delimiter)
        if table is not None and (best is None or table[0] > best[0]):
            best = table
    return None if best is None else best[1:]


def _announced(lines: Sequence[str]) -> tuple[int, Sequence[str]]:
    """Spreadsheets' ``sep=;``: where the table starts behind it, and what it names."""
    for index, line in enumerate(lines):
        if line.strip():
            match = _SEP.match(line)
            return (index + 1, (match["delimiter"],)) if match else (0, DELIMITERS)
    return 0, DELIMITERS


def _table(lines: Sequence[str], start: int, delimiter: str) -> tuple[tuple[int, int], Dialect, list[list[str]]] | None:
    cut = [Line(at + 1, split(line, delimiter)) for at, line in enumerate(lines) if at >= start and line.strip()]
    plain = [
        line for line in cut if not _COMMENT.match(lines[line.number - 1]) or lines[line.number - 1][1:2] == delimiter
    ]
    widths = Counter(len(line.cells) for line in plain if len(line.cells) > 1)
    if not widths:
        return None
    most = max(widths.values())
    width = next(len(line.cells) for line in plain if widths.get(len(line.cells)) == most)
    header = _header(plain, cut, width)
    if (header is None or not _known(header.cells)) and (named := _names_fields(plain)):
        header, width = named, len(named.cells)  # most of what stands below it is not of its table
    if header is None:
        return None
    behind = [line for line in plain if line.number > header.number]
    units = behind[0] if behind and _are_units(behind[0].cells) else None
    rows = [line.cells for line in behind if line is not units and line.cells[: len(header.cells)] != header.cells]
    names = clean(header.cells)
    dialect = Dialect(
        delimiter=delimiter,
        decimal_comma=_has_decimal_comma(rows, delimiter),
        header=_with_units(names, units.cells) if units else names,
        header_cells=tuple(header.cells),
        first_row=(units or header).number + 1,
        preamble=tuple(line for line in lines[: header.number - 1] if line.strip()),
    )
    return (widths[width], width), dialect, rows


def split(line: str, delimiter: str) -> list[str]:
    """The cells of one line; a quote that is open at its end closes there."""
    try:
        return next(csv.reader([line.replace("\x00", "")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _header(plain: Sequence[Line], cut: Sequence[Line], width: int) -> Line | None:
    """The line above the rows that has their width (or one less, where rows end with a separator) and names columns."""
    above: list[Line] = []
    for line in plain:
        if len(line.cells) not in (width, width - 1) or len(line.cells) < 2:
            continue
        if any(map(_is_number, line.cells)):
            if len(line.cells) == width:
                break
            continue
        above.append(line)
    if not above:
        above = _named_below(plain, width)
    if above:
        return max(above, key=lambda line: (_known(line.cells), len(line.cells) == width, -line.number))
    first = next(line.number for line in plain if len(line.cells) == width)
    for line in reversed([line for line in cut if line.number < first]):  # "# time, rpm": a commented header
        cells = [_COMMENT.sub("", line.cells[0]), *line.cells[1:]]
        if len(cells) == width:
            return Line(line.number, cells)
    return None


def _names_fields(plain: Sequence[Line]) -> Line | None:
    """The first line without numbers that names two of our fields at least, whatever stands below it."""
    lines = (line for line in plain[:MAX_PREAMBLE] if not any(map(_is_number, line.cells)))
    return next((line for line in lines if _known(line.cells) >= MIN_NAMES), None)


def _named_below(plain: Sequence[Line], width: int) -> list[Line]:
    """Lines that name our fields, below others that hold numbers: some programs write a table of channels first."""
    return [
        line
        for line in plain[:MAX_PREAMBLE]
        if len(line.cells) == width and _known(line.cells) and not any(map(_is_number, line.cells))
    ]


def _is_number(cell: str) -> bool:
    return comma_number(cell) is not None or number(cell) is not None


def _known(cells: Sequence[str]) -> int:
    return sum(is_known(cell) for cell in cells)


def is_known(heading: str) -> bool:
    """Whether a heading names one of our fields."""
    try:
        return understood(heading.strip()) is not None
    except MisfitError:
        return True


def clean(header: Sequence[str]) -> tuple[str, ...]:
    """Column names without spaces around them, and with UTF-8 once read as Latin-1 set right (``[Â°C]``)."""
    return tuple(name.strip().strip("\ufeff").replace("\u00c2\u00b0", "\u00b0") for name in header)


def _are_units(cells: Sequence[str]) -> bool:
    """Whether a line holds nothing but units."""
    told = [cell.strip().strip("()[]") for cell in cells if not is_no_value(cell)]
    return len(told) > 1 and all(is_unit(cell) for cell in told if number(cell) is None) and not any(map(number, told))


def _with_units(names: Sequence[str], units: Sequence[str]) -> tuple[str, ...]:
    padded = [*(unit.strip().strip("()[]") for unit in units), *[""] * len(names)]
    return tuple(
        f"{name} ({unit})" if unit and name_and_unit(name)[1] is None and is_unit(unit) else name
        for name, unit in zip(names, padded, strict=False)
    )


def _has_decimal_comma(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether numbers have a decimal comma: some cell can be nothing else, or the delimiter speaks for it."""
    cells = [cell.strip() for row in rows for cell in row if "," in cell or "." in cell]
    if any(_DECIMAL_COMMA.match(cell) for cell in cells):
        return True
    if any(_POINT.match(cell) for cell in cells):
        return False
    return delimiter != "," and any(_COMMA_OF_3.match(cell) for cell in cells)
