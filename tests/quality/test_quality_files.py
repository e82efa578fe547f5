"""Files as they come: other dates and delimiters are read, what is wrong is named with its line and column."""

import csv
from datetime import date
from pathlib import Path

import pytest

from master_orchestrator.quality.dates import DateReader
from master_orchestrator.quality.errors import QualityFileError
from master_orchestrator.quality.files import (
    BACKWARDS,
    NO_DATE,
    NO_LOT,
    REPEATED,
    TOO_EARLY,
    read_claims,
    read_production,
)
from master_orchestrator_agents.quality.records import LotKey

PRODUCTION = "lot,component,plant,supplier,build_month,model,units\n"
CLAIMS = "vehicle_id,component,lot,sale_date,failure_date,reported_date,odometer_km\n"
KEY = LotKey("pump", "L1")
BUILT = {KEY: date(2024, 1, 1).toordinal()}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


@pytest.mark.parametrize(
    "text",
    ["2024-03-01", "2024/3/1", "01.03.2024", "2024-03-01T10:00:00Z", "20240301", "1 Mar 2024", "01-Mar-2024"],
)
def test_dates_are_read_as_they_are_written(text: str) -> None:
    assert date(2024, 3, 1).toordinal() == DateReader(day_first=None).day(text)


@pytest.mark.parametrize("text", ["2024-03", "03/2024", "202403", "Mar 2024", "March 2024", "2024-03-17"])
def test_months_are_read_as_they_are_written(text: str) -> None:
    assert date(2024, 3, 1).toordinal() == DateReader(day_first=None).month(text)


@pytest.mark.parametrize("text", ["yesterday", "2024-02-30", "1924-03-01", "", "2024-13-01"])
def test_what_is_not_a_date_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        DateReader(day_first=None).day(text)


def test_one_date_of_the_file_tells_the_order_of_all(written: Path) -> None:
    written.write_text(CLAIMS + "v1,pump,L1,05/02/2024,06/03/2024,17/03/2024,1\n")

    (claim,), _ = read_claims(written, BUILT)

    assert date(2024, 2, 5).toordinal() == claim.sold_day


def test_dates_that_may_be_either_are_refused_with_what_to_do(written: Path) -> None:
    written.write_text(CLAIMS + "v1,pump,L1,05/02/2024,06/03/2024,07/03/2024,1\n")

    with pytest.raises(QualityFileError, match=r"line 2, column sale_date: '05/02/2024' may begin .* --day-first"):
        read_claims(written, BUILT)
    (claim,), _ = read_claims(written, BUILT, day_first=False)
    assert date(2024, 5, 2).toordinal() == claim.sold_day


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_headings_and_columns(written: Path, delimiter: str) -> None:
    with written.open("w", encoding="utf-8-sig", newline="") as stream:
        rows = csv.writer(stream, delimiter=delimiter)
        rows.writerow(["Note", "Lot", "Component", "Plant", "Supplier", "Build Month", "MODEL", "units"])
        rows.writerow(["a;b,c", "L1", "pump", "P", "S", "2024-01", "car", "1200"])

    (batch,) = read_production(written)

    assert (KEY, "P", "S", "car", BUILT[KEY], 1_200) == (
        batch.key, batch.plant, batch.supplier, batch.model, batch.built_day, batch.units,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"line 1, column lot: is missing in the header; the columns that it has to have are lot, component"),
        (PRODUCTION, "has no rows"),
        (PRODUCTION.replace("units", "pieces"), r"line 1, column units: is missing"),
        (PRODUCTION.replace("plant", "lot"), r"line 1, column lot: is there more than once"),
        (PRODUCTION + "L1,pump,P,S,2024-01,car,many\n", r"line 2, column units: 'many' is not a whole number .* 1200"),
        (PRODUCTION + "L1,pump,P,S,2024-01,car,0\n", r"line 2, column units: '0' is not a whole number"),
        (PRODUCTION + "\n,pump,P,S,2024-01,car,5\n", r"line 3, column lot: is empty"),
        (PRODUCTION + "L1,pump,P,S,soon,car,5\n", r"line 2, column build_month: 'soon' is not a date: write"),
        (PRODUCTION + "L1,pump,P\n", r"line 2: has 3 cells where the header has more"),
        (PRODUCTION + '"L1,pump,P,S,2024-01,car,5\n', "is not CSV .* mend the quotes"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_to_do(written: Path, content: str, message: str) -> None:
    written.write_text(content)

    with pytest.raises(QualityFileError, match=message):
        read_production(written)


def test_a_file_that_is_not_utf8_says_how_to_save_it(written: Path) -> None:
    written.write_bytes(PRODUCTION.encode() + "L1,pümp,P,S,2024-01,car,5\n".encode("latin-1"))

    with pytest.raises(QualityFileError, match=r"is not UTF-8 .* save it as CSV in UTF-8"):
        read_production(written)


def test_claims_that_cannot_be_are_set_aside_and_counted(written: Path) -> None:
    written.write_text(
        CLAIMS
        + "v1,pump,L1,2024-02-01,2024-05-01,2024-05-09,1000\n"
        + "v1,pump,L1,2024-02-01,2024-06-01,2024-06-09,1500\n"
        + "v2,pump,L9,2024-02-01,2024-05-01,2024-05-09,1000\n"
        + "v3,pump,L1,2024-02-01,,2024-05-09,1000\n"
        + "v4,pump,L1,2024-02-01,2024-01-09,2024-05-09,1000\n"
        + "v5,pump,L1,2023-02-01,2024-05-01,2024-05-09,1000\n"
    )

    (claim,), aside = read_claims(written, BUILT)

    assert date(2024, 5, 1).toordinal() == claim.failed_day
    assert {REPEATED: 3, NO_LOT: 4, NO_DATE: 5, BACKWARDS: 6, TOO_EARLY: 7} == aside.first_lines
    assert 5 == aside.counts.total()
