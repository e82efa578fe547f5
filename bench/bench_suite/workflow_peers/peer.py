"""The two measurements of a workflow engine: load, and start. What an engine is made of is its own module's."""

import statistics
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench_suite.workflow_peers.load import LoadResult, ask, together
from bench_suite.workflow_peers.processes import ChildProcess, CommandLine


@dataclass(frozen=True)
class Running:
    """A peer that takes work: its processes by what they are, and the command of its load generator.

    ``generators``: how many of them share the load. ``works_itself``: they run the workflows, too, so that their memory
    is the peer's.
    """

    parts: Mapping[str, ChildProcess]
    load: CommandLine
    env: Mapping[str, str] = field(default_factory=dict)
    generators: int = 1
    works_itself: bool = False

    def first(self) -> LoadResult:
        """One workflow: it is up then."""
        return ask(self.load, self.env, ["--in-flight", "1"])

    def open(self, in_flight: int, warm_s: float, seconds: float) -> LoadResult:
        """N workflows open at once, in all."""
        return self._ask("--in-flight", str(in_flight // self.generators), warm_s, seconds)

    def paced(self, rate: float, warm_s: float, seconds: float) -> LoadResult:
        """N workflows started per second, in all."""
        return self._ask("--rate", f"{rate / self.generators:.3f}", warm_s, seconds)

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds so far, by part."""
        return {name: part.cpu_s() for name, part in self.parts.items()}

    def _ask(self, *words: object) -> LoadResult:
        how, amount, warm_s, seconds = map(str, words)
        options = [how, amount, "--warm", warm_s, "--seconds", seconds]
        with ThreadPoolExecutor(self.generators) as asking:
            return together(list(asking.map(lambda _: ask(self.load, self.env, options), range(self.generators))))


class WorkflowPeer(Protocol):
    """One engine: how it is had, and how it is started."""

    @property
    def name(self) -> str:
        """With version and language."""

    @property
    def terms(self) -> str:
        """How durably."""

    @property
    def in_flight(self) -> int:
        """Workflows open at once for its highest throughput; found by trying."""

    def prepare(self, home: Path) -> None:
        """As :meth:`contenders.Contender.prepare`."""

    def running(self, folder: Path) -> AbstractContextManager[Running]:
        """The engine, its database and its workers on the data in ``folder``, for as long as the context lasts."""


@dataclass(frozen=True)
class Times:
    """Seconds of a round's parts. JVMs want a long warm-up: Kafka's is still compiling after a quarter of a minute."""

    warm_s: float
    full_s: float
    half_s: float


FULL, QUICK = Times(40, 25, 25), Times(3, 6, 6)
HALF_WARM_S = 2.0


@dataclass(frozen=True)
class _OfAPeer:
    """What every contender has from its peer."""

    peer: WorkflowPeer

    @property
    def name(self) -> str:
        """The peer's."""
        return self.peer.name

    @property
    def terms(self) -> str:
        """The peer's."""
        return self.peer.terms

    def prepare(self, home: Path) -> None:
        """The peer's."""
        self.peer.prepare(home)


class WorkflowThroughput(_OfAPeer):
    """Complete workflows per second at full load; end-to-end time at half of that."""

    def measure(self, *, quick: bool) -> dict[str, float]:
        """One round on a new data folder."""
        times = QUICK if quick else FULL
        with _data_folder() as folder, self.peer.running(Path(folder)) as running:
            running.first()
            before = running.cpu_s()
            full = running.open(self.peer.in_flight, times.warm_s, times.full_s)
            if not full.counted:
                raise TimeoutError(f"no workflow ended within {times.full_s:g} s of full load")
            cpu_s = {part: after - before[part] for part, after in running.cpu_s().items()}
            rss_mb = {name: part.rss_mb() for name, part in running.parts.items()}
            if running.works_itself:
                rss_mb["workers"] = full.rss_mb
            half = running.paced(full.per_s / 2, HALF_WARM_S, times.half_s)
        return _figures(full, half, cpu_s, rss_mb)


class Start(_OfAPeer):
    """From the command to the first completed workflow: with a new data folder (cold), and with that folder again."""

    def measure(self, *, quick: bool) -> dict[str, float]:  # noqa: ARG002  it is as quick as it is
        """One cold start, one warm."""
        with _data_folder() as folder:
            return {"cold_start_s": self._start_s(Path(folder)), "warm_start_s": self._start_s(Path(folder))}

    def _start_s(self, folder: Path) -> float:
        started = time.time()
        with self.peer.running(folder) as running:
            return running.first().ended_at - started


def _data_folder() -> "tempfile.TemporaryDirectory[str]":
    """Where others may look for files of theirs: a database runs as a user of its own."""
    folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o711)
    return folder


def _figures(
    full: LoadResult, half: LoadResult, cpu_s: Mapping[str, float], rss_mb: Mapping[str, float]
) -> dict[str, float]:
    latencies = sorted(half.latencies_ms)
    return {
        "workflows_per_s": full.per_s,
        "p50_ms": statistics.median(latencies),
        "p99_ms": latencies[len(latencies) * 99 // 100],
        "cpu_ms_per_workflow": 1000 * (sum(cpu_s.values()) + full.cpu_s) / full.started,
        "load_cpu_ms_per_workflow": 1000 * full.cpu_s / full.started,
        "rss_mb": sum(rss_mb.values()),
        **{f"{part}_rss_mb": value for part, value in rss_mb.items()},
        "half_load_per_s": half.per_s,
        "workflows_wrong": full.started - full.right + half.started - half.right,
    }
