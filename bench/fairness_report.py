"""What the measure of fairness shows and keeps: tables, JSON lines, a plot."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from compare import HOME
from contenders import UnavailableError
from fairness_waits import Overtaking, Wait
from peer_venv import peer_python
from rich.table import Table

from master_orchestrator_schemas.vocabulary import Lane

PLOT = Path(__file__).with_name("fairness_plot.py")


def waits_table(title: str, measured: Sequence[Wait]) -> Table:
    """Waits by lane; beside the longest, its bound, and which share of its bound in turns any command used at most."""
    shown = Table("lane", title=f"Overload, {title}: waits in s", title_justify="left")
    for column in ("count", "p50", "p99", "max", "ahead of it", "its bound", "turns used"):
        shown.add_column(column, justify="right", no_wrap=True)
    for lane in Lane:
        own = sorted((wait for wait in measured if wait.lane is lane), key=lambda wait: wait.waited_ms)
        times = [own[len(own) // 2].waited_ms, own[len(own) * 99 // 100].waited_ms, own[-1].waited_ms]
        most = max(wait.turns / wait.turns_bound for wait in own)
        figures = [f"{ms / 1000:.2f}" for ms in times]
        shown.add_row(
            lane, f"{len(own):,}", *figures, f"{own[-1].ahead:,}", f"{own[-1].bound_ms / 1000:.2f}", f"{most:.0%}"
        )
    return shown


def overtaking_table(backlogs: Mapping[str, Sequence[Overtaking]]) -> Table:
    """Waits of urgent commands; ``behind``: the fewest that waited when one of them came."""
    shown = Table("backlog", title="URGENT, from when a worker was free: ms", title_justify="left")
    for column in ("count", "p50", "p99", "max", "passed by, p50", "behind"):
        shown.add_column(column, justify="right", no_wrap=True)
    for title, measured in backlogs.items():
        times = sorted(each.waited_ms for each in measured)
        figures = (statistics.median(times), times[len(times) * 99 // 100], times[-1])
        passed_by = statistics.median(each.passed_by for each in measured)
        behind = min(each.behind for each in measured)
        shown.add_row(
            title, str(len(times)), *(f"{figure:.1f}" for figure in figures), f"{passed_by:.0f}", f"{behind:,}"
        )
    return shown


def keep(
    facts: Mapping[str, object],
    overloads: Mapping[str, Sequence[Wait]],
    backlogs: Mapping[str, Sequence[Overtaking]],
) -> None:
    """Raw results as JSON lines, and the plot beside them."""
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
