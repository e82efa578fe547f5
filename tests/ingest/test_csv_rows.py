"""The rows of a table: every line behind the header is a row, a blank, a header again, or a reject with its line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from master_orchestrator.ingest.row import BadRow, Row
from master_orchestrator.ingest.row_files import RowFile, inspect

HEADER = "vehicle_id,ts,rpm,note\n"


def file_of(folder: Path, content: str | bytes) -> RowFile:
    path = folder / "drive.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return inspect(path)


def read(folder: Path, content: str | bytes) -> tuple[list[Row], list[BadRow]]:
    rows = list(file_of(folder, content).rows())
    return [row for row in rows if isinstance(row, Row)], [row for row in rows if isinstance(row, BadRow)]


def lines(first: int, last: int) -> str:
    return "".join(f"v1,{number},800,\n" for number in range(first, last + 1))


@pytest.mark.parametrize("later", ["", 'v1,70,800,"a quoted note, with a comma"\n'])
def test_a_quote_that_is_not_closed_costs_its_own_row_alone(tmp_path: Path, later: str) -> None:
    rows, (bad,) = read(tmp_path, HEADER + lines(2, 7) + 'v1,8,"8\n' + lines(9, 60) + later)
    assert [*range(2, 8), *range(9, 61), *([61] if later else [])] == [row.line for row in rows]
    assert 8 == bad.line
    assert "not closed" in bad.reason
    assert "v1,8" in bad.text


def test_a_quote_open_in_the_last_line_is_a_reject_too(tmp_path: Path) -> None:
    rows, (bad,) = read(tmp_path, HEADER + lines(2, 5) + 'v1,6,"80')
    assert ([2, 3, 4, 5], 6) == ([row.line for row in rows], bad.line)


def test_many_open_quotes_are_many_rejects(tmp_path: Path) -> None:
    rows, bad = read(tmp_path, HEADER + 'v1,2,"8\nv1,3,800,\n' * 200)
    assert (200, 200) == (len(rows), len(bad))
    assert list(range(2, 402, 2)) == [row.line for row in bad]


def test_a_note_over_several_lines_is_one_cell(tmp_path: Path) -> None:
    rows, bad = read(tmp_path, HEADER + 'v1,2,800,"one\ntwo, with a comma\nthree"\n' + lines(5, 6))
    assert [] == bad
    assert [2, 5, 6] == [row.line for row in rows]
    assert "one\ntwo, with a comma\nthree" == rows[0].cells["note"]


def test_a_quote_in_the_middle_of_a_cell_is_a_character(tmp_path: Path) -> None:
    rows, bad = read(tmp_path, HEADER + 'v1,2,800,a 17" wheel\n' + lines(3, 3))
    assert ([], 'a 17" wheel') == (bad, rows[0].cells["note"])


def test_a_blank_line_a_comment_and_the_header_again_are_not_rows(tmp_path: Path) -> None:
    rows, bad = read(tmp_path, HEADER + lines(2, 2) + "\n,,,\n# paused\n" + HEADER + lines(7, 7))
    assert ([2, 7], []) == ([row.line for row in rows], bad)


def test_another_header_within_the_file_counts_from_there_on(tmp_path: Path) -> None:
    content = "vehicle_id,ts,rpm\nv1,1,800\nvehicle_id,ts,speed,rpm\nv1,2,50,900\n"
    rows, bad = read(tmp_path, content)
    assert [] == bad
    assert [("800", None), ("900", "50")] == [(row.cells["rpm"], row.cells.get("speed")) for row in rows]


def test_empty_cells_behind_the_last_column_do_not_count(tmp_path: Path) -> None:
    rows, bad = read(tmp_path, "a,ts,\nv1,1,\nv1,2,,,,\nv1,3\nv1,4,,5\n")
    assert [2, 3] == [row.line for row in rows]
    assert [4, 5] == [row.line for row in bad]


@pytest.mark.parametrize(
    ("content", "delimiter", "comma", "first_row"),
    [
        ("a;ts\n1,5;2\n", ";", True, 2),
        ("a\tts\n1.5\t2\n", "\t", False, 2),
        ("a|ts\n1,234|2\n", "|", True, 2),
        ("a|ts\n1,234|2.5\n", "|", False, 2),
        ('a,ts\n"1,5",2\n', ",", True, 2),
        ('a,ts\n"1,234",2\n', ",", False, 2),
        ("sep=;\na;ts\n1;2\n", ";", False, 3),
        ("a,dtcs\n1,P0301;P0302\n2,P0301;P0302\n", ",", False, 2),
        ("# made by X\n\na,ts\n1,2\n", ",", False, 4),
        ("Log of a car, 2026\nvehicle\na,ts,c\n1,2,3\n4,5,6\n", ",", False, 4),
        ("# a, ts, c\n1,2,3\n4,5,6\n", ",", False, 2),
        ("#,ts,c\n1,2,3\n4,5,6\n", ",", False, 2),
        ("a,ts,temp\n,s,°C\n1,2,3\n", ",", False, 3),
    ],
)
def test_how_a_table_is_written_is_seen_in_its_first_lines(
    tmp_path: Path, content: str, delimiter: str, comma: bool, first_row: int
) -> None:
    dialect = file_of(tmp_path, content).dialect
    assert dialect is not None
    assert (delimiter, comma, first_row) == (dialect.delimiter, dialect.decimal_comma, dialect.first_row)


def test_a_row_of_units_goes_to_the_names(tmp_path: Path) -> None:
    assert ("a", "ts (s)", "temp (°C)") == file_of(tmp_path, "a,ts,temp\n,s,°C\n1,2,3\n").columns


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    rows, bad = read(tmp_path, "vehicle_id,ts,Temp [°C]\r\nv1,1,2\r\nv1,2,3\r\n".encode(encoding))
    assert [] == bad
    assert ["2", "3"] == [row.cells["Temp [°C]"] for row in rows]


def test_what_a_power_cut_leaves_is_a_reject(tmp_path: Path) -> None:
    rows, bad = read(
        tmp_path, (HEADER + lines(2, 4)).encode() + b"\x00" * 5_000 + b"\n" + lines(6, 7).encode() + b"\x00" * 900
    )
    assert [2, 3, 4, 6, 7] == [row.line for row in rows]
    assert [5, 8] == [row.line for row in bad]
    assert {"NUL bytes, as a power cut leaves them"} == {row.reason for row in bad}


cells = st.text(alphabet='ab1",\n #', max_size=6)


@settings(max_examples=60)
@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=12))
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    """Every line with a known row is read, whatever broken quotes stand between them."""
    folder = tmp_path_factory.mktemp("lines")
    text = "".join(f"{','.join(row)}\nv1,{number},800,ok\n" for number, row in enumerate(table))
    rows, _ = read(folder, HEADER + "v1,0,800,first\n" + text)
    numbers = [row.cells["ts"] for row in rows if row.cells["note"] == "ok"]
    assert [str(number) for number in range(len(table))] == numbers
