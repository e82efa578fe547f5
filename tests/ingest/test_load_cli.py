"""`ingest` and `simulate` as a user types them: exit codes, one line for a mistake, summaries."""

import json
import socket
from pathlib import Path

import pytest

from master_orchestrator.cli.main import run
from master_orchestrator.exit_codes import ExitCode

HEADER = "vehicle_id,ts,engine_temp,rpm\n"


def hot_drive(path: Path) -> Path:
    """Three minutes at 110 °C: coolant_hot."""
    path.write_text(HEADER + "".join(f"v1,{1_772_352_000 + second},110,2000\n" for second in range(180)))
    return path


def nowhere() -> str:
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_a_dry_run_says_what_would_be_opened_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["ingest", str(hot_drive(tmp_path / "hot.csv")), "--dry-run"])
    output = capsys.readouterr().out
    assert "v1 HIGH cooling coolant_hot coolant_temp_c 110 against 105 for 60 s" in output
    assert "180 readings through triage" in output
    assert 1 == output.count("coolant_hot")


def test_a_dry_run_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run(["ingest", str(hot_drive(tmp_path / "hot.csv")), "--dry-run", "--json"])
    (opening,) = json.loads(capsys.readouterr().out)["openings"]
    assert ("v1", "coolant_hot", "HIGH") == (opening["vehicle_id"], opening["rule"], opening["priority"])


def test_rejected_rows_are_said_kept_and_make_the_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, kept = tmp_path / "bad.csv", tmp_path / "rejects.ndjson"
    path.write_text(HEADER + "v1,1772352000,90,800\nv1,soon,90,800\n")
    assert 1 == run(["ingest", str(path), "--dry-run", "--rejects", str(kept)])
    assert f"{path}:3: ts='soon'" in capsys.readouterr().out
    assert 3 == json.loads(kept.read_text())["line"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "nowhere.csv: no such file"),
        (["{drive}", "--speed", "fast"], "--speed 'fast'"),
        (["{drive}", "--start", "soon"], "--start 'soon'"),
        (["{drive}", "--map", "nowhere.yaml"], "nowhere.yaml"),
        (["{drive}", "--vehicle-id", "not an id"], "--vehicle-id 'not an id'"),
        (["{drive}", "--rejects", "{folder}"], "is a folder"),
        (["{drive}", "--rejects", "{folder}/no/such/folder.ndjson"], "no/such/folder.ndjson"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive = hot_drive(tmp_path / "hot.csv")
    told = [word.format(drive=drive, folder=tmp_path) for word in arguments]
    assert 2 == run(["ingest", *told, "--dry-run"])
    complaint = capsys.readouterr().err
    assert message.lower() in complaint.lower()
    assert 1 == len(complaint.strip().splitlines())


@pytest.mark.parametrize(
    "command",
    [["ingest", "{drive}"], ["simulate", "--vehicles", "1", "--minutes", "1"]],
    ids=lambda command: command[0],
)
def test_without_a_broker_nothing_hangs(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = nowhere()
    told = [word.format(drive=hot_drive(tmp_path / "hot.csv")) for word in command]
    assert ExitCode.UNAVAILABLE == run(["--bootstrap-servers", address, *told])
    complaint = capsys.readouterr().err
    assert address in complaint
    assert "Traceback" not in complaint


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--fault", "gremlins"], "gremlins"), (["--minutes", "0"], "minutes"), (["--speed", "0.5x"], "0.5")],
)
def test_an_impossible_fleet_is_refused(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(["--bootstrap-servers", nowhere(), "simulate", *options])
    assert message in capsys.readouterr().err


def test_what_was_not_understood_is_said_with_the_rows_that_were_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        "vehicle_id,timestamp,Engine Temp (°F),gear\n"
        + 'v1,2026-03-01T08:00:00Z,"195,D\n'
        + "v1,2026-03-01T08:00:01Z,195,D\n"
    )
    assert 1 == run(["ingest", str(path), "--dry-run"])
    output = capsys.readouterr().out
    assert f"rejected {path}:2: a quote is opened in this line" in output
    assert f"note {path}: column 'gear': 1 cells left out" in output
    assert 1 == run(["ingest", str(path), "--dry-run", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (2, 1, 1, {}) == (told["rows"], told["sent"], told["rejected"], told["dead_letters"])
    assert "gear" in told["files"][0]["notes"]["cells_left_out"]


def test_a_dry_run_counts_what_the_engine_would_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "crowd.csv"
    path.write_text("vehicle_id,ts,rpm\n" + "".join(f"v1,{1_772_352_000 + n / 1000},{n}\n" for n in range(150)))
    assert 0 == run(["ingest", str(path), "--dry-run", "--json"])
    assert {"too_many_readings": 50} == json.loads(capsys.readouterr().out)["dead_letters"]
    assert 0 == run(["ingest", str(path), "--dry-run"])
    assert "the engine would refuse 50 as dead letters: too_many_readings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--zone", "Mars/Phobos"], "--zone 'Mars/Phobos' is not known"),
        (["--map", "torc"], "not one of the shipped maps"),
    ],
)
def test_wrong_options_say_what_there_is(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == run(["ingest", str(hot_drive(tmp_path / "hot.csv")), "--dry-run", *arguments])
    assert message in capsys.readouterr().err
