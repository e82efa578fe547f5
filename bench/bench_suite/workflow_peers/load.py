"""What a load generator is asked and answers. It is a program of each peer's own; this is its contract.

Asked by options: ``--in-flight N`` keeps N workflows open, ``--rate R`` starts one every 1/R s whether or not
earlier ones have ended; ``--warm S`` seconds do not count, ``--seconds S`` do; then it waits for all it has started. At
least one is started, so ``--in-flight 1 --warm 0 --seconds 0`` asks for one. The answer is a line of JSON on stdout.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_suite.workflow_peers.processes import CommandLine

MAX_RUN_S = 240
BENCH = Path(__file__).parents[2]


@dataclass(frozen=True)
class LoadResult:
    """The answer: workflows started in all, those with the right result, and those that ended in the counted time.

    ``latencies_ms``: of the workflows that ended (with ``--rate``: were due) in the counted time, from when they were
    due. ``cpu_s``: the generator's own, from its first workflow to its last. ``ended_at``: of the last, Unix time.
    ``rss_mb``: told by those in Python.
    """

    started: int
    right: int
    counted: int
    seconds: float
    latencies_ms: list[float]
    cpu_s: float
    ended_at: float
    rss_mb: float = 0.0

    @property
    def per_s(self) -> float:
        """Workflows that ended per second of the counted time."""
        return self.counted / self.seconds


def ask(command: CommandLine, env: Mapping[str, str], options: Sequence[str]) -> LoadResult:
    """Run a load generator. Raises ``ChildProcessError`` with what it said, ``TimeoutExpired``."""
    done = subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=MAX_RUN_S,
        env={**os.environ, "PYTHONPATH": str(BENCH), **env},
    )
    if done.returncode != 0:
        last_line = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ChildProcessError(f"its load generator failed: {' '.join(last_line) or 'it last_line nothing'}")
    return LoadResult(**json.loads(done.stdout.splitlines()[-1]))


def together(outcomes: Sequence[LoadResult]) -> LoadResult:
    """Of generators that ran side by side."""
    return LoadResult(
        started=sum(one.started for one in outcomes),
        right=sum(one.right for one in outcomes),
        counted=sum(one.counted for one in outcomes),
        seconds=outcomes[0].seconds,
        latencies_ms=[latency for one in outcomes for latency in one.latencies_ms],
        cpu_s=sum(one.cpu_s for one in outcomes),
        ended_at=max(one.ended_at for one in outcomes),
        rss_mb=sum(one.rss_mb for one in outcomes),
    )
