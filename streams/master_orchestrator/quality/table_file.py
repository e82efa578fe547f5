"""A CSV file with columns of known names: delimiter and spelling of the header are recognised, the rest is strict."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from master_orchestrator.quality.errors import QualityFileError

DELIMITERS = (",", ";", "\t", "|")


class TableFile:
    """One file, and the columns that are needed of it; others are left out."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self._columns = columns

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Each row: its line (1-based), and the cells of the columns asked for. Raises QualityFileError."""
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            line = 1
            try:
                first = stream.readline()
                delimiter, places = self._header(first)
                rows = csv.reader(stream, delimiter=delimiter, strict=True)
                width = max(places)
                for row in rows:
                    line = rows.line_num + 1
                    if len(row) > width:
                        yield line, [row[place].strip() for place in places]
                    elif any(cell.strip() for cell in row):
                        raise QualityFileError(
                            self.path, f"has {len(row)} cells where the header has more: complete or remove it", line
                        )
            except UnicodeDecodeError as error:
                raise QualityFileError(
                    self.path, f"is not UTF-8 ({error.reason}): save it as CSV in UTF-8", line
                ) from error
            except csv.Error as error:
                raise QualityFileError(self.path, f"is not CSV ({error}): mend the quotes", line + 1) from error

    def _header(self, text: str) -> tuple[str, list[int]]:
        """The delimiter under which most columns are found, and their places."""
        cut = {delimiter: _names(text, delimiter) for delimiter in DELIMITERS}
        delimiter = max(cut, key=lambda each: len(set(cut[each]) & set(self._columns)))
        names = cut[delimiter]
        for column in self._columns:
            if names.count(column) != 1:
                problem = "is missing" if column not in names else "is there more than once"
                raise QualityFileError(
                    self.path,
                    f"{problem} in the header; the columns that it has to have are {', '.join(self._columns)}",
                    1,
                    column,
                )
        return delimiter, [names.index(column) for column in self._columns]


def _names(text: str, delimiter: str) -> list[str]:
    cells = next(csv.reader([text], delimiter=delimiter), [])
    return ["_".join(cell.strip().lower().replace("-", " ").replace("_", " ").split()) for cell in cells]
