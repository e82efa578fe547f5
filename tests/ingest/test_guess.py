"""`ingest --guess`: a map to begin with, and what it gives."""

import json
from pathlib import Path

import pytest
import yaml

from master_orchestrator.cli.main import run

TORQUE = (
    "GPS Time, Device Time,Engine Coolant Temperature(°F),Engine RPM(rpm)\n"
    "Mon Jun 01 14:00:01 GMT+02:00 2026,01-Jun-2026 14:00:01.000,195.8,2100\n"
)
OWN = "when it was;car;Kühlmittel;U/min;oil_temp_f\n" + "".join(
    f"2026-06-01 12:00:0{second};v1;91,5;2100;200\n" for second in range(5)
)


def guessed(path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert 0 == run(["ingest", "--guess", str(path), *words])
    return capsys.readouterr().out


def test_a_map_is_proposed_with_the_first_three_readings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.csv"
    path.write_text(OWN, encoding="utf-8")
    output = guessed(path, capsys)
    proposed = yaml.safe_load(output)
    assert {"kind": "column", "column": "when it was"} == proposed["ts"]
    assert {"car": "vehicle_id", "oil_temp_f": "engine_oil_temp_c"} == proposed["columns"]
    assert 3 == output.count('"vehicle_id":"v1"')
    assert "Kühlmittel" in output


def test_the_proposal_is_a_map_that_works_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, proposed = tmp_path / "own.csv", tmp_path / "map.yaml"
    path.write_text(OWN, encoding="utf-8")
    proposed.write_text(guessed(path, capsys), encoding="utf-8")
    assert 0 == run(["ingest", str(path), "--map", str(proposed), "--dry-run", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (5, 5) == (told["rows"], told["sent"])


def test_a_shipped_map_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "torque log.csv"
    path.write_text(TORQUE, encoding="utf-8")
    told = json.loads(guessed(path, capsys, "--json"))
    assert "torque" in told["remarks"][0]
    assert [("torque_log", "2026-06-01T12:00:01+00:00")] == [(one["vehicle_id"], one["ts"]) for one in told["readings"]]


@pytest.mark.parametrize(
    ("content", "kind"),
    [("ts,rpm\n46174.5,800\n46174.6,800\n", "excel"), ("Time,rpm\n0.5,800\n1.5,800\n", "elapsed")],
)
def test_numbers_that_are_not_since_1970_are_guessed_by_their_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, kind: str
) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text(content)
    assert kind == yaml.safe_load(guessed(path, capsys))["ts"]["kind"]


def test_a_file_without_a_time_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "no_time.csv"
    path.write_text("vehicle_id,rpm\nv1,800\n")
    assert "ts: {kind: rows, rate_hz: 1}" in guessed(path, capsys)


@pytest.mark.parametrize(("vehicle", "remarks"), [("WVWZZZ1JZXW000001", 1), ("truck-7", 0)])
def test_a_vin_is_remarked_on_once(
    vehicle: str, remarks: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "drive.csv"
    rows = "".join(f"{vehicle},2026-06-01T12:00:0{n}Z,800\n" for n in range(3))
    path.write_text(f"vehicle_id,ts,engine_rpm\n{rows}", encoding="utf-8")
    assert 0 == run(["ingest", str(path), "--dry-run"])
    shown = capsys.readouterr()
    assert remarks == (shown.out + shown.err).count("has the form of a VIN")
