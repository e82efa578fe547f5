"""What a comparison comes to: a table for people, an object for programs, a plot."""

import json
import statistics
import subprocess
from pathlib import Path

from rich.table import Table

from bench_suite.contenders import UnavailableError
from bench_suite.peer_venv import peer_python
from bench_suite.rounds import PeerComparison

PLOT = Path(__file__).with_name("plot.py")
PLOT_S = 120
BROKEN = ("_wrong", "_missing")


def summary(comparison: PeerComparison) -> dict[str, object]:
    """Median, least and most of each figure, and its ratio to ours in the same rounds."""
    return {
        "ours": comparison.ours,
        "title": comparison.title,
        "contenders": {
            name: {
                "terms": comparison.terms[name],
                "figures": {figure: _spread(comparison, name, figure) for figure in comparison.figures(name)},
                "broken": _broken(comparison, name),
                "unavailable": comparison.unavailable.get(name),
                "failures": [one.failure for one in comparison.rounds if one.contender == name and one.failure],
            }
            for name in comparison.names
        },
    }


def _spread(comparison: PeerComparison, name: str, figure: str) -> dict[str, float | None]:
    values = list(comparison.values(name, figure).values())
    ratios = comparison.ratios(name, figure)
    return {
        "median": statistics.median(values),
        "least": min(values),
        "most": max(values),
        "of_ours": statistics.median(ratios) if ratios else None,
    }


def _broken(comparison: PeerComparison, name: str) -> bool:
    figures = [figure for figure in comparison.figures(name) if figure.endswith(BROKEN)]
    return any(value for figure in figures for value in comparison.values(name, figure).values())


def table(comparison: PeerComparison, load: object) -> Table:
    """A section for each contender that was measured."""
    shown = Table(title=f"{comparison.title}; load before {load}", title_justify="left", show_edge=False)
    shown.add_column("contender", overflow="fold")
    shown.add_column("figure", no_wrap=True)
    for column in ("median", "least", "most", "of ours"):
        shown.add_column(column, justify="right", no_wrap=True)
    for name in comparison.names:
        mark = "[red]broke its promise: [/red]" if _broken(comparison, name) else ""
        for number, figure in enumerate(comparison.figures(name)):
            spread = _spread(comparison, name, figure)
            cells = [_number(spread[column]) for column in ("median", "least", "most")]
            ratio = "" if spread["of_ours"] is None else f"{spread['of_ours']:.2f}x"
            shown.add_row(f"{mark}[bold]{name}[/bold]" if number == 0 else "", figure, *cells, ratio)
        shown.add_section()
    shown.caption = "\n".join(f"{name}: {comparison.terms[name]}" for name in comparison.names)
    shown.caption_justify = "left"
    return shown


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def plot(comparison: PeerComparison, home: Path, target: Path) -> None:
    """A picture of each contender's first figure. Raises :class:`UnavailableError` where none can be drawn."""
    headline = comparison.figures(comparison.ours)[0]
    bars = {name: list(comparison.values(name, headline).values()) for name in comparison.names}
    drawn = {"title": comparison.title, "figure": headline, "bars": {k: v for k, v in bars.items() if v}}
    python = peer_python(home, "matplotlib")
    done = subprocess.run(
        [python, PLOT, target], input=json.dumps(drawn), capture_output=True, text=True, check=False, timeout=PLOT_S
    )
    if done.returncode != 0:
        raise UnavailableError(done.stderr.strip().splitlines()[-1])
