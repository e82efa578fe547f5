"""What a rule has seen becomes a finding, a record in the trail, an alert."""

import msgspec

from master_orchestrator.behaviour.actor import OTHER, enter_band
from master_orchestrator.behaviour.acts import Act
from master_orchestrator.behaviour.findings import ALERT_SEVERITY, GROWS_FOR_MS, BehaviourFinding, Rule, Sighting
from master_orchestrator.behaviour.trail import Turn, finding_details, finding_id

MAX_IN_AN_HOUR = 16
"""Findings that are told apart; what comes on top of them in an hour is one per rule, of `other`."""

TOLD_AGAIN = 10
"""A finding that has grown is told again when its severity has risen by this much, or when it becomes an alert."""


def record(turn: Turn, act: Act, sighting: Sighting) -> None:
    """Raise or grow a finding; the risk that follows from it may be one more."""
    _record(turn, act, sighting)
    before = turn.state.actor.band
    risen = enter_band(turn.state.actor, act, sighting.rule)
    if turn.state.actor.band is not before:
        turn.note("band_changed", {"from": before.value, "to": turn.state.actor.band.value})
    if risen is not None:
        _record(turn, act, risen)


def _record(turn: Turn, act: Act, sighting: Sighting) -> None:
    state = turn.state
    act = _as_told(turn, act, sighting)
    finding, new = state.actor.ledger.record(act, sighting)
    state.changed.add("findings")
    turn.outcome.findings.append(finding)
    if new:
        finding.number = state.raised
        state.raised += 1
    elif turn.acted and not _worth_telling(finding):
        return  # what a tick changes is told always: a replay applies ticks where the trail names them
    alerts = finding.alerts
    finding.told = finding.severity
    name = finding_id(state, finding)
    turn.note("finding_raised" if new else "finding_grown", finding_details(finding), finding_id=name)
    if alerts:
        turn.alert(
            f"{name}/{state.seq}",
            f"{finding.explanation} (finding {name}, rule {finding.rule}, severity {finding.severity:.0f}; "
            f"`ueba explain {state.name}` tells more)",
            {"finding_id": name, "rule": finding.rule.value, "severity": finding.severity},
        )


def _as_told(turn: Turn, act: Act, sighting: Sighting) -> Act:
    """The act, or, where too much is found in an hour to be told apart, one that stands for all others."""
    ledger = turn.state.actor.ledger
    if ledger.is_open(sighting.rule, act.pair):
        return act
    recent = sum(turn.at_ms - finding.time_ms < GROWS_FOR_MS for finding in ledger.findings)
    if recent < MAX_IN_AN_HOUR:
        return act
    action, resource = OTHER
    return msgspec.structs.replace(act, action=action, resource=resource)


def _worth_telling(finding: BehaviourFinding) -> bool:
    if finding.rule is Rule.RISK:
        return False
    risen = finding.severity - finding.told
    return risen >= TOLD_AGAIN or (risen > 0 and finding.alerts and finding.told < ALERT_SEVERITY)
