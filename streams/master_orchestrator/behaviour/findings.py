"""Findings: what a rule saw, how bad it is, and what it was compared with."""

from enum import StrEnum

import msgspec

from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS, Act

ALERT_SEVERITY = 40
"""From here on a finding is an alert."""

GROWS_FOR_MS = HOUR_MS
"""What the same rule sees of the same pair within this time of the finding's newest act makes the finding grow."""

GROWS_AT_MOST_MS = DAY_MS
"""After a day it is a new finding, so that one that lasts is told again."""

MAX_SEVERITY = 100.0


class Rule(StrEnum):
    """The rules of behaviour."""

    UNKNOWN_ACTOR = "unknown_actor"
    OUTSIDE_CHARTER = "outside_charter"
    ROWS = "rows"
    PER_COMMAND = "per_command"
    CONTEXT = "context"
    RATE = "rate"
    VOLUME = "volume"
    PROBING = "probing"
    SAME_ENTITY = "same_entity"
    SILENCE = "silence"
    RISK = "risk"


class Finding(msgspec.Struct, kw_only=True):
    """One finding, which grows while its rule keeps firing.

    Args:
        time_ms: when it was raised.
        alerted_ms: when it became an alert; None while it is none.
        last_ms: the newest act that it holds.
        severity: 0 to 100, the highest it has had.
        acts: how many acts it holds.
    """

    time_ms: int
    agent: str
    rule: Rule
    severity: float
    action: str
    resource: str
    entity: str
    instance: str
    explanation: str
    last_ms: int
    alerted_ms: int | None = None
    acts: int = 1

    @property
    def alerts(self) -> bool:
        """Whether somebody is to be told."""
        return self.severity >= ALERT_SEVERITY


class Sighting(msgspec.Struct, frozen=True):
    """What one rule says of one act."""

    rule: Rule
    severity: float
    explanation: str


class Ledger:
    """The findings of one actor: one per rule and pair while it goes on."""

    __slots__ = ("_open", "findings")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._open: dict[tuple[Rule, str, str], Finding] = {}

    def record(self, act: Act, sighting: Sighting) -> Finding | None:
        """The finding that ``sighting`` raises; None where it makes one grow that is there."""
        severity = min(MAX_SEVERITY, round(sighting.severity, 1))
        key = (sighting.rule, *act.pair)
        known = self._open.get(key)
        if known is not None and _grows(known, act.at_ms):
            _grow(known, act, severity, sighting.explanation)
            return None
        finding = Finding(
            time_ms=act.at_ms,
            agent=act.actor,
            rule=sighting.rule,
            severity=severity,
            action=act.action,
            resource=act.resource,
            entity=act.entity,
            instance=act.instance,
            explanation=sighting.explanation,
            last_ms=act.at_ms,
            alerted_ms=act.at_ms if severity >= ALERT_SEVERITY else None,
        )
        self._open[key] = finding
        self.findings.append(finding)
        return finding


def _grows(finding: Finding, at_ms: int) -> bool:
    return at_ms - finding.last_ms < GROWS_FOR_MS and at_ms - finding.time_ms < GROWS_AT_MOST_MS


def _grow(finding: Finding, act: Act, severity: float, explanation: str) -> None:
    finding.acts += 1
    finding.last_ms = act.at_ms
    if severity > finding.severity:
        finding.severity, finding.explanation, finding.entity = severity, explanation, act.entity
    if finding.alerted_ms is None and finding.alerts:
        finding.alerted_ms = act.at_ms
