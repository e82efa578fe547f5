"""A picture per component as SVG: the chart of its lots, and claims per 1000 by months in service."""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from master_orchestrator_agents.quality.analysis import ComponentChart, QualityAnalysis
from master_orchestrator_agents.quality.in_service import curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USUAL, OUT, LIMIT = "#1f77b4", "#d62728", "#888888"
MIN_EXPECTED_SHOWN = 0.5
"""Lots of which less is expected are not drawn: their ratios say nothing."""
MAX_NAMED = 12
EPOCH_DAY = date(1970, 1, 1).toordinal()


def draw(analysis: QualityAnalysis, folder: Path) -> list[Path]:
    """Draw every component into ``folder``, which is made if it is not there; returns the files."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, chart in enumerate(analysis.charts.values(), 1):
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[2, 1])
        _lots(left, analysis, chart)
        _service(right, analysis, chart)
        figure.suptitle(chart.component.replace("$", r"\$"))
        safe = re.sub(r"[^A-Za-z0-9_.-]+", "_", chart.component).strip("._") or "component"
        files.append(folder / f"{number:02}-{safe[:60]}.svg")
        figure.savefig(files[-1], format="svg")
    return files


def _lots(axes: "Axes", analysis: QualityAnalysis, chart: ComponentChart) -> None:
    """Claims over expected claims of each lot in build order, with its limit."""
    shown = [key for key, point in chart.points.items() if point.expected >= MIN_EXPECTED_SHOWN]
    days = [_place(min(batch.built_day for batch in analysis.lots[key])) for key in shown]
    ratios = [chart.points[key].ratio for key in shown]
    limits = [chart.points[key].limit for key in shown]
    flagged = analysis.flagged
    axes.vlines(days, 0, limits, color=LIMIT, linewidth=0.4, alpha=0.5)
    axes.scatter(days, limits, marker="_", color=LIMIT, s=18, label="upper limit (Laney u', 3 sigma)")
    axes.axhline(1, color=LIMIT, linewidth=0.8)
    for colour, is_out, label in ((USUAL, False, "lot"), (OUT, True, "stands out")):
        chosen = [place for place, key in enumerate(shown) if (key in flagged) is is_out]
        axes.scatter(
            [days[at] for at in chosen], [ratios[at] for at in chosen], color=colour, s=14, label=label, zorder=3
        )
    for place in [at for at, key in enumerate(shown) if key in flagged][:MAX_NAMED]:
        name = shown[place].lot.replace("$", r"\$")
        axes.annotate(name, (days[place], ratios[place]), xytext=(4, 3), textcoords="offset points", fontsize=7)
    for step in chart.steps:
        axes.axvspan(_place(step.from_day), _place(step.to_day + 30), color=OUT, alpha=0.08)
    top = max([*ratios, 2.0])
    axes.set_ylim(0, top * 1.15)
    axes.xaxis_date()
    axes.set_xlabel("build month")
    axes.set_ylabel("claims / expected at equal months in service")
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)


def _place(day: int) -> float:
    """Where a day lies on the axis: Matplotlib counts days from 1970."""
    return float(day - EPOCH_DAY)


def _service(axes: "Axes", analysis: QualityAnalysis, chart: ComponentChart) -> None:
    flagged = [key for key in chart.points if key in analysis.flagged]
    usual = [key for key in chart.points if key not in analysis.flagged]
    for keys, colour, label in ((usual, USUAL, "other lots"), (flagged, OUT, "lots that stand out")):
        if keys:
            curve = curve_of(analysis, keys).per_thousand
            axes.step(range(1, len(curve) + 1), curve, color=colour, where="post", label=label)
    axes.set_xlabel("months in service")
    axes.set_ylabel("claims per 1000 vehicles")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
