"""What ``master-orchestrator ingest`` does, apart from its options: choose the sink, run, show the progress."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from master_orchestrator.ingest.drive_files import DriveFile, DriveReader
from master_orchestrator.ingest.dry_run import DryRun
from master_orchestrator.ingest.errors import FileUnusableError
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator.ingest.pacing import Pacer
from master_orchestrator.ingest.producer import TelemetryProducer
from master_orchestrator.ingest.run import FileTally, Ingest, IngestSummary, RejectLog, Sink, Surroundings
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

SHOW_EVERY = 500
"""Readings between two updates of the progress bar."""


@dataclass(frozen=True)
class IngestOrder:
    """What the user asked for. ``speed`` None: as fast as it goes; ``rejects``: where rejects are kept."""

    files: tuple[Path, ...]
    terms: ReadTerms
    speed: float | None = None
    rejects: Path | None = None
    strict: bool = False


def open_all(order: IngestOrder) -> list[DriveFile]:
    """Look at every file before anything is sent, and put them in order of their first reading.

    A drive that comes after a later one of the same vehicle would be late, and change nothing. Files without times of
    their own stay in the order given. Raises IngestError at the first file that cannot be used.
    """
    reader = DriveReader(order.terms)
    if order.rejects is not None and order.rejects.is_dir():
        raise FileUnusableError(order.rejects, "is a folder, rejects go to a file")
    if order.rejects is not None and any(_is_same(order.rejects, path) for path in order.files):
        raise FileUnusableError(order.rejects, "is to be read: rejects would overwrite it, keep them in another file")
    opened = [reader.open(path) for path in order.files]
    starts = {file.path: file.first_ms() for file in opened}
    return sorted(opened, key=lambda file: starts[file.path] or 0)


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one file, by whatever names."""
    return one.exists() and other.exists() and one.samefile(other)


def kafka_sink(kafka: KafkaSettings, topology: Topology) -> TelemetryProducer:
    """The telemetry topic. Raises BrokerUnreachableError or TopicsMissingError at once."""
    producer = TelemetryProducer(kafka, topology, "master-orchestrator/ingest")
    producer.check()
    return producer


def dry_run(topology: Topology) -> DryRun:
    """The engine's core with the topology's rules, by this machine's clock."""
    return DryRun.of(topology, lambda: time.time_ns() // 1_000_000)


def run_ingest(order: IngestOrder, files: Sequence[DriveFile], sink: Sink, console: Console) -> IngestSummary:
    """Send all readings to ``sink``, with a progress bar on ``console`` if that is a terminal."""
    with _progress(console, files) as progress:
        around = Surroundings(time.monotonic, time.sleep, progress)
        ingest = Ingest(sink, Pacer(order.speed), RejectLog(order.rejects), around, strict=order.strict)
        return ingest.run(files)


@contextmanager
def _progress(console: Console, files: Sequence[DriveFile]) -> Iterator[Callable[[FileTally], None]]:
    """A bar over the bytes of all files: how many rows they have is known only at their end."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    sizes = [file.size for file in files]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=sum(sizes))
        sent_before = 0
        names = [str(file.path) for file in files]

        def show(tally: FileTally) -> None:
            nonlocal sent_before
            sent_before += 1
            if sent_before % SHOW_EVERY == 0:
                index = names.index(tally.file)
                done = sum(sizes[:index]) + files[index].read_bytes
                text = f"{Path(tally.file).name}: {sent_before:,} readings, {tally.acknowledged:,} acknowledged here"
                bar.update(task, completed=done, description=text)

        yield show
