"""``python bench fairness``: what each lane waits under overload against its bound, and how urgent overtakes a backlog."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from compare import HOME
from contenders import UnavailableError
from fairness_stage import Runner, Stage, Theatre, theatre
from fairness_waits import Overtaking, Wait, overtakings, waits
from machine import machine
from peer_venv import peer_python
from rich.console import Console
from rich.table import Table
from system import await_that

from master_orchestrator_schemas.vocabulary import Lane

SHARES = {Lane.URGENT: 0.15, Lane.HIGH: 0.35, Lane.SCHEDULED: 0.45, Lane.ROUTINE: 0.45}
"""What comes in, each lane as a share of what the workers can do: 1.4 times that in all."""
FLOOD = 0.8
"""URGENT's in the middle third."""
MAX_WAITS_MS = {Lane.URGENT: 1_000, Lane.HIGH: 3_000, Lane.SCHEDULED: 8_000, Lane.ROUTINE: 15_000}
"""For a run of 60 s, so that every lane ages within it; shorter for a shorter run."""
PROMISED_MS = 100
FULL_S, QUICK_S = 60, 10
STEP_S = 0.01
PATIENCE_S = 600.0


@dataclass(frozen=True)
class Overload:
    """More than the workers can do, in all lanes, with a flood of URGENT."""

    title: str
    runner: Runner
    seconds: float

    def measure(self, stage: Stage) -> list[Wait]:
        """Send, wait until all is handled, and set the waits against their bounds."""
        with stage.runner(self.runner) as calls:
            stage.send(Lane.ROUTINE)
            await_that(lambda: stage.handled() > 0)
            self._send(stage)
            await_that(lambda: stage.handled() == stage.sent, PATIENCE_S)
        lanes, terms = stage.topology.lanes, self.runner
        return waits(list(stage.appended_ms(*Lane)), calls, lanes, workers=terms.workers, batch_size=terms.batch_size)

    def _send(self, stage: Stage) -> None:
        """At a steady pace, mixed."""
        per_s = 1000 * self.runner.workers / self.runner.handling_ms
        owed, begun, before = dict.fromkeys(Lane, 0.0), time.monotonic(), 0.0
        while before < self.seconds:
            time.sleep(STEP_S)
            now = min(time.monotonic() - begun, self.seconds)
            flood = self.seconds / 3 < now < 2 * self.seconds / 3
            for lane, share in SHARES.items():
                batch = self.runner.batch_size if lane is Lane.ROUTINE else 1
                owed[lane] += per_s * (now - before) * batch * (FLOOD if flood and lane is Lane.URGENT else share)
                while owed[lane] >= 1:
                    owed[lane] -= 1
                    stage.send(lane)
            before = now
        stage.flush()


@dataclass(frozen=True)
class Backlog:
    """URGENT commands, one by one, while at least ``waiting`` ROUTINE ones wait."""

    title: str
    runner: Runner
    waiting: int
    more: int
    urgent: int
    every_s: float

    def measure(self, stage: Stage) -> list[Overtaking]:
        """Fill, start, and send one urgent command after the other."""
        for _ in range(self.waiting + self.more):
            stage.send(Lane.ROUTINE)
        stage.flush()
        with stage.runner(self.runner) as calls:
            await_that(lambda: stage.handled() > 0)
            for _ in range(self.urgent):
                stage.send(Lane.URGENT)
                stage.flush()
                time.sleep(self.every_s)
            await_that(lambda: stage.handled(Lane.URGENT) == self.urgent, PATIENCE_S)
        appended = list(stage.appended_ms(Lane.URGENT))
        return overtakings(appended, calls, workers=self.runner.workers, sent=stage.sent - self.urgent)


def fairness(
    quick: Annotated[
        bool, typer.Option(help="A short overload and a small backlog: does it work, not how fast.")
    ] = False,  # noqa: FBT002  typer's
) -> None:
    """Overload a runner in all lanes and set each command's wait against its bound; let urgent ones overtake a backlog.

    The status is 0 if no command waited beyond its bound, and every urgent one started within 100 ms of a free worker.
    """
    seconds, waiting = (QUICK_S, 5_000) if quick else (FULL_S, 50_000)
    max_waits = {lane: f"{ms * seconds // FULL_S}ms" for lane, ms in MAX_WAITS_MS.items()}
    facts = machine()
    with theatre(max_waits) as here:
        overloads = {one.title: one.measure(here.stage(f"o{n}")) for n, one in enumerate(_overloads(seconds))}
        backlogs = {
            one.title: one.measure(here.stage(f"b{n}")) for n, one in enumerate(_backlogs(waiting, quick=quick))
        }
    _keep(facts, quick, overloads, backlogs)
    console = Console()
    for title, measured in overloads.items():
        console.print(_waits_table(title, measured))
    console.print(_overtaking_table(backlogs))
    beyond = sum(wait.waited_ms > wait.bound_ms for measured in overloads.values() for wait in measured)
    late = sum(each.waited_ms > PROMISED_MS for measured in backlogs.values() for each in measured)
    console.print(f"beyond their bound: {beyond}; urgent ones later than {PROMISED_MS} ms: {late}")
    raise typer.Exit(1 if beyond or late else 0)


