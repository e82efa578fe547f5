"""What a vehicle that gets worse reports, when that was foretold, and for when: a panel per signal, as SVG."""

from collections import defaultdict
from pathlib import Path
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench_suite.decisions.drifts import DAY_MS, DRIFT_DAYS, DRIFTS, START_MS, DriftingVehicle
from master_orchestrator.core.triage import TriageRules
from master_orchestrator_schemas.facts import Finding

SEEN, LIMIT, FORETOLD = "#1f77b4", "#888888", "#d62728"


def draw_drifts(rules: TriageRules, seed: int, every_min: float, target: Path) -> None:
    """One vehicle per signal, a reading every ``every_min`` minutes."""
    figure = Figure(figsize=(13, 7), layout="constrained")
    for axes, signal in zip(figure.subplots(2, 3).flat, DRIFTS, strict=True):
        _vehicle(axes, DriftingVehicle(seed, every_min, signal))
        findings = DriftingVehicle(seed, every_min, signal).findings(rules, DRIFT_DAYS)
        rule = f"{DRIFTS[signal][0]}_trending"
        foretold = next((finding for finding in findings if finding.rule == rule), None)
        if foretold is not None:
            _foretold(axes, foretold)
    figure.suptitle(f"Foretold, seed {seed}, a reading per {every_min:g} min")
    figure.savefig(target, format="svg")


def _vehicle(axes: Axes, vehicle: DriftingVehicle) -> None:
    """The median of each day, the rule's limit, and the day on which it is reached."""
    signal = vehicle.drift or ""
    days = defaultdict[int, list[float]](list)
    for reading in vehicle.readings(DRIFT_DAYS):
        days[(reading.ts_ms - START_MS) // DAY_MS].append(getattr(reading, signal))
    axes.plot(list(days), [median(values) for values in days.values()], ".", color=SEEN, markersize=4)
    axes.axhline(DRIFTS[signal][2], color=LIMIT, linewidth=0.8)
    axes.axvline(vehicle.due(), color=LIMIT, linewidth=0.8, linestyle="--")
    axes.set(title=f"{signal}: median of each day", xlabel="day")


def _foretold(axes: Axes, finding: Finding) -> None:
    """The day on which it was told, and the date with its interval."""
    told, low, due, high = (
        (at_ms - START_MS) / DAY_MS if at_ms is not None else None
        for at_ms in (finding.at_ms, finding.crossing_low_ms, finding.crossing_ms, finding.crossing_high_ms)
    )
    if told is None or due is None:
        return
    axes.axvline(told, color=FORETOLD, linewidth=0.8, label=f"told on day {told:.0f}")
    axes.axvline(due, color=FORETOLD, linestyle="--", linewidth=0.8, label=f"for day {due:.0f}")
    if low is not None and high is not None:
        axes.axvspan(low, high, color=FORETOLD, alpha=0.12)
    axes.legend(fontsize=8, loc="best")
