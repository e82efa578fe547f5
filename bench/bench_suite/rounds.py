"""Interleaved rounds: every contender once, then every contender again, so that a slow hour meets all of them."""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench_suite.contenders import Contender, UnavailableError
from bench_suite.machine import load
from master_orchestrator.errors import OrchestratorError

RoundFigures = dict[str, float]


@dataclass(frozen=True)
class Round:
    """One measurement of one contender, or why there is none."""

    number: int
    contender: str
    seconds: float
    load_before: float
    figures: RoundFigures = field(default_factory=dict)
    failure: str | None = None


@dataclass
class PeerComparison:
    """What came of a comparison so far; ``names`` in the order of the table, ours first."""

    title: str
    names: list[str]
    terms: dict[str, str]
    rounds: list[Round] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> str:
        """The contender that the others are set against."""
        return self.names[0]

    def values(self, contender: str, figure: str) -> dict[int, float]:
        """Round -> value, of the rounds in which it was measured."""
        return {
            one.number: one.figures[figure]
            for one in self.rounds
            if one.contender == contender and figure in one.figures
        }

    def figures(self, contender: str) -> list[str]:
        """The figures that a contender has, in its order."""
        return list(dict.fromkeys(name for one in self.rounds if one.contender == contender for name in one.figures))

    def ratios(self, contender: str, figure: str) -> list[float]:
        """Its value over ours, for each round in which both were measured."""
        theirs, ours = self.values(contender, figure), self.values(self.ours, figure)
        return [theirs[number] / ours[number] for number in theirs if ours.get(number)]


Tell = Callable[[str], None]
Keep = Callable[[Round], None]


def prepare(contenders: Sequence[Contender], home: Path, comparison: PeerComparison, tell: Tell) -> list[Contender]:
    """Those that can be had; the others and their reasons go into ``comparison``."""
    ready = []
    for contender in contenders:
        tell(f"preparing {contender.name}")
        try:
            contender.prepare(home)
        except UnavailableError as reason:
            comparison.unavailable[contender.name] = str(reason)
            tell(f"  not available: {reason}")
        else:
            ready.append(contender)
    return ready


def run(
    ready: Sequence[Contender], comparison: PeerComparison, *, rounds: int, quick: bool, tell: Tell, keep: Keep
) -> None:
    """Measure all of ``ready`` in each round; ``keep`` is told each result as soon as it is there."""
    for number in range(1, rounds + 1):
        for contender in ready:
            tell(f"round {number} of {rounds}: {contender.name}")
            one = _measured(number, contender, quick=quick)
            comparison.rounds.append(one)
            keep(one)
            tell(f"  {one.failure or _headline(one)}  ({one.seconds:.0f} s)")


def _measured(number: int, contender: Contender, *, quick: bool) -> Round:
    before, started = load(), time.monotonic()
    figures: RoundFigures = {}
    failure = None
    try:
        figures = contender.measure(quick=quick)
    except (UnavailableError, OrchestratorError, OSError, subprocess.SubprocessError) as error:
        failure = f"failed: {error or type(error).__name__}"
    return Round(number, contender.name, time.monotonic() - started, before, figures, failure)


def _headline(one: Round) -> str:
    name = next(iter(one.figures))
    return f"{name} {one.figures[name]:,.1f}"
