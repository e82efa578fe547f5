"""What an ingest run tells the user at its end."""

from datetime import UTC, datetime
from pathlib import Path

from master_orchestrator.ingest.dry_run import DryRun, Opening
from master_orchestrator.ingest.run import FileTally, IngestSummary

DAY_S = 86_400


def summary_text(summary: IngestSummary, rejects: Path | None, telemetry_topic: str) -> str:
    """Each file, what was not understood, the first rejects with their reasons, the sum, and where refusals show."""
    return "\n".join(
        [
            *(_file_line(tally) for tally in summary.files),
            *_note_lines(summary),
            *_reject_lines(summary, rejects),
            f"in all {summary.total('sent'):,} readings sent, {summary.total('acknowledged'):,} acknowledged",
            f"what the engine refuses of them becomes a dead letter: {refusals_command(telemetry_topic)}",
        ]
    )


def refusals_command(telemetry_topic: str) -> str:
    """The command that shows which readings the engine has refused."""
    return f"master-orchestrator dlq list --topic {telemetry_topic} --newer-than 1h"


def dry_run_text(summary: IngestSummary, dry: DryRun) -> str:
    """What would be opened and why, what would be refused; nothing was sent."""
    openings = [opening_line(opening) for opening in dry.openings] or ["triage would open nothing"]
    refused = [
        f"the engine would refuse {count:,} as dead letters: {reason}" for reason, count in dry.refused.most_common()
    ]
    shown = [f"  {text}" for text in dry.first_refusals]
    seen = f"{summary.total('sent'):,} readings through triage, {dry.dropped:,} of them repeated or late"
    opened = f"{dry.opened:,} workflows would open"
    return "\n".join(
        [
            *_note_lines(summary),
            *_reject_lines(summary, None),
            *openings,
            *refused,
            *shown,
            f"{seen}; {opened}; nothing was sent (dry run)",
        ]
    )


def dry_run_json(summary: IngestSummary, dry: DryRun) -> dict[str, object]:
    """The same for ``--json``."""
    return {
        **summary.as_json(),
        "workflows_opened": dry.opened,
        "openings": [opening.as_json() for opening in dry.openings],
        "dead_letters": dict(dry.refused),
        "late_or_repeated": dry.dropped,
    }


def _file_line(tally: FileTally) -> str:
    failed = f", {tally.failed:,} FAILED ({tally.first_failure})" if tally.failed else ""
    joined = f" from {tally.sent + tally.joined:,} rows" if tally.joined else ""
    sent = f"{tally.sent:,} readings{joined} sent, {tally.acknowledged:,} acknowledged"
    return f"{tally.file}: {sent}{failed}, {tally.rejected:,} rows rejected"


def _note_lines(summary: IngestSummary) -> list[str]:
    """What was not understood, file by file; files that say the same say it once."""
    by_text: dict[str, list[str]] = {}
    for tally in summary.files:
        for line in tally.notes.lines():
            by_text.setdefault(line, []).append(tally.file)
    return [
        f"note {files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}: {line}"
        for line, files in by_text.items()
    ]


def _reject_lines(summary: IngestSummary, rejects: Path | None) -> list[str]:
    lines = [f"rejected {reject.file}:{reject.line}: {reject.reason}" for reject in summary.rejects]
    hidden = summary.total("rejected") - len(summary.rejects)
    if hidden:
        where = f"all of them in {rejects}" if rejects else "--rejects FILE keeps them all"
        lines.append(f"and {hidden:,} rejected rows more; {where}")
    if summary.stopped is not None:
        lines.append("stopped at the first rejected row (--strict)")
    return lines


def opening_line(opening: Opening) -> str:
    """What would open or join a workflow, and why."""
    finding = opening.finding
    if finding is None:
        return f"{opening.vehicle_id} {opening.priority.name} {opening.reason}"
    at = datetime.fromtimestamp(finding.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    why = f"{finding.signal} {finding.value:g}" if finding.signal and finding.value is not None else ""
    limit = f" against {finding.threshold:g}" if finding.threshold is not None else ""
    held = f" for {_span(finding.held_s)}" if finding.held_s else ""
    ahead = f", expected at the limit on {_day(finding.crossing[0])}" if finding.crossing else ""
    head = f"{at}Z {opening.vehicle_id} {finding.priority.name} {finding.subsystem} {finding.rule}"
    return f"{head} {why}{limit}{held}{ahead}".rstrip()


def _span(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < DAY_S else f"{seconds / DAY_S:g} days"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
