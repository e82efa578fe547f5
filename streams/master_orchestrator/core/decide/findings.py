"""Findings as a workflow knows them: bounded, the most urgent first to stay."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from master_orchestrator.core import bounds
from master_orchestrator.core.state import KnownFinding
from master_orchestrator.core.triage import Trackers
from master_orchestrator_schemas.facts import Finding

CODE_KINDS = frozenset({"dtc", "j1939"})
"""What comes before the colon in the rule of a trouble code's finding."""


def known(findings: Iterable[Finding], *, suspected: bool = False) -> tuple[KnownFinding, ...]:
    """Triage's findings in the state's form."""
    return tuple(
        KnownFinding(
            rule=bounds.clip(finding.rule, bounds.RULE_BYTES),
            subsystem=finding.subsystem,
            priority=finding.priority,
            at_ms=finding.at_ms,
            signal=finding.signal,
            value=finding.value,
            threshold=finding.threshold,
            held_s=finding.held_s,
            suspected=suspected,
            crossing=_crossing(finding),
        )
        for finding in findings
    )


def _crossing(finding: Finding) -> tuple[int, int, int] | None:
    if finding.crossing_ms is None or finding.crossing_low_ms is None or finding.crossing_high_ms is None:
        return None
    return finding.crossing_ms, finding.crossing_low_ms, finding.crossing_high_ms


def evidence_details(findings: Iterable[KnownFinding]) -> list[dict[str, Any]]:
    """What the findings stand on, for the audit trail: rule, subsystem, priority, the vehicle's time, value, limit."""
    return [
        {
            "rule": finding.rule,
            "subsystem": finding.subsystem.value,
            "priority": finding.priority.name,
            "at_ms": finding.at_ms,
            "signal": finding.signal,
            "value": finding.value,
            "limit": finding.threshold,
            **finding.crossing_fields,
        }
        for finding in findings
    ]


def strongest(findings: Sequence[KnownFinding]) -> tuple[KnownFinding, ...]:
    """At most as many as the state has room for, the least urgent left out; their order is kept."""
    if len(findings) <= bounds.MAX_FINDINGS:
        return tuple(findings)
    kept = sorted(range(len(findings)), key=lambda index: findings[index].priority)[: bounds.MAX_FINDINGS]
    return tuple(findings[index] for index in sorted(kept))


def joined(
    noted: Sequence[KnownFinding], observed: Iterable[KnownFinding]
) -> tuple[tuple[KnownFinding, ...], list[KnownFinding]]:
    """All findings of a workflow, and those among ``observed`` that are new to it.

    New is a rule it does not know, one that has become more urgent, or one that was only suspected and has lasted; the
    newer finding takes the place of the former.
    """
    by_rule = {finding.rule: finding for finding in noted}
    new = []
    for finding in observed:
        before = by_rule.get(finding.rule)
        if before is None or _adds(finding, before):
            by_rule[finding.rule] = replace(finding, seen=False, dismissed=False)
            new.append(finding)
    all_of_them = strongest(tuple(by_rule.values()))
    return all_of_them, [finding for finding in new if by_rule[finding.rule] in all_of_them]


def _adds(finding: KnownFinding, before: KnownFinding) -> bool:
    return finding.priority < before.priority or (before.suspected and not finding.suspected)


def combined(*groups: Iterable[KnownFinding]) -> tuple[KnownFinding, ...]:
    """All of them, one per rule: the most urgent, and of equals the first."""
    by_rule: dict[str, KnownFinding] = {}
    for group in groups:
        for finding in group:
            before = by_rule.get(finding.rule)
            if before is None or finding.priority < before.priority:
                by_rule[finding.rule] = finding
    return strongest(tuple(by_rule.values()))


def still_stands(trackers: Trackers, rule: str) -> bool:
    """Whether what fired for this rule has not cleared since. Triage reports a finding once; this is how it lasts."""
    kind, separator, name = rule.partition(":")
    if separator and kind in CODE_KINDS:
        code = trackers.codes.get(name)
        return code is not None and code.level > 0
    return any(hold.fired and key.partition("/")[0] == rule for key, hold in trackers.holds.items())
