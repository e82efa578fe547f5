"""Titles of trouble codes from a file of the user's, for codes that ``titles.toml`` has no line for.

The file is SQLite (a table with the columns ``code`` and ``description``; where it has ``locale``, its ``en`` rows
count; where it has ``is_generic``, those rows win for standard codes), or CSV of code and title. What a title says is
the file's: it names no part, and orders an inspection.
"""

import csv
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path

from master_orchestrator_agents.errors import AgentError
from master_orchestrator_agents.reference.diagnosis.titles import Title
from master_orchestrator_schemas.trouble_codes import NO_CODE, NOT_AVAILABLE, trouble_code, without_type

VARIABLE = "MASTER_ORCHESTRATOR_KNOWLEDGE"
MAX_BYTES = 256 * 1024 * 1024
MAX_ROWS = 200_000
MAX_TITLE_CHARACTERS = 200

CHECKS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("communication",), "supply and ground of the unit that is silent, then the bus"),
    (("data", "bus", "network"), "codes of the unit that sends it, then the bus"),
    (("stuck", "mechanical"), "whether it moves freely, then its control"),
    (
        ("circuit", "open", "short", "voltage", "signal", "input", "output", "intermittent"),
        "connector and wiring of this circuit",
    ),
    (
        ("range", "performance", "efficiency", "threshold", "high", "low", "rich", "lean"),
        "the value against one measured otherwise",
    ),
)
"""What to look at first, by a word of the title: the first line that fits counts."""
OTHER_CHECK = "the stored data of the code, then the maker's test plan for it"

OF_A_MAKE = re.compile(r"(?:P1|P3[0-3]|[BCU][12]).*")
"""Codes that SAE J2012 leaves to the makers: what a file calls generic of them holds for one make."""

TitleRow = tuple[object, object, bool]
"""Code, title, and whether the file says that it holds for every make."""


class KnowledgeError(AgentError):
    """The file of titles cannot be used. The text says which, why, and what to do."""


def read_titles(path: Path) -> Mapping[str, str]:
    """Canonical code -> its title.

    A code with different titles has none here, for they are of different makes and the vehicle's is not known.

    Raises:
        KnowledgeError: there is no such file, it is neither SQLite nor CSV, too large, or has no trouble code.
    """
    try:
        rows = list(islice(_rows(path), MAX_ROWS + 1))
    except (OSError, sqlite3.Error, csv.Error, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is neither SQLite nor CSV in UTF-8"
        raise _unusable(path, str(why)) from error
    if len(rows) > MAX_ROWS:
        raise _unusable(path, f"it has more than {MAX_ROWS:,} rows")
    titles = _agreed(rows)
    if not titles:
        raise _unusable(path, "it has no trouble code with a title")
    return titles


def title_in(titles: Mapping[str, str], fault: str) -> Title | None:
    """The title of a trouble code in such a file; with its failure type, if the file has it so."""
    text = titles.get(fault) or titles.get(without_type(fault))
    if text is None:
        return None
    words = set(text.lower().replace("/", " ").split())
    check = next((check for signs, check in CHECKS if words.intersection(signs)), OTHER_CHECK)
    if OF_A_MAKE.fullmatch(fault):
        check = f"whether this title is that of the vehicle's make, then {check}"
    return Title(f"trouble_code_{fault.lower()}", f"{fault}: {text}", check)


def _unusable(path: Path, why: str) -> KnowledgeError:
    return KnowledgeError(
        f"{path} cannot be used as a knowledge base: {why}; name an SQLite or CSV file of codes and titles ({VARIABLE})"
    )


def _rows(path: Path) -> Iterator[TitleRow]:
    with path.open("rb") as stream:
        is_sqlite = stream.read(16) == b"SQLite format 3\0"
    if path.stat().st_size > MAX_BYTES:
        raise _unusable(path, f"it is larger than {MAX_BYTES // 1024**2} MiB")
    return _sqlite_rows(path) if is_sqlite else _csv_rows(path)


def _csv_rows(path: Path) -> Iterator[TitleRow]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        yield from ((row[0], row[1], True) for row in csv.reader(stream) if len(row) > 1)


def _sqlite_rows(path: Path) -> Iterator[TitleRow]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = {name for (name,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,))}
            if {"code", "description"} <= columns:
                yield from database.execute(_query(table, columns))
                return


def _query(table: str, columns: set[str]) -> str:
    generic = "is_generic" if "is_generic" in columns else "1"
    where = " WHERE locale = 'en'" if "locale" in columns else ""
    name = table.replace('"', '""')
    return f'SELECT code, description, {generic} FROM "{name}"{where}'  # noqa: S608 - the file's own name, quoted


def _agreed(rows: Iterable[TitleRow]) -> dict[str, str]:
    """The titles on which all rows of a code agree; those for every make first."""
    generic: dict[str, set[str]] = {}
    of_a_make: dict[str, set[str]] = {}
    for code, title, is_generic in rows:
        known, text = _code(code), _text(title)
        if known and text:
            is_of_all = is_generic and not OF_A_MAKE.fullmatch(known)
            (generic if is_of_all else of_a_make).setdefault(known, set()).add(text)
    return {code: texts.pop() for code, texts in (of_a_make | generic).items() if len(texts) == 1}


def _text(title: object) -> str:
    """The title on one line of printable characters; empty if it is not text."""
    line = " ".join(title.split()) if isinstance(title, str) else ""
    return "".join(letter for letter in line if letter.isprintable())[:MAX_TITLE_CHARACTERS]


def _code(text: object) -> str | None:
    try:
        code = trouble_code(text) if isinstance(text, str) else NO_CODE
    except ValueError:  # a heading, or a line that is about something else
        return None
    return None if code in (NO_CODE, NOT_AVAILABLE) else code
