"""Findings: what a rule saw, how bad it is, and what it was compared with."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS, Act, Pair
from master_orchestrator_schemas.messages.ueba import MAX_FINDING_SESSIONS
from master_orchestrator_schemas.vocabulary import Verdict

ALERT_SEVERITY = 40
"""From here on a finding is an alert."""
UNALERTED_CAP = 39
"""The most that something counts for where it is not an alert by itself."""

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


class BehaviourFinding(msgspec.Struct, kw_only=True):
    """One finding, which grows while its rule keeps firing.

    Args:
        time_ms: when it was raised.
        alerted_ms: when it became an alert; None while it is none.
        last_ms: the newest act that it holds.
        severity: 0 to 100, the highest it has had.
        acts: how many acts it holds.
        number: its place among the findings of its actor; -1 where none is kept.
        verdict: what an operator holds it to be.
        observed, window: as in its severest sighting.
        sessions: the heaviest that it holds: id -> workflow, instance, acts.
        told: the severity that the trail was last told of.
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
    number: int = -1
    verdict: Verdict | None = None
    observed: int = 0
    window: int = 0
    sessions: dict[str, tuple[str, str, int]] = {}
    told: float = 0.0

    @property
    def alerts(self) -> bool:
        """Whether somebody is to be told."""
        return self.severity >= ALERT_SEVERITY


class Sighting(msgspec.Struct, frozen=True):
    """What one rule says of one act.

    ``observed``: what was above its ceiling, where the rule has one; ``window``: in which window. ``reason``: the part
    of the explanation by which it differs from others of the rule; empty where they differ in numbers alone.
    """

    rule: Rule
    severity: float
    explanation: str
    observed: int = 0
    window: int = 0
    reason: str = ""


Sightings = Sequence[Sighting]
"""What a rule says of an act: most often nothing."""


class Ledger:
    """The findings of one actor: one per rule and pair while it goes on."""

    __slots__ = ("_open", "findings")

    def __init__(self) -> None:
        self.findings: list[BehaviourFinding] = []
        self._open: dict[tuple[Rule, str, str], BehaviourFinding] = {}

    def is_open(self, rule: Rule, pair: Pair) -> bool:
        """Whether there is a finding of this rule and pair that may grow."""
        return (rule, *pair) in self._open

    def record(self, act: Act, sighting: Sighting) -> tuple[BehaviourFinding, bool]:
        """The finding that ``sighting`` raises or makes grow; whether it is a new one."""
        severity = min(MAX_SEVERITY, round(float(sighting.severity), 1))
        key = (sighting.rule, *act.pair)
        known = self._open.get(key)
        if known is not None and _grows(known, act.at_ms):
            _grow(known, act, severity, sighting)
            return known, False
        finding = BehaviourFinding(
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
            acts=act.count,
            observed=sighting.observed,
            window=sighting.window,
        )
        _note_session(finding, act)
        self._open[key] = finding
        self.findings.append(finding)
        return finding, True

    def keep(self, newest: int) -> None:
        """Forget all findings but the newest."""
        for old in self.findings[:-newest]:
            key = (old.rule, old.action, old.resource)
            if self._open.get(key) is old:
                del self._open[key]
        del self.findings[:-newest]

    def restore(self, findings: list[BehaviourFinding]) -> None:
        """Take over findings that were stored."""
        self.findings = findings
        self._open = {(finding.rule, finding.action, finding.resource): finding for finding in findings}


def _grows(finding: BehaviourFinding, at_ms: int) -> bool:
    lasts = at_ms - finding.last_ms < GROWS_FOR_MS and at_ms - finding.time_ms < GROWS_AT_MOST_MS
    return lasts and finding.verdict is not Verdict.BENIGN


def _grow(finding: BehaviourFinding, act: Act, severity: float, sighting: Sighting) -> None:
    finding.acts += act.count
    finding.last_ms = max(finding.last_ms, act.at_ms)
    _note_session(finding, act)
    is_told = sighting.reason in finding.explanation
    if severity > finding.severity:
        before = "" if is_told else f"; before: {finding.explanation}"
        finding.severity, finding.explanation = severity, f"{sighting.explanation}{before}"
        finding.entity, finding.observed, finding.window = act.entity, sighting.observed, sighting.window
    elif not is_told:
        finding.explanation += f"; later: {sighting.reason}"
    if finding.alerted_ms is None and finding.alerts:
        finding.alerted_ms = act.at_ms


def _note_session(finding: BehaviourFinding, act: Act) -> None:
    if act.session is None:
        return
    workflow, instance, acts = finding.sessions.get(act.session, (act.workflow_id or "", act.instance, 0))
    finding.sessions[act.session] = (workflow, instance, acts + act.count)
    if len(finding.sessions) > MAX_FINDING_SESSIONS:
        lightest = min(finding.sessions, key=lambda session: finding.sessions[session][2])
        del finding.sessions[lightest]
