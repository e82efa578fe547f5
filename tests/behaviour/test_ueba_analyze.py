"""The command: its answers, and what it says of files that are not a recording."""

import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator.cli.main import run

LEARN = ("--learn-until", "2026-03-02T00:00:00Z")


def line(time: str = "2026-03-01T08:00:00Z", **more: Any) -> str:
    return json.dumps(
        {"time": time, "agent": "SCHEDULING", "action": "read", "resource": "center_capacity", "outcome": "success"}
        | more
    )


def analyze(tmp_path: Path, content: str | bytes, *options: str) -> int:
    file = tmp_path / "acts.ndjson"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return run(["ueba", "analyze", str(file), *LEARN, *options])


def test_a_breach_of_the_learnt_charter_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line(), line("2026-03-03T08:00:00Z", resource="telemetry", entity="car-1", rows=3)]
    assert 0 == analyze(tmp_path, "\n".join(lines), "--json")
    answer = json.loads(capsys.readouterr().out)
    (finding,) = answer["findings"]
    assert ("SCHEDULING", "outside_charter", "read", "telemetry", "car-1") == tuple(
        finding[key] for key in ("agent", "rule", "action", "resource", "entity")
    )
    assert 50.0 == finding["severity"]
    assert "read of telemetry is not in the charter of SCHEDULING" in finding["explanation"]
    assert [("SCHEDULING", 2)] == [(entity["agent"], entity["acts"]) for entity in answer["entities"]]


def test_only_people_register_charters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registers = {"action": "register", "resource": "charter", "entity": "PARTS"}
    parts = line("2026-03-03T09:00:00Z", agent="PARTS")
    by_a_person = line("2026-03-03T08:00:00Z", agent="operator:ada", **registers)
    by_an_agent = line("2026-03-03T08:00:00Z", **registers)
    rules = []
    for registration in (by_a_person, by_an_agent):
        analyze(tmp_path, "\n".join([line(), registration, parts]), "--json")
        rules.append({finding["rule"] for finding in json.loads(capsys.readouterr().out)["findings"]})
    assert [set(), {"outside_charter", "unknown_actor", "risk"}] == rules


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    analyze(tmp_path, "\ufeff" + line(), "--json")
    assert 1 == json.loads(capsys.readouterr().out)["lines"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "acts.ndjson: is empty"),
        ("{", "acts.ndjson:1: is not JSON"),
        ("[1]", "acts.ndjson:1: is not a JSON object"),
        (line() + '\n{"time": "2026-03-01T08:00:00Z"}', "acts.ndjson:2: has no 'agent'"),
        (line() + "\n" + line("2026-03-01T07:00:00Z"), "acts.ndjson:2: time goes back"),
        (line("yesterday"), "acts.ndjson:1: 'time' is not a time"),
        (line("1970-01-01T00:00:00Z"), "acts.ndjson:1: 'time' is not a time"),
        (line(rows=2**63), "acts.ndjson:1: 'rows' is not a whole number"),
        (line(rows=-1), "acts.ndjson:1: 'rows' is not a whole number"),
        (line(outcome="perhaps"), "acts.ndjson:1: 'outcome' 'perhaps' is not known"),
        (line(entity="x" * 300), "acts.ndjson:1: 'entity' is not a text"),
        (line(entity="x" * 100_000), "acts.ndjson:1: is longer than 65,536 bytes"),
        (line(entity="x" * 100_000) + "\n" + "y" * 200_000, "acts.ndjson:1: is longer than 65,536 bytes"),
        ("\n\n", "acts.ndjson: is empty"),
        (gzip.compress((line() + "\n").encode() * 9)[:-12], "the gzip ends or breaks here"),
    ],
)
def test_what_is_no_recording_is_told_with_its_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, message: str
) -> None:
    assert 2 == analyze(tmp_path, content)
    told = capsys.readouterr().err
    assert message in told
    assert 1 == told.count("\n")


def test_bad_lines_are_counted_if_they_may_be_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == analyze(tmp_path, "\n".join(["{", line(), "nothing", "", line()]), "--skip-bad", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (5, 2) == (answer["lines"], answer["skipped"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x\ny\n", "has no line that can be read (first: line 1: is not JSON"),
        (gzip.compress((line() + "\n").encode())[:-20], "has no line that can be read (first: line 1: the gzip ends"),
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_not_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, message: str
) -> None:
    assert 2 == analyze(tmp_path, content, "--skip-bad")
    assert message in capsys.readouterr().err


def test_lines_of_any_length_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = "\n".join([line(entity="x" * size) for size in range(65_300, 65_700)] + [line()])
    assert 0 == analyze(tmp_path, content, "--skip-bad", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (401, 400) == (answer["lines"], answer["skipped"])


def test_a_recording_may_come_through_a_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(pipe.write_bytes, gzip.compress((line() + "\n").encode()))
        assert 0 == run(["ueba", "analyze", str(pipe), *LEARN, "--json"])
        writing.result()
    assert 1 == json.loads(capsys.readouterr().out)["lines"]


def test_ten_thousand_actors_and_resources_stay_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    actors = [line("2026-03-03T08:00:00Z", agent=f"A{number}") for number in range(10_000)]
    resources = [line(agent="client:portal", resource=f"r{number}") for number in range(10_000)]
    assert 0 == analyze(tmp_path, "\n".join([*resources, *actors]), "--json")
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["entities"]) <= 4_097
    assert {"other"} >= {entity["agent"] for entity in answer["entities"]} - {f"A{n}" for n in range(10_000)} - {
        "client:portal"
    }
