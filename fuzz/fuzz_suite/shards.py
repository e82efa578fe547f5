"""A run in shards: each is made of the seed and its number alone, so a run is the same with any number of processes."""

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, NoReturn, Protocol

import structlog

from fuzz_suite.findings import ShardTally, save

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

STUCK_S = 600.0
"""Seconds without news after which a process counts as hanging where its watchdog does not reach."""
TOLD_EVERY_S = 2.0
TIDYING_S = 10.0


class Target(Protocol):
    """What each target's module offers."""

    SHARD: int
    """Cases of a shard."""

    def shard(self, seed: int, index: int, count: int) -> ShardTally:
        """Run ``count`` cases of this seed's shard."""

    def replay(self, case: bytes) -> str:
        """Run a finding's case again: what came of it. Raises what it raised."""


TARGETS: Mapping[str, str] = {
    "records": "fuzz_suite.records.target",
    "conduct": "fuzz_suite.conduct.target",
    "topology": "fuzz_suite.topology",
    "arguments": "fuzz_suite.arguments",
    "ingest": "fuzz_suite.ingest",
}
"""Name on the command line -> module."""


def target_of(name: str) -> Target:
    """The target of that name."""
    target: Target = import_module(TARGETS[name])
    return target


@dataclass
class FuzzRun:
    """One run. ``jobs``: processes. ``folder``: where findings go."""

    target: str
    count: int
    seed: int
    jobs: int
    folder: Path
    tally: ShardTally = field(default_factory=ShardTally)
    done: int = 0

    def execute(self) -> int:
        """Run all shards, tell the progress on stderr and the result in one line on stdout; 1 if there are findings."""
        started_s = time.monotonic()
        size = target_of(self.target).SHARD
        shards = [(index, min(size, self.count - index * size)) for index in range(-(-self.count // size))]
        context = multiprocessing.get_context("spawn")
        news: Queue[tuple[int, int, ShardTally]] = context.Queue()
        workers = [
            context.Process(target=_work, args=(self.target, self.seed, shards[job :: self.jobs], news))
            for job in range(min(self.jobs, len(shards)))
        ]
        for worker in workers:
            worker.start()
        try:
            self._collect(news, workers, dict(shards), started_s)
            for worker in workers:
                worker.join(TIDYING_S)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
        print(json.dumps(self.summary(time.monotonic() - started_s)))
        return 1 if self.tally.findings else 0

    def summary(self, seconds: float) -> dict[str, object]:
        """The result."""
        return {
            "fuzz": self.target,
            "seed": self.seed,
            "cases": self.done,
            "seconds": round(seconds, 1),
            "counts": dict(sorted(self.tally.counts.items())),
            "findings": dict(self.tally.findings.most_common()),
            "files": [str(save(finding, self.folder)) for finding in self.tally.kept],
        }

    def _collect(
        self,
        news: "Queue[tuple[int, int, ShardTally]]",
        workers: Sequence[BaseProcess],
        waiting: dict[int, int],
        started_s: float,
    ) -> None:
        told_s = heard_s = time.monotonic()
        while waiting:
            try:
                index, count, tally = news.get(timeout=1.0)
            except Empty:
                if self._lost(workers, waiting, time.monotonic() - heard_s):
                    return
                continue
            heard_s = time.monotonic()
            del waiting[index]
            self.done += count
            self.tally.add(tally)
            if heard_s - told_s >= TOLD_EVERY_S:
                told_s = heard_s
                self._tell(heard_s - started_s)

    def _lost(self, workers: Sequence[BaseProcess], waiting: Mapping[int, int], silent_s: float) -> bool:
        """Whether a process has died or hangs: that is a finding about the first shards not reported."""
        codes = [worker.exitcode for worker in workers if worker.exitcode]
        if not codes and silent_s < STUCK_S:
            return False
        what = f"a process ended with exit code {codes[0]}" if codes else f"no process reported for {STUCK_S:g} s"
        first = ", ".join(map(str, sorted(waiting)[: len(workers) + 1]))
        self.tally.findings[f"{what}; in one of the shards {first}"] += 1
        return True

    def _tell(self, seconds: float) -> None:
        rate = self.done / seconds
        findings = sum(self.tally.findings.values())
        text = f"{self.target}: {self.done:,} of {self.count:,}, {rate:,.0f}/s, {findings} findings"
        print(text, file=sys.stderr, flush=True)


def _work(name: str, seed: int, shards: list[tuple[int, int]], news: "Queue[tuple[int, int, ShardTally]]") -> None:
    """One process: its shards, one after the other. What the code under test prints is not for anybody."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    structlog.configure(processors=[_dropped])
    target = target_of(name)
    for index, count in shards:
        news.put((index, count, target.shard(seed, index, count)))


def _dropped(_logger: object, _method: str, _event: MutableMapping[str, object]) -> NoReturn:
    raise structlog.DropEvent
