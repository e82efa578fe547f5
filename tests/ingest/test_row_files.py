"""Files as rows: told apart by their bytes, read as a stream, and what is broken is said with its line."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from master_orchestrator.ingest.errors import FileUnusableError
from master_orchestrator.ingest.row import BadRow, Row
from master_orchestrator.ingest.row_files import inspect
from master_orchestrator.ingest.sources import MAX_LINE

CSV = "vehicle_id,ts,rpm\nv1,2026-01-01T00:00:00Z,800\nv1,2026-01-01T00:00:01Z,810\n"
NDJSON = '{"vehicle_id": "v1", "rpm": 800}\n{"vehicle_id": "v1", "rpm": 810}\n'


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(path: Path) -> list[Row | BadRow]:
    return list(inspect(path).rows())


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("content", "expected"), [(CSV, "csv"), (NDJSON, "ndjson"), ("\ufeff" + CSV, "csv")])
def test_the_format_is_told_by_the_content_not_the_name(
    tmp_path: Path, content: str, expected: str, zipped: bool
) -> None:
    raw = content.encode()
    path = written(tmp_path, "drive.bin", gzip.compress(raw) if zipped else raw)
    assert expected == inspect(path).format
    rows = rows_of(path)
    assert ["v1", "v1"] == [row.cells["vehicle_id"] for row in rows if isinstance(row, Row)]


def test_rows_know_their_line(tmp_path: Path) -> None:
    assert [2, 3] == [row.line for row in rows_of(written(tmp_path, "a.csv", CSV))]
    assert [1, 2] == [row.line for row in rows_of(written(tmp_path, "a.json", NDJSON))]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n \n", "is empty"),
        ("zipped_nothing.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"),
        ("zipped_binary.gz", gzip.compress(bytes(range(256)), mtime=0), "binary"),
        ("broken.gz", b"\x1f\x8b\x08\x00garbage", "damaged gzip"),
        ("letter.txt", b"Dear fleet\nall is well\n", "neither CSV (cells apart by , ; | or tab) nor NDJSON"),
        ("no_header.csv", b"1,2,3\n4,5,6\n", "has no CSV header"),
        ("book.xlsx", b"PK\x03\x04....", "save the sheet as CSV"),
        ("drive.parquet", b"PAR1....", "Parquet"),
        ("page.html", b"<!DOCTYPE html>\n<html>", "web page"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(FileUnusableError) as refused:
        inspect(path)
    assert str(path) in str(refused.value)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnusableError, match="no such file"):
        inspect(tmp_path / "nowhere.csv")
    with pytest.raises(FileUnusableError, match="directory"):
        inspect(tmp_path)


def test_bad_lines_are_kept_with_their_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", '{"rpm": 1}\nnonsense\n[1]\n{"rpm": 2}\n')
    first, bad, no_object, last = rows_of(path)
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    assert isinstance(bad, BadRow)
    assert (2, "nonsense") == (bad.line, bad.text)
    assert "not JSON" in bad.reason
    assert isinstance(no_object, BadRow)
    assert "not a JSON object" in no_object.reason


def test_a_csv_row_of_another_length_is_kept_with_its_reason(tmp_path: Path) -> None:
    _, bad, _ = rows_of(written(tmp_path, "a.csv", "a,b\n1,2\n1,2,3\n4,5\n"))
    assert isinstance(bad, BadRow)
    assert (3, "3 cells where the header has 2") == (bad.line, bad.reason)


def test_a_gzip_stream_that_breaks_off_is_said_after_the_rows_that_were_read(tmp_path: Path) -> None:
    content = "a,b\n" + "".join(f"{number},{number * 7919 % 104729}\n" for number in range(50_000))
    whole = gzip.compress(content.encode())
    rows = rows_of(written(tmp_path, "a.csv.gz", whole[: len(whole) // 2]))
    assert isinstance(rows[0], Row)
    assert isinstance(rows[-1], BadRow)
    assert "rest of the file" in rows[-1].reason
    assert 1 == len([row for row in rows if isinstance(row, BadRow)])


def test_latin_1_and_twice_encoded_headers_are_set_right(tmp_path: Path) -> None:
    latin = written(tmp_path, "latin.csv", "Time,Temperature [°C]\n1,2\n".encode("latin-1"))
    mojibake = written(tmp_path, "twice.csv", "Time,Temperature [Â°C]\n1,2\n")
    assert ("Time", "Temperature [°C]") == inspect(latin).columns == inspect(mojibake).columns


def test_an_endless_line_is_not_held_in_memory(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", '{"rpm": 1}\n{"x": "' + "y" * (32 * MAX_LINE) + '"}\n{"rpm": 2}\n')
    tracemalloc.start()
    first, bad, last = rows_of(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(first, Row)
    assert isinstance(bad, BadRow)
    assert "longer than" in bad.reason
    assert isinstance(last, Row)
    assert peak < 8 * MAX_LINE


def test_a_big_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    line = "2026-01-01T00:00:00Z,800,90\n"
    path = written(tmp_path, "a.csv.gz", gzip.compress(("ts,rpm,t\n" + line * 200_000).encode()))
    file = inspect(path)
    tracemalloc.start()
    count = sum(1 for _ in file.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 200_000 == count
    assert peak < 2_000_000
    assert path.stat().st_size == file.source.read_bytes
