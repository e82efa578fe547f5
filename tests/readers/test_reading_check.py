"""``check-reading`` says what the engine would make of readings."""

import gzip
import json
from pathlib import Path

import pytest

from master_orchestrator.cli.check_reading import records_of, sentence
from master_orchestrator.cli.main import run
from master_orchestrator.readers.reading_check import ReadingCheck
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import Topology

NOW_MS = 1_785_952_800_000


def reading(second: int, **fields: object) -> bytes:
    known = {"vehicle_id": "v-1", "timestamp": NOW_MS - 60_000 + second * 1_000, "engine_temp": 118, "rpm": 2100}
    return json.dumps(known | fields).encode()


@pytest.fixture
def check(topology: Topology) -> ReadingCheck:
    return ReadingCheck(topology)


def test_a_hot_engine_is_told_reading_by_reading(check: ReadingCheck) -> None:
    records = [reading(second) for second in (0, 6, 12, 12)]
    first, _, third, repeat = [check.take(value, None, NOW_MS) for value in records]

    assert ("used", ("coolant_boiling",)) == (first.verdict, first.suspected)
    assert ("opens", "v-1~0", "URGENT", ("coolant_boiling",)) == (
        third.verdict, third.workflow_id, third.priority, third.findings
    )  # fmt: skip
    assert "ignored" == repeat.verdict
    assert {"coolant_temp_c": 118, "engine_rpm": 2100} == first.signals


def test_what_is_kept_and_what_is_left_out_is_named(check: ReadingCheck) -> None:
    checked = check.take(reading(0, ignition=True, boost=1.2, dtcs=["hot"]), None, NOW_MS)

    assert (("boost",), ["ignition", "dtcs"]) == (checked.extras, [item.name for item in checked.left_out])
    assert "left out: ignition" in sentence(checked)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"[1]", "undecodable"),
        (gzip.compress(b"{}"), "undecodable"),
        (b"{}", "invalid"),
        (reading(0, timestamp=None, ts_ms=NOW_MS // 1_000), "timestamp_before_2000"),
        (reading(7_300), "future_timestamp"),
    ],
)
def test_a_refusal_has_reason_text_and_remedy(check: ReadingCheck, value: bytes, reason: str) -> None:
    checked = check.take(value, None, NOW_MS)

    assert ("refused", reason) == (checked.verdict, checked.reason)
    assert checked.message
    assert checked.remedy
    assert "\n" not in sentence(checked)


def test_a_key_is_checked_and_its_partition_told(check: ReadingCheck) -> None:
    right, wrong = check.take(reading(0), b"v-1", NOW_MS), check.take(reading(1), b"v-2", NOW_MS)

    assert (("used", 1), ("refused", "key_mismatch")) == (
        (right.verdict, right.partition),
        (wrong.verdict, wrong.reason),
    )


def test_avro_is_read_too(check: ReadingCheck) -> None:
    value = Codec().encode(Telemetry(vehicle_id="v-1", ts_ms=NOW_MS, check_requested=True))

    assert "opens" == check.take(value, None, NOW_MS).verdict


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b'{"a": 1}\n\n{"a": 2}\r\nhello\n', [1, 3, 4]),
        (b'{\n  "a": 1\n}\n', [1]),
        (b'[{"a": 1},\n{"a": 2}]', [1]),
        (b"\xc3\x01\n\n\n", [1]),
        (b'{\n  "a": \n', [1]),
    ],
)
def test_a_file_is_one_record_or_one_per_line(content: bytes, lines: list[int]) -> None:
    assert lines == [number for number, _ in records_of(content)]


def test_the_command_answers_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "readings.ndjson"
    file.write_bytes(reading(0, gear="D") + b"\n\nnothing\n" + reading(6))

    assert 1 == run(["check-reading", str(file), "--json"])
    first, second, third = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["used", "refused", "used"] == [line["verdict"] for line in (first, second, third)]
    assert "gear" == first["left_out"][0]["name"]
    assert [1, 3, 4] == [line["record"] for line in (first, second, third)]
    file.write_bytes(reading(0))
    assert 0 == run(["check-reading", str(file)])
    assert "1: used; opens nothing yet: coolant_boiling must last longer" in capsys.readouterr().out
