"""What an actor may do at all: ``unknown_actor`` and ``outside_charter``."""

from collections.abc import Iterator

from master_orchestrator.behaviour.actor import Actor
from master_orchestrator.behaviour.acts import CHARTERED, Act
from master_orchestrator.behaviour.case import Case
from master_orchestrator.behaviour.findings import Rule, Sighting, Sightings
from master_orchestrator_schemas.vocabulary import DeniedBy

UNKNOWN_SEVERITY = 90
BREACH_BASE, BREACH_PER_STAKE = 45, 5
DENIED_AT_LEAST = 60


def unknown_actor(act: Act) -> Sighting:
    """An actor that has no charter."""
    return Sighting(
        Rule.UNKNOWN_ACTOR,
        UNKNOWN_SEVERITY,
        f"{act.actor} has no charter and was never seen before: it did {act.action} of {act.resource}",
    )


def breach(act: Act, stake: float, *, denied_by: DeniedBy | None) -> Sighting:
    """An act that the charter in force does not allow, by a check of the guard, or because it has no line."""
    severity = BREACH_BASE + BREACH_PER_STAKE * stake
    why = f"it fails the check of {denied_by.value}" if denied_by else "no line of its charter allows it"
    return Sighting(
        Rule.OUTSIDE_CHARTER,
        max(severity, DENIED_AT_LEAST) if act.denied else severity,
        f"{act.action} of {act.resource} by {act.actor}: {why}; it {_end(act)}",
        reason=why,
    )


def per_hour(case: Case) -> Sightings:
    """More acts within an hour than the charter allows; no process knows of the others', so it is found afterwards."""
    act, most, count = case.act, case.per_hour, case.within_an_hour
    if most is None or not act.succeeded or count <= most:
        return ()
    why = f"its charter allows {most:,}"
    text = f"{act.action} of {act.resource} by {act.actor} {count:,} times within an hour: {why}"
    severity = BREACH_BASE + BREACH_PER_STAKE * case.stake
    return (Sighting(Rule.OUTSIDE_CHARTER, severity, text, observed=count, reason=why),)


def _end(act: Act) -> str:
    return "was denied" if act.denied else "was done" if act.succeeded else "was tried and failed"


def outside_charter(actor: Actor, act: Act, stake: float, *, learning: bool) -> Iterator[Sighting]:
    """An act that no line of the charter allows. Operators, clients and the like may do anything not denied to them."""
    if act.pair in actor.charter:
        return
    if learning:
        if not act.denied:
            actor.charter.add(act.pair)
        return
    if actor.kind not in CHARTERED:
        if not act.denied:
            actor.charter.add(act.pair)
        return
    severity = BREACH_BASE + BREACH_PER_STAKE * stake
    yield Sighting(
        Rule.OUTSIDE_CHARTER,
        max(severity, DENIED_AT_LEAST) if act.denied else severity,
        f"{act.action} of {act.resource} is not in the charter of {act.actor}, which has {len(actor.charter)} lines; "
        f"it {_end(act)}",
    )
