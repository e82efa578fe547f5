"""``python bench quality``: production with known faults, judged by what `quality analyze` says of it."""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench_suite.quality.factory import Production, make, write
from master_orchestrator.quality.command import analyse_files
from master_orchestrator_agents.quality.analysis import QualityAnalysis

UNSEEN_FROM = 960
"""Seeds that the rules were not tuned on."""
MAX_MONTHS_OFF = 3
MIN_STEP_FOUND = 5
MONTH_DAYS = 30.4


@dataclass(frozen=True)
class SetScore:
    """One set: bad lots found and put in, months that the step is off (None: not found) and its lots, false lots."""

    seed: int
    lots: int
    claims: int
    found: int
    bad: int
    months_off: int | None
    step_found: int
    step: int
    false: int
    seconds: float

    @property
    def step_is_met(self) -> bool:
        """Whether the step is found within three build months, with five of its lots at least; True without one."""
        near = self.months_off is not None and self.months_off <= MAX_MONTHS_OFF
        return not self.step or (near and self.step_found >= MIN_STEP_FOUND)


def quality(
    seeds: Annotated[list[int], typer.Argument(help=f"One set each; from {UNSEEN_FROM} on they are for judging only.")],
    units: Annotated[float, typer.Option(help="Times the lots' sizes: 1 gives 1,500 to 15,000 claims.")] = 1.0,
    healthy: Annotated[bool, typer.Option(help="Sets in which nothing stands out.")] = False,  # noqa: FBT002  typer's
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON instead of a table.")] = False,  # noqa: FBT002  typer's
) -> None:
    """Bad lots, a supplier's step and false lots in made-up claims, through files and `quality analyze`."""
    scores = [score_of(seed, make(seed, units=units, faults=not healthy)) for seed in seeds]
    total = {
        "sets": len(scores),
        "bad_lots": sum(score.bad for score in scores),
        "bad_lots_found": sum(score.found for score in scores),
        "steps": sum(score.step > 0 for score in scores),
        "steps_found": sum(score.step > 0 and score.step_is_met for score in scores),
        "false_lots": sum(score.false for score in scores),
    }
    if as_json:
        print(json.dumps(total))
        return
    table = Table("seed", "lots", "claims", "bad lots", "step off, months", "its lots", "false lots", "seconds")
    for score in scores:
        off = "" if not score.step else "not found" if score.months_off is None else str(score.months_off)
        table.add_row(
            str(score.seed), f"{score.lots:,}", f"{score.claims:,}", f"{score.found} of {score.bad}", off,
            f"{score.step_found} of {score.step}", str(score.false), f"{score.seconds:.1f}",
        )  # fmt: skip
    Console().print(table, total)


def score_of(seed: int, production: Production) -> SetScore:
    """What is said of one set. The time is that of reading both files, the analysis and its whole report."""
    with tempfile.TemporaryDirectory() as folder:
        files = write(production, Path(folder))
        started = time.monotonic()
        report = analyse_files(*files)
        report.value()
        seconds = time.monotonic() - started
    flagged, step = report.analysis.flagged, set(production.step)
    return SetScore(
        seed=seed,
        lots=len(production.batches),
        claims=len(production.claims),
        found=len(flagged & production.bad),
        bad=len(production.bad),
        months_off=_months_off(report.analysis, production),
        step_found=len(flagged & step),
        step=len(step),
        false=len(flagged - step - production.bad),
        seconds=seconds,
    )


def _months_off(analysis: QualityAnalysis, production: Production) -> int | None:
    starts = [step.from_day for step in analysis.steps if set(step.lots) & set(production.step)]
    return min((round(abs(start - production.step_day) / MONTH_DAYS) for start in starts), default=None)
