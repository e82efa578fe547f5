"""The run over all files: everything is counted, rejects are kept, files go in order of time, strict runs stop."""

import json
from pathlib import Path

import pytest

from master_orchestrator.ingest.command import IngestOrder, open_all
from master_orchestrator.ingest.errors import FileUnusableError
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator.ingest.pacing import Pacer
from master_orchestrator.ingest.producer import Delivered
from master_orchestrator.ingest.run import SHOWN_REJECTS, Ingest, IngestSummary, RejectLog, Surroundings
from master_orchestrator_schemas.messages import Telemetry

HEADER = "vehicle_id,ts,rpm\n"


class SlowSink:
    """Reports deliveries only at the end, as a broker far away; those of ``refused`` vehicles fail."""

    def __init__(self, refused: str = "") -> None:
        self.readings: list[Telemetry] = []
        self._refused = refused
        self._outstanding: list[tuple[Telemetry, Delivered]] = []

    def send(self, reading: Telemetry, delivered: Delivered) -> None:
        self.readings.append(reading)
        self._outstanding.append((reading, delivered))

    def close(self) -> None:
        for reading, delivered in self._outstanding:
            delivered("message too large" if reading.vehicle_id == self._refused else None)


def run(sink: SlowSink, *files: Path, strict: bool = False, rejects: Path | None = None) -> IngestSummary:
    order = IngestOrder(files=files, terms=ReadTerms(default_start_ms=0), strict=strict, rejects=rejects)
    around = Surroundings(now_s=lambda: 0.0, sleep_s=lambda _: None, progress=lambda _: None)
    return Ingest(sink, Pacer(None), RejectLog(rejects), around, strict=strict).run(open_all(order))


def written(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def test_every_row_is_accounted_for_per_file(tmp_path: Path) -> None:
    one = written(tmp_path / "one.csv", "v1,1e9,800", "v1,soon,800", "v1,1000000002,800")
    two = written(tmp_path / "two.csv", "v2,1000000200,800")
    summary = run(SlowSink(), one, two)
    counted = [(tally.rows, tally.sent, tally.acknowledged, tally.failed, tally.rejected) for tally in summary.files]
    assert [(3, 2, 2, 0, 1), (1, 1, 1, 0, 0)] == counted
    assert not summary.complete
    assert {"rows": 4, "sent": 3, "rejected": 1} == {
        key: summary.as_json()[key] for key in ("rows", "sent", "rejected")
    }


def test_a_reading_the_broker_refuses_makes_the_run_incomplete(tmp_path: Path) -> None:
    summary = run(SlowSink(refused="v2"), written(tmp_path / "one.csv", "v1,1e9,800", "v2,1e9,800"))
    assert (2, 1, 1, "message too large") == (
        summary.total("sent"),
        summary.total("acknowledged"),
        summary.total("failed"),
        summary.files[0].first_failure,
    )
    assert not summary.complete


def test_all_rejects_are_in_the_file_and_the_first_in_the_summary(tmp_path: Path) -> None:
    count = SHOWN_REJECTS + 3
    bad = written(tmp_path / "bad.csv", *(f"v1,soon,{number}" for number in range(count)))
    kept = tmp_path / "rejects.ndjson"
    summary = run(SlowSink(), bad, rejects=kept)
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert list(range(2, count + 2)) == [line["line"] for line in lines]
    assert {"file", "line", "reason", "row"} == set(lines[0])
    assert SHOWN_REJECTS == len(summary.rejects)


def test_a_strict_run_stops_at_the_first_reject_and_still_waits_for_what_was_sent(tmp_path: Path) -> None:
    one = written(tmp_path / "one.csv", "v1,1e9,800", "v1,soon,800", "v1,1000000002,800")
    summary = run(SlowSink(), one, written(tmp_path / "two.csv", "v2,1000000200,800"), strict=True)
    assert summary.stopped is not None
    assert 3 == summary.stopped.line
    assert [(1, 1)] == [(tally.sent, tally.acknowledged) for tally in summary.files]


def test_files_go_in_order_of_their_first_reading_so_that_none_comes_late(tmp_path: Path) -> None:
    later = written(tmp_path / "a.csv", "v1,1000000200,800")
    earlier = written(tmp_path / "b.csv", "v1,bad,800", "v1,1000000100,800")
    sink = SlowSink()
    run(sink, later, earlier)
    assert [1_000_000_100_000, 1_000_000_200_000] == [reading.ts_ms for reading in sink.readings]


def test_the_sink_is_closed_when_reading_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "one.csv", "v1,1e9,800", "v1,1000000001,800")
    sink, closed = SlowSink(), []
    monkeypatch.setattr(sink, "close", lambda: closed.append(True))

    def broken(reading: Telemetry, delivered: Delivered) -> None:
        raise OSError("the network is gone")

    monkeypatch.setattr(sink, "send", broken)
    with pytest.raises(OSError, match="network"):
        run(sink, path)
    assert [True] == closed


@pytest.mark.parametrize("alias", ["two.csv", "sub/../two.csv", "link.csv"])
def test_rejects_never_overwrite_a_drive(tmp_path: Path, alias: str) -> None:
    one, two = (written(tmp_path / name, "v1,100,800") for name in ("one.csv", "two.csv"))
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(two)
    before = two.read_text()
    with pytest.raises(FileUnusableError, match="rejects would overwrite it"):
        run(SlowSink(), one, two, rejects=tmp_path / alias)
    assert before == two.read_text()
