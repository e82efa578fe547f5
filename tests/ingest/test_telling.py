"""What a run tells at its end."""

from pathlib import Path

from master_orchestrator.ingest.notes import MAX_COLUMNS, Notes
from master_orchestrator.ingest.run import FileTally, IngestSummary
from master_orchestrator.ingest.telling import summary_text


def test_a_live_run_says_how_to_find_what_the_engine_refused() -> None:
    summary = summary_text(
        IngestSummary([FileTally("a.csv", rows=3, sent=2, joined=1, acknowledged=2)]), None, "vehicle.telemetry"
    )
    assert "2 readings from 3 rows sent, 2 acknowledged" in summary
    assert "master-orchestrator dlq list --topic vehicle.telemetry --newer-than 1h" in summary


def test_files_that_say_the_same_say_it_once() -> None:
    tallies = [FileTally(f"{number}.csv") for number in range(30)]
    for tally in tallies:
        tally.notes.say("times without a zone are taken as UTC")
    summary = summary_text(IngestSummary(tallies), Path("rejects"), "t")
    assert 1 == summary.count("without a zone")
    assert "note 0.csv and 29 more:" in summary


def test_notes_are_bounded_whatever_the_file_has() -> None:
    notes = Notes()
    for number in range(10_000):
        notes.cell(f"c{number}", number, "x" * 10_000, "not a number")
        notes.keep(f"k{number}")
        notes.drop(f"d{number}", f"reason {number % 3}")
        notes.say(f"remark {number}")
    assert [MAX_COLUMNS] * 4 == [len(notes.unread), len(notes.kept), len(notes.dropped), len(notes.remarks)]
    assert 9_800 == notes.others
    assert all(len(line) < 500 for line in notes.lines())
    assert "9,990 cells of other columns" in notes.lines()[-1]
