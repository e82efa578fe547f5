"""One comparison from its contenders to table, plot and raw results."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench_suite.contenders import Contender, UnavailableError
from bench_suite.machine import load
from bench_suite.report import plot, summary, table
from bench_suite.results import Results
from bench_suite.rounds import PeerComparison, prepare, run

HOME = Path(__file__).resolve().parents[2] / ".bench"
"""Peers, jars and results; nothing of the product."""

EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class ComparisonTerms:
    """How a comparison is run. ``only``: of the peers, those with one of these texts in their names; ours always."""

    rounds: int = 3
    quick: bool = False
    only: Sequence[str] = ()
    as_json: bool = False
    home: Path = HOME


def compare(name: str, title: str, contenders: Sequence[Contender], terms: ComparisonTerms) -> int:
    """Prepare, measure, show; the exit status: 0 if ours was measured."""
    console, before = Console(stderr=True), load()
    ours, *peers = contenders
    chosen = [ours, *(peer for peer in peers if _is_chosen(peer.name, terms.only))]
    comparison = PeerComparison(title, [one.name for one in chosen], {one.name: one.terms for one in chosen})
    raw = Results(terms.home / "results", name, rounds=terms.rounds, quick=terms.quick)

    def tell(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    interrupted = False
    try:
        ready = prepare(chosen, terms.home, comparison, tell)
        raw.contenders(comparison)
        run(ready, comparison, rounds=terms.rounds, quick=terms.quick, tell=tell, keep=raw.round)
    except KeyboardInterrupt:
        interrupted = True
        tell("interrupted; this was measured until then")
    _show(comparison, terms, raw.path, before)
    measured = bool(comparison.figures(comparison.ours))
    return EXIT_INTERRUPTED if interrupted else 0 if measured else 1


def _is_chosen(name: str, only: Sequence[str]) -> bool:
    return not only or any(part.lower() in name.lower() for part in only)


def _show(comparison: PeerComparison, terms: ComparisonTerms, raw: Path, load_before: float) -> None:
    """The table, or with ``as_json`` the summary, on stdout; the rest on stderr."""
    console, stderr = Console(), Console(stderr=True, highlight=False)
    if terms.as_json:
        print(json.dumps({**summary(comparison), "raw": str(raw)}, ensure_ascii=False))
    else:
        console.print(table(comparison, load_before))
    for name, reason in comparison.unavailable.items():
        stderr.print(f"not measured: {name}: {reason}", markup=False)
    for one in comparison.rounds:
        if one.failure:
            stderr.print(f"round {one.number}, {one.contender} {one.failure}", markup=False)
    if comparison.figures(comparison.ours):
        try:
            plot(comparison, terms.home, raw.with_suffix(".png"))
            stderr.print(f"plot: {raw.with_suffix('.png')}", markup=False)
        except UnavailableError as reason:
            stderr.print(f"no plot: {reason}", markup=False)
    stderr.print(f"raw results: {raw}", markup=False)
