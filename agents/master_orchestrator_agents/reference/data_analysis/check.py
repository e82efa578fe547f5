"""A requested or regular check: no rule fired, so look at stored codes and at what wears slowly."""

from collections.abc import Iterator
from dataclasses import dataclass

from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis.plausibility import Signals
from master_orchestrator_schemas.facts import Anomaly, SignalSummary
from master_orchestrator_schemas.vocabulary import Subsystem

ENOUGH_SAMPLES = 300


@dataclass(frozen=True)
class DriftWatch:
    """A signal whose long-term mean should stay below a limit (in its unit), short of what triage acts on."""

    signal: str
    subsystem: Subsystem
    limit: float
    text: str


WATCHES: tuple[DriftWatch, ...] = (
    *(
        DriftWatch(f"brake_pad_wear_{wheel}_pct", Subsystem.BRAKES, 65.0, "brake pad will need replacing")
        for wheel in ("fl", "fr", "rl", "rr")
    ),
    DriftWatch("coolant_temp_c", Subsystem.COOLING, 104.0, "engine runs warmer than it should"),
    DriftWatch("ltft_b1_pct", Subsystem.FUEL_AIR, 9.0, "mixture has drifted"),
    DriftWatch("gearbox_temp_c", Subsystem.TRANSMISSION, 108.0, "gearbox runs warmer than it should"),
)

WATCH_SEVERITY, WATCH_CONFIDENCE = 0.25, 0.6
CODE_CONFIDENCE = 0.85


def stored_codes(dtcs: tuple[str, ...], codes: CodeTable) -> Iterator[Anomaly]:
    """An anomaly for each stored code."""
    for code in dtcs:
        fact = codes.of(code)
        yield Anomaly(
            subsystem=fact.subsystem,
            description=f"{code} is stored",
            severity=fact.severity,
            confidence=CODE_CONFIDENCE,
            evidence="trouble code",
            rule=f"dtc:{code}",
        )


def slow_drifts(signals: Signals) -> Iterator[Anomaly]:
    """An anomaly for each signal whose long-term mean has left its usual range."""
    for watch in WATCHES:
        summary = signals.get(watch.signal)
        if summary is not None and summary.samples >= ENOUGH_SAMPLES and abs(summary.mean) >= watch.limit:
            yield _drift(watch, summary)


def _drift(watch: DriftWatch, summary: SignalSummary) -> Anomaly:
    return Anomaly(
        subsystem=watch.subsystem,
        description=f"{watch.text}: {watch.signal} has a mean of {summary.mean:.1f} (limit {watch.limit:g})",
        severity=WATCH_SEVERITY,
        confidence=WATCH_CONFIDENCE,
        evidence=f"{summary.samples} readings, slope {summary.slope_per_h:+.2f} per hour",
    )
