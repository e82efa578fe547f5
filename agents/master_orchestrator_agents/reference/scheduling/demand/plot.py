"""The picture of a forecast: hours of each week against capacity, and the parts of all weeks."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from master_orchestrator_agents.reference.scheduling.demand.records import SHARE, DemandWeek, monday

KINDS = (
    ("booked_h", "booked", "#2f6fae"),
    ("open_h", "open workflows", "#e08a1e"),
    ("new_h", "not known yet", "#b9cfe4"),
)
MAX_PARTS = 12
FORMATS = (".svg", ".png")


def draw(weeks: Sequence[DemandWeek], capacity_h: Sequence[float], file: Path) -> None:
    """Draw one workshop's weeks into ``file``, SVG or PNG by its name."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[2, 1])
    places, bottom = range(len(weeks)), [0.0] * len(weeks)
    for name, label, colour in KINDS:
        heights = [getattr(each, name) for each in weeks]
        left.bar(places, heights, bottom=bottom, color=colour, label=label, width=0.7)
        bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
    known = [(place, each.hours) for place, each in enumerate(weeks) if each.hours.high is not None]
    if known:
        low = [hours.expected - hours.low for _, hours in known]
        high = [(hours.high or 0.0) - hours.expected for _, hours in known]
        at = [place for place, _ in known]
        expected = [hours.expected for _, hours in known]
        interval = f"{SHARE:.0%} of weeks within"
        left.errorbar(at, expected, [low, high], fmt="none", ecolor="#333333", capsize=4, label=interval)
    left.stairs(capacity_h, [place - 0.5 for place in range(len(weeks) + 1)], color="#c0392b", label="capacity")
    left.set_xticks(places, [f"{monday(each.week):%d %b}" for each in weeks])
    left.set_xlabel("week of")
    left.set_ylabel("technician hours")
    left.set_ylim(bottom=0)
    left.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=5, frameon=False)
    parts = Counter[str]()
    for each in weeks:
        parts.update({part: estimate.expected for part, estimate in each.parts.items()})
    shown = parts.most_common(MAX_PARTS)[::-1]
    right.barh([part.replace("$", r"\$") for part, _ in shown], [count for _, count in shown], color="#7aa6a1")
    right.set_xlabel(f"parts in {len(weeks)} weeks")
    figure.suptitle(weeks[0].workshop_id.replace("$", r"\$"))
    figure.savefig(file, format=file.suffix[1:].lower())