def _overloads(seconds: float) -> tuple[Overload, ...]:
    return (
        Overload("2 workers, 10 ms a command", Runner(workers=2, handling_ms=10), seconds),
        Overload("2 workers, 50 ms a call, ROUTINE in batches of 10", Runner(2, 50, batch_size=10), seconds),
    )


def _backlogs(waiting: int, *, quick: bool) -> tuple[Backlog, ...]:
    urgent = 10 if quick else 100
    return (
        Backlog(f"{waiting:,} wait, 8 workers, 10 ms", Runner(8, 10), waiting, urgent * 160, urgent, every_s=0.2),
        Backlog(f"{waiting:,} wait, 8 workers, no-op", Runner(8, 0), waiting, urgent * 600, urgent, every_s=0.1),
        Backlog(f"{waiting:,} wait, 1 worker, 10 ms", Runner(1, 10), waiting, 0, urgent, every_s=0.2),
    )


def _waits_table(title: str, measured: Sequence[Wait]) -> Table:
    shown = Table("lane", title=f"Overload, {title}: waits in s", title_justify="left")
    for column in ("count", "p50", "p99", "max", "bound of p50", "of p99", "of max", "most of its bound"):
        shown.add_column(column, justify="right")
    for lane in Lane:
        own = sorted((wait for wait in measured if wait.lane is lane), key=lambda wait: wait.waited_ms)
        picked = [own[len(own) // 2], own[len(own) * 99 // 100], own[-1]]
        figures = [each.waited_ms for each in picked] + [each.bound_ms for each in picked]
        most = max(wait.waited_ms / wait.bound_ms for wait in own)
        shown.add_row(lane, f"{len(own):,}", *(f"{figure / 1000:.3f}" for figure in figures), f"{most:.0%}")
    return shown


def _overtaking_table(backlogs: Mapping[str, Sequence[Overtaking]]) -> Table:
    shown = Table("backlog", title="URGENT, from when a worker was free: ms", title_justify="left")
    for column in ("count", "p50", "p99", "max", "least that waited"):
        shown.add_column(column, justify="right")
    for title, measured in backlogs.items():
        times = sorted(each.waited_ms for each in measured)
        figures = (statistics.median(times), times[len(times) * 99 // 100], times[-1])
        least = min(each.behind for each in measured)
        shown.add_row(title, str(len(times)), *(f"{figure:.1f}" for figure in figures), f"{least:,}")
    return shown


def _keep(
    facts: Mapping[str, object],
    quick: bool,  # noqa: FBT001
    overloads: Mapping[str, Sequence[Wait]],
    backlogs: Mapping[str, Sequence[Overtaking]],
) -> None:
    """Raw results as JSON lines, and the plot beside them."""
    started = datetime.now(UTC)
    raw = HOME / "results" / f"fairness-{started:%Y%m%dT%H%M%SZ}.jsonl"
    raw.parent.mkdir(parents=True, exist_ok=True)
    lines: list[object] = [{"fairness": started.isoformat(), "quick": quick, **facts}]
    lines += [{"run": title, **asdict(each)} for run in (overloads, backlogs) for title in run for each in run[title]]
    raw.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    print(f"raw results: {raw}", file=sys.stderr)
    try:
        python = peer_python(HOME, "matplotlib")
    except UnavailableError as reason:
        print(f"no plot: {reason}", file=sys.stderr)
        return
    script = Path(__file__).with_name("fairness_plot.py")
    drawn = json.dumps(_drawn(overloads, backlogs))
    subprocess.run([python, script, raw.with_suffix(".png")], input=drawn, text=True, check=True)
    print(f"plot: {raw.with_suffix('.png')}", file=sys.stderr)


def _drawn(
    overloads: Mapping[str, Sequence[Wait]], backlogs: Mapping[str, Sequence[Overtaking]]
) -> dict[str, dict[str, object]]:
    return {
        "overloads": {title: _by_lane(measured) for title, measured in overloads.items()},
        "overtakings": {title: [each.waited_ms for each in measured] for title, measured in backlogs.items()},
    }


def _by_lane(measured: Sequence[Wait]) -> dict[str, dict[str, list[float]]]:
    begin_ms = min(wait.from_ms for wait in measured)
    return {
        lane: {
            "at_s": [(wait.from_ms - begin_ms) / 1000 for wait in measured if wait.lane is lane],
            "waited_s": [wait.waited_ms / 1000 for wait in measured if wait.lane is lane],
            "bound_s": [wait.bound_ms / 1000 for wait in measured if wait.lane is lane],
        }
        for lane in Lane
    }
