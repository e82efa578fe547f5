"""What a run tells at its end."""

from pathlib import Path

from master_orchestrator.core.state import KnownFinding
from master_orchestrator.ingest.dry_run import Opening
from master_orchestrator.ingest.notes import MAX_COLUMNS, Notes
from master_orchestrator.ingest.run import FileTally, IngestSummary
from master_orchestrator.ingest.telling import opening_line, summary_text
from master_orchestrator_schemas.vocabulary import Priority, Subsystem


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


def test_a_trend_is_told_in_days_with_the_date_it_leads_to() -> None:
    finding = KnownFinding(
        rule="coolant_hot_trending", subsystem=Subsystem.COOLING, priority=Priority.SCHEDULED, at_ms=1_793_606_400_000,
        signal="coolant_temp_c", value=99.333, threshold=105.0, held_s=33 * 86_400.0,
        crossing=(1_795_368_960_000, 1_795_217_039_482, 1_795_537_008_083),
    )  # fmt: skip
    opening = Opening("truck-9", "truck-9~0", "finding", Priority.SCHEDULED, finding)

    assert "99.333 against 105 for 33 days, expected at the limit on 2026-11-22" in opening_line(opening)
    assert 1_795_368_960_000 == opening.as_json()["crossing_ms"]
