"""What an ingest run tells the user at its end."""

from datetime import UTC, datetime
from pathlib import Path

from master_orchestrator.ingest.dry_run import Opening, TriageSink
from master_orchestrator.ingest.run import FileTally, Summary


def summary_text(summary: Summary, rejects: Path | None) -> str:
    """Each file, the first rejects with their reasons, and the sum."""
    return "\n".join(
        [
            *(_file_line(tally) for tally in summary.files),
            *_reject_lines(summary, rejects),
            f"in all {summary.total('sent'):,} readings sent, {summary.total('acknowledged'):,} acknowledged",
        ]
    )


def dry_run_text(summary: Summary, triage: TriageSink) -> str:
    """What would be opened and why; nothing was sent."""
    found = [_opening_line(opening) for opening in triage.openings] or ["triage would open nothing"]
    seen = f"{summary.total('sent'):,} readings through triage, {triage.dropped:,} of them repeated or late"
    return "\n".join([*_reject_lines(summary, None), *found, f"{seen}; nothing was sent (dry run)"])


def _file_line(tally: FileTally) -> str:
    failed = f", {tally.failed:,} FAILED ({tally.first_failure})" if tally.failed else ""
    sent = f"{tally.sent:,} readings sent, {tally.acknowledged:,} acknowledged"
    return f"{tally.file}: {sent}{failed}, {tally.rejected:,} rows rejected"


def _reject_lines(summary: Summary, rejects: Path | None) -> list[str]:
    lines = [f"rejected {reject.file}:{reject.line}: {reject.reason}" for reject in summary.rejects]
    hidden = summary.total("rejected") - len(summary.rejects)
    if hidden:
        where = f"all of them in {rejects}" if rejects else "--rejects FILE keeps them all"
        lines.append(f"and {hidden:,} rejected rows more; {where}")
    if summary.stopped is not None:
        lines.append("stopped at the first rejected row (--strict)")
    return lines


def _opening_line(opening: Opening) -> str:
    finding = opening.finding
    at = datetime.fromtimestamp(finding.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    why = f"{finding.signal} {finding.value:g}" if finding.signal and finding.value is not None else ""
    limit = f" against {finding.threshold:g}" if finding.threshold is not None else ""
    held = f" for {finding.held_s:g} s" if finding.held_s else ""
    return f"{at}Z {opening.vehicle_id} {finding.priority.name} {finding.subsystem} {finding.rule} {why}{limit}{held}"
