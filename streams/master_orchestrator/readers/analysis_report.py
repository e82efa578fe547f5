"""What an analysis of recorded acts found, as text for people and as plain values for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from master_orchestrator.behaviour import ALERT_SEVERITY, Analysis, BehaviourFinding
from master_orchestrator.behaviour.analysis import Standing
from master_orchestrator.readers.recorded_acts import ActFile
from master_orchestrator_schemas.headers import rfc3339

MAX_SHOWN = 50
"""Lines of findings shown to a person."""


def finding_value(finding: BehaviourFinding) -> dict[str, Any]:
    """A finding as JSON: times in ISO 8601, ``alerted`` null where it is below ``ALERT_SEVERITY``."""
    return {
        "time": rfc3339(finding.time_ms),
        "agent": finding.agent,
        "rule": finding.rule.value,
        "severity": finding.severity,
        "action": finding.action,
        "resource": finding.resource,
        "entity": finding.entity or None,
        "instance": finding.instance or None,
        "explanation": finding.explanation,
        "alerted": rfc3339(finding.alerted_ms) if finding.alerted_ms is not None else None,
        "last": rfc3339(finding.last_ms),
        "acts": finding.acts,
    }


def report_value(analysis: Analysis, source: ActFile) -> dict[str, Any]:
    """The whole answer as JSON."""
    return {
        "lines": source.lines,
        "skipped": source.skipped,
        "findings": [finding_value(finding) for finding in analysis.findings],
        "entities": [msgspec.to_builtins(standing) for standing in analysis.standings()],
    }


def report_text(analysis: Analysis, source: ActFile) -> str:
    """The alerts, then each actor with a risk, then the sums."""
    alerts = [finding for finding in analysis.findings if finding.alerts]
    hidden = len(alerts) - MAX_SHOWN
    risky = [standing for standing in analysis.standings() if standing.score >= 1]
    skipped = f", {source.skipped:,} left out (first: {source.first_skipped})" if source.skipped else ""
    return "\n".join(
        [
            *(_alert_line(finding) for finding in alerts[:MAX_SHOWN]),
            *([f"and {hidden:,} more alerts; --json has them all"] if hidden > 0 else []),
            *_risk_lines(risky),
            f"{source.lines:,} lines{skipped}: {len(alerts):,} alerts (severity {ALERT_SEVERITY} and above), "
            f"{len(analysis.findings) - len(alerts):,} weaker findings",
        ]
    )


def _alert_line(finding: BehaviourFinding) -> str:
    return (
        f"{rfc3339(finding.time_ms)} {finding.agent} {finding.rule} {finding.severity:.0f}: {finding.explanation} "
        f"({finding.acts:,} acts until {rfc3339(finding.last_ms)})"
    )


def _risk_lines(standings: Sequence[Standing]) -> list[str]:
    return [f"risk {standing.score:5.1f} {standing.band:8} {standing.agent}" for standing in standings]


def criticalities(resources: Mapping[str, Any]) -> tuple[dict[str, int], frozenset[str]]:
    """Criticality by resource, and the resources whose acts leave the house, of the topology's section."""
    return (
        {name: terms.criticality for name, terms in resources.items()},
        frozenset(name for name, terms in resources.items() if terms.leaves),
    )
