"""``python bench fairness``: each lane's waits under overload against their bounds, and URGENT against a backlog."""

import time
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from bench_suite.fairness_report import keep, overtaking_table, waits_table
from bench_suite.fairness_stage import FairnessStage, Runner, theatre
from bench_suite.fairness_waits import CommandWait, Overtaking, overtakings, waits
from bench_suite.machine import machine
from bench_suite.system import await_that
from master_orchestrator_schemas.vocabulary import Lane

SHARES = {Lane.URGENT: 0.15, Lane.HIGH: 0.35, Lane.SCHEDULED: 0.45, Lane.ROUTINE: 0.45}
"""What comes in, each lane as a share of what the workers can do: 1.4 times that in all."""
FLOOD = 0.8
"""URGENT's in the middle third."""
MAX_WAITS_MS = {Lane.URGENT: 1_000, Lane.HIGH: 3_000, Lane.SCHEDULED: 8_000, Lane.ROUTINE: 15_000}
"""For a run of 60 s, so that every lane ages within it; shorter for a shorter run."""
PROMISED_MS = 100
FIRST = 50
"""Commands of a lane that reach all its partitions."""
FULL_S, QUICK_S = 60, 10
STEP_S = 0.01
PATIENCE_S = 600.0


@dataclass(frozen=True)
class Overload:
    """More than the workers can do, in all lanes, with a flood of URGENT."""

    title: str
    runner: Runner
    seconds: float

    def measure(self, stage: FairnessStage) -> list[CommandWait]:
        """Send, wait until all is handled, and set the waits against their bounds."""
        with stage.runner(self.runner) as notes:
            first = _taken_up(stage)
            self._send(stage)
            await_that(lambda: stage.handled() == stage.sent, PATIENCE_S)
        notes.calls = [call for call in notes.calls if not first.intersection(call.commands)]
        return waits(list(stage.appended_ms(*Lane)), notes, stage.topology.lanes, self.runner.batch_size)

    def _send(self, stage: FairnessStage) -> None:
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
class BacklogWaits:
    """URGENT commands, one by one, while at least ``waiting`` ROUTINE ones wait."""

    title: str
    runner: Runner
    waiting: int
    more: int
    urgent: int
    every_s: float

    def measure(self, stage: FairnessStage) -> list[Overtaking]:
        """Fill, start, and send one urgent command after the other."""
        for _ in range(self.waiting + self.more):
            stage.send(Lane.ROUTINE)
        stage.flush()
        with stage.runner(self.runner) as notes:
            first = _taken_up(stage, Lane.URGENT)
            for _ in range(self.urgent):
                stage.send(Lane.URGENT)
                stage.flush()
                time.sleep(self.every_s)
            await_that(lambda: stage.handled(Lane.URGENT) == self.urgent + FIRST, PATIENCE_S)
        appended = [each for each in stage.appended_ms(Lane.URGENT) if each[1] not in first]
        return overtakings(appended, notes, workers=self.runner.workers, sent=stage.sent - self.urgent)


def _taken_up(stage: FairnessStage, *lanes: Lane) -> set[str]:
    """The first commands of each partition, which wait until it is noted that the runner has it; their ids."""
    first = {stage.send(lane) for lane in lanes or Lane for _ in range(FIRST)}
    await_that(lambda: stage.handled(*lanes) >= len(first), PATIENCE_S)
    return first


def fairness(
    quick: Annotated[bool, typer.Option(help="Short and small: does it work, not how fast.")] = False,  # noqa: FBT002  typer's
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
    keep({"quick": quick, **facts}, overloads, backlogs)
    console = Console()
    for title, measured in overloads.items():
        console.print(waits_table(title, measured))
    console.print(overtaking_table(backlogs))
    beyond = sum(wait.is_beyond for measured in overloads.values() for wait in measured)
    late = sum(each.waited_ms > PROMISED_MS for measured in backlogs.values() for each in measured)
    console.print(f"beyond their bound: {beyond}; urgent ones later than {PROMISED_MS} ms: {late}")
    raise typer.Exit(1 if beyond or late else 0)


def _overloads(seconds: float) -> tuple[Overload, ...]:
    return (
        Overload("2 workers, 10 ms a command", Runner(workers=2, handling_ms=10), seconds),
        Overload("2 workers, 50 ms a call, ROUTINE in batches of 10", Runner(2, 50, batch_size=10), seconds),
    )


def _backlogs(waiting: int, *, quick: bool) -> tuple[BacklogWaits, ...]:
    urgent = 10 if quick else 100
    return (
        BacklogWaits(f"{waiting:,}, 8 workers, 10 ms", Runner(8, 10), waiting, urgent * 160, urgent, every_s=0.2),
        BacklogWaits(f"{waiting:,}, 8 workers, no-op", Runner(8, 0), waiting, urgent * 600, urgent, every_s=0.1),
        BacklogWaits(f"{waiting:,}, 1 worker, 10 ms", Runner(1, 10), waiting, 0, urgent, every_s=0.2),
    )
