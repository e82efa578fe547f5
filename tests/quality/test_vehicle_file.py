"""Which vehicles a campaign concerns, from a CSV file."""

from pathlib import Path

import pytest

from master_orchestrator.quality.errors import QualityFileError
from master_orchestrator.quality.vehicle_file import Concerned, read_vehicles, units_built

FLEET = """vehicle_id;Model;LOT;component
car-1;T-Line;L-1;hose
car-2;T-Line;L-1;pump
car-1;T-Line;L-2;hose
car-3;S-Line;L-2;hose
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fleet.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("concerned", "vehicles"),
    [
        (Concerned(), ["car-1", "car-2", "car-3"]),
        (Concerned(lots={"L-1"}), ["car-1", "car-2"]),
        (Concerned(lots={"L-1"}, component="hose"), ["car-1"]),
        (Concerned(lots={"L-2"}, models={"S-Line", "X"}), ["car-3"]),
        (Concerned(lots={"L-9"}), []),
    ],
)
def test_rows_are_chosen_and_each_vehicle_comes_once(tmp_path: Path, concerned: Concerned, vehicles: list[str]) -> None:
    assert vehicles == read_vehicles(written(tmp_path, FLEET), concerned)


@pytest.mark.parametrize(
    ("text", "concerned", "error"),
    [
        ("vehicle_id\ncar 1\n", Concerned(), r"line 2, column vehicle_id: 'car 1' is not a vehicle's id: write"),
        ("vehicle_id,lot\ncar-1\n", Concerned(lots={"L"}), r"line 2: has 1 cells where the header has more"),
        ("vehicle_id\ncar-1\n", Concerned(models={"T"}), r"line 1, column model: is missing in the header"),
    ],
)
def test_a_bad_file_is_named_with_its_place(tmp_path: Path, text: str, concerned: Concerned, error: str) -> None:
    with pytest.raises(QualityFileError, match=error):
        read_vehicles(written(tmp_path, text), concerned)


def test_the_units_of_what_is_meant_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "production.csv"
    header = "lot,component,plant,supplier,build_month,model,units"
    rows = ["L-1,hose,P,S,2026-01,T-Line,100", "L-1,pump,P,S,2026-01,T-Line,7", "L-2,hose,P,S,2026-02,T-Line,9"]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    assert 100 == units_built(path, Concerned(lots={"L-1"}, component="hose"))
