"""Too much in too short a time: ``rate``, ``volume``, ``probing`` and ``same_entity``."""

import math
from math import log2

from master_orchestrator.behaviour.acts import CHARTERED, DAY_MS
from master_orchestrator.behaviour.baselines import Meter
from master_orchestrator.behaviour.case import RARE, Case
from master_orchestrator.behaviour.findings import ALERT_SEVERITY, UNALERTED_CAP, Rule, Sighting, Sightings
from master_orchestrator.behaviour.panes import WINDOW_NAMES
from master_orchestrator.behaviour.rules.context import foreign
from master_orchestrator_schemas.vocabulary import ActorKind

NEW_VERSION_MS = DAY_MS
DECLARED_FACTOR = 2
"""How much higher the ceilings are while work is declared."""

WHAT = {
    Rule.RATE: "acts that no command explains",
    Rule.VOLUME: "rows that no command explains",
    Rule.PROBING: "failed tries",
}

STAKE_EXPONENT = 0.9

SAME_ENTITY_FLOOR = 8
MAX_SENT = 8_192
"""Acts that leave the house, remembered for a day."""


def windows(case: Case) -> Sightings:
    """Successes that no command explains, their rows, and probes, over ten minutes, an hour and a day."""
    act, state = case.act, case.state
    sightings = _measure(case, state.probing, Rule.PROBING, act.count) if act.probes else ()
    if not act.succeeded:
        return sightings
    if case.may_go_with_work:
        state.came.add_at(act.at_ms, act.count)
        state.came_rows.add_at(act.at_ms, act.rows)
    if _explained(case):
        return sightings
    sightings += _measure(case, state.rate, Rule.RATE, act.count)
    if act.rows:
        sightings += _measure(case, state.volume, Rule.VOLUME, act.rows, least=case.most_rows)
    return sightings


def same_entity(case: Case) -> Sightings:
    """One entity that gets more of what leaves the house within a day than any did before."""
    actor, act = case.actor, case.act
    if not (case.leaves and act.succeeded and act.entity):
        return ()
    actor.sent.append((act.at_ms, act.entity))
    actor.sent_to[act.entity] += 1
    while actor.sent[0][0] <= act.at_ms - DAY_MS or len(actor.sent) > MAX_SENT:
        _, entity = actor.sent.popleft()
        actor.sent_to[entity] -= 1
        if not actor.sent_to[entity]:
            del actor.sent_to[entity]
    count = actor.sent_to[act.entity]
    limit = max(SAME_ENTITY_FLOOR, 1.5 * actor.greatest_sent + 2)
    if case.learning:
        actor.greatest_sent = max(actor.greatest_sent, count)
    if case.learning or count <= limit:
        return ()
    text = (
        f"{act.entity} was the target of {count} acts that leave the house within a day, the ceiling is {limit:g} "
        f"(the most for anybody was {actor.greatest_sent})"
    )
    return (Sighting(Rule.SAME_ENTITY, _severity(count / limit, case.stake), text),)


def _explained(case: Case) -> bool:
    """Whether a command explains the act, or the work that it follows: then its rate says nothing.

    Nor does that of a gateway, which sends all at once after an outage; of how many vehicles it sends, ``rows`` judges.
    """
    act, state = case.act, case.state
    if act.kind is ActorKind.GATEWAY:
        return True
    if act.command is None:
        return case.follows_work
    return not (foreign(act) and (state.foreign + 1) / (state.seen + 2) < RARE)


def _measure(case: Case, meter: Meter, rule: Rule, amount: int, *, least: int = 0) -> tuple[Sighting, ...]:
    actor, act = case.actor, case.act
    factor = DECLARED_FACTOR if case.declared else 1
    meter.add(act.at_ms, amount, stake=case.stake, kind=actor.kind, factor=factor, learning=case.learning, least=least)
    if case.learning or (rule is not Rule.PROBING and case.allowed_this_often):
        return ()
    excesses = meter.excesses()
    greatest = max(excesses)
    if greatest <= 1:
        return ()
    window = excesses.index(greatest)
    total, limit, usual = meter.usual(window)
    if rule is not Rule.PROBING:
        if case.goes_with_work(window):
            meter.panes.alert(window)
            return ()
        if act.kind in CHARTERED and not act.entity and meter.is_late_job():
            return ()
    severity = _severity(greatest, case.stake)
    if severity >= ALERT_SEVERITY:
        meter.panes.alert(window)
    text = (
        f"{total:,} {WHAT[rule]}, {act.action} of {act.resource}, within {WINDOW_NAMES[window]}: "
        f"{greatest:.1f} times the ceiling of {limit:,.0f} (the most ever learnt was {usual:,})"
    )
    return (Sighting(rule, _capped(severity, case, rule), text, observed=total, window=window),)


def _severity(ratio: float, stake: int) -> float:
    return 12 + 9 * log2(ratio) + 4 * log2(1 + ratio) * math.pow(stake, STAKE_EXPONENT)


def _capped(severity: float, case: Case, rule: Rule) -> float:
    """No alert by itself for a day after a release, nor where the house's own work is fast and uncritical."""
    actor, at_ms = case.actor, case.act.at_ms
    if rule is Rule.RATE and actor.kind is not ActorKind.CLIENT:
        severity = min(severity, case.most_of_a_rate)
    released = actor.new_version_ms is not None and at_ms - actor.new_version_ms < NEW_VERSION_MS
    return min(severity, UNALERTED_CAP) if released else severity
