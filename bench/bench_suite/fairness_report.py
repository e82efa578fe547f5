"""What the measure of fairness shows and keeps: tables, JSON lines, a plot."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from bench_suite.compare import HOME
from bench_suite.contenders import UnavailableError
from bench_suite.fairness_waits import CommandWait, Overtaking
from bench_suite.peer_venv import peer_python
from master_orchestrator_schemas.vocabulary import Lane

PLOT = Path(__file__).with_name("fairness_plot.py")


def waits_table(title: str, measured: Sequence[CommandWait]) -> Table:
    """Waits by lane."""
    table = _table(
        f"Overload: {title}",
        "seconds; ahead, bound: of the longest wait; turns: the most of its own bound that a command used; fetch: p99",
        ("lane", "count", "p50", "p99", "max", "ahead", "bound", "turns", "fetch"),
    )
    for lane in Lane:
        own = sorted((wait for wait in measured if wait.lane is lane), key=lambda wait: wait.waited_ms)
        longest, place = own[-1], len(own) * 99 // 100
        fetched = sorted(wait.fetched_ms for wait in own)[place]
        p50, p99, most, bound, fetch = (
            f"{ms / 1000:.2f}"
            for ms in (own[len(own) // 2].waited_ms, own[place].waited_ms, longest.waited_ms, longest.bound_ms, fetched)
        )
        turns = max(wait.turns / wait.turns_bound for wait in own)
        table.add_row(lane, f"{len(own):,}", p50, p99, most, f"{longest.ahead:,}", bound, f"{turns:.0%}", fetch)
    return table


def overtaking_table(backlogs: Mapping[str, Sequence[Overtaking]]) -> Table:
    """Waits of urgent commands."""
    table = _table(
        "URGENT against a ROUTINE backlog",
        "milliseconds from when a worker was free; fetch, passed (by others): p50; behind: the fewest that waited",
        ("backlog", "sent", "p50", "p99", "max", "fetch", "passed", "behind"),
    )
    for title, measured in backlogs.items():
        times = sorted(each.waited_ms for each in measured)
        fetched_ms = statistics.median(each.fetched_ms for each in measured)
        passed_by = statistics.median(each.passed_by for each in measured)
        behind = min(each.behind for each in measured)
        figures = (statistics.median(times), times[len(times) * 99 // 100], times[-1], fetched_ms)
        ms = [f"{figure:.1f}" for figure in figures]
        table.add_row(title, str(len(times)), *ms, f"{passed_by:.0f}", f"{behind:,}")
    return table


def _table(title: str, caption: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def keep(
    facts: Mapping[str, object],
    overloads: Mapping[str, Sequence[CommandWait]],
    backlogs: Mapping[str, Sequence[Overtaking]],
) -> None:
    """Raw results as JSON lines, and the plot next to them."""
    started = datetime.now(UTC)
    raw = HOME / "results" / f"fairness-{started:%Y%m%dT%H%M%SZ}.jsonl"
    raw.parent.mkdir(parents=True, exist_ok=True)
    lines: list[object] = [{"fairness": started.isoformat(), **facts}]
    lines += [{"run": title, **asdict(each)} for title, measured in overloads.items() for each in measured]
    lines += [{"run": title, **asdict(each)} for title, measured in backlogs.items() for each in measured]
    raw.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    print(f"raw results: {raw}", file=sys.stderr)
    try:
        python = peer_python(HOME, "matplotlib")
    except UnavailableError as reason:
        print(f"no plot: {reason}", file=sys.stderr)
        return
    drawn = json.dumps(
        {
            "overloads": {title: _by_lane(measured) for title, measured in overloads.items()},
            "overtakings": {title: [each.waited_ms for each in measured] for title, measured in backlogs.items()},
        }
    )
    subprocess.run([python, PLOT, raw.with_suffix(".png")], input=drawn, text=True, check=True)
    print(f"plot: {raw.with_suffix('.png')}", file=sys.stderr)


def _by_lane(measured: Sequence[CommandWait]) -> dict[str, dict[str, list[float]]]:
    begin_ms = min(wait.from_ms for wait in measured)
    return {
        lane: {
            "at_s": [(wait.from_ms - begin_ms) / 1000 for wait in measured if wait.lane is lane],
            "waited_s": [wait.waited_ms / 1000 for wait in measured if wait.lane is lane],
            "bound_s": [wait.bound_ms / 1000 for wait in measured if wait.lane is lane],
        }
        for lane in Lane
    }
