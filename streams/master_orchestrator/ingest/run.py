"""The run over all files: read, pace, hand on, count."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from master_orchestrator.ingest.drive_files import DriveFile
from master_orchestrator.ingest.notes import Notes
from master_orchestrator.ingest.pacing import Pacer
from master_orchestrator.ingest.passes import Joined, Reject
from master_orchestrator.ingest.producer import Delivered
from master_orchestrator_schemas.messages import Telemetry

SHOWN_REJECTS = 5
"""Rejects that are in the summary; all of them are in the file of ``--rejects``."""

COUNTS = ("rows", "joined", "sent", "acknowledged", "failed", "rejected")


class Sink(Protocol):
    """Where readings go: the broker, or triage in a dry run."""

    def send(self, reading: Telemetry, delivered: Delivered) -> None:
        """Take one reading; ``delivered`` is called once, now or later."""
        ...

    def close(self) -> None:
        """Return when every reading taken has been reported."""
        ...


@dataclass
class FileTally:
    """What became of one file's rows: ``rows = sent + joined + rejected``; at the end ``sent = acknowledged + failed``.

    ``joined``: rows that went into the reading of another row.
    """

    file: str
    rows: int = 0
    joined: int = 0
    sent: int = 0
    acknowledged: int = 0
    failed: int = 0
    rejected: int = 0
    first_failure: str | None = None
    notes: Notes = field(default_factory=Notes)

    def delivered(self, failure: str | None) -> None:
        """Count a delivery report."""
        if failure is None:
            self.acknowledged += 1
        else:
            self.failed += 1
            self.first_failure = self.first_failure or failure

    def as_json(self) -> dict[str, object]:
        """The counts and notes for ``--json``."""
        return {
            **{name: getattr(self, name) for name in ("file", *COUNTS, "first_failure")},
            "notes": self.notes.as_json(),
        }


@dataclass
class IngestSummary:
    """What became of everything. ``stopped``: the reject that ended a strict run."""

    files: list[FileTally] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    stopped: Reject | None = None

    def total(self, column: str) -> int:
        """The sum of one of the counts of all files."""
        return sum(getattr(tally, column) for tally in self.files)

    @property
    def complete(self) -> bool:
        """Whether every row became a reading and every reading was acknowledged."""
        return self.total("rejected") == 0 and self.total("sent") == self.total("acknowledged")

    def as_json(self) -> dict[str, object]:
        """The summary for ``--json``."""
        return {
            **{name: self.total(name) for name in COUNTS},
            "complete": self.complete,
            "files": [tally.as_json() for tally in self.files],
            "rejects": [reject._asdict() for reject in self.rejects],
        }


class RejectLog:
    """Writes every reject as a line of JSON to a file, if one was named."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def open(self) -> AbstractContextManager[object]:
        """Open the file for the length of a run."""
        if self._path is None:
            return nullcontext()
        self._file = self._path.open("w", encoding="utf-8")
        return self._file

    def write(self, reject: Reject) -> None:
        """Keep one reject."""
        if self._file is not None:
            self._file.write(json.dumps(reject._asdict()) + "\n")


@dataclass(frozen=True)
class Surroundings:
    """What the run needs from the world: a clock (seconds), a sleep, and who wants to see the progress."""

    now_s: Callable[[], float]
    sleep_s: Callable[[float], None]
    progress: Callable[[FileTally], None]


class Ingest:
    """One run over some files."""

    def __init__(self, sink: Sink, pacer: Pacer, rejects: RejectLog, around: Surroundings, *, strict: bool) -> None:
        self._sink = sink
        self._pacer = pacer
        self._rejects = rejects
        self._around = around
        self._strict = strict
        self.summary = IngestSummary()

    def run(self, files: Sequence[DriveFile]) -> IngestSummary:
        """Send all readings and wait until each is accounted for; a strict run ends at the first reject."""
        with self._rejects.open():
            try:
                for file in files:
                    self._one(file)
                    if self.summary.stopped:
                        break
            finally:
                self._sink.close()
        return self.summary

    def _one(self, file: DriveFile) -> None:
        tally = FileTally(str(file.path))
        self.summary.files.append(tally)
        readings = file.readings()
        tally.notes = file.notes
        for reading in readings:
            tally.rows += 1
            if isinstance(reading, Telemetry):
                self._send(tally, reading)
            elif isinstance(reading, Joined):
                tally.joined += 1
            else:
                self._reject(tally, reading)
                if self._strict:
                    return
            self._around.progress(tally)

    def _send(self, tally: FileTally, reading: Telemetry) -> None:
        wait_s = self._pacer.wait_s(reading.ts_ms, self._around.now_s())
        if wait_s > 0:
            self._around.sleep_s(wait_s)
        self._sink.send(reading, tally.delivered)
        tally.sent += 1

    def _reject(self, tally: FileTally, reject: Reject) -> None:
        tally.rejected += 1
        self._rejects.write(reject)
        if len(self.summary.rejects) < SHOWN_REJECTS:
            self.summary.rejects.append(reject)
        if self._strict:
            self.summary.stopped = reject
