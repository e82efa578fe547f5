"""What practically never happens, summed over two hours: ``context``."""

from collections import Counter
from collections.abc import Iterator
from math import log2, log10

from master_orchestrator.behaviour.actor import MAX_INSTANCES, Surprise
from master_orchestrator.behaviour.acts import HOUR_MS, Act, weight
from master_orchestrator.behaviour.case import RARE, Case
from master_orchestrator.behaviour.findings import Rule, Sighting, Sightings
from master_orchestrator_schemas.vocabulary import ActorKind

SUM_OVER_MS = 2 * HOUR_MS
FIRES_ABOVE = 12
HOURS_PER_DAY = 24
GAP_HOURS = 3
"""How far both ends of a gap in the working day may be away."""
KEEPS_HOURS = frozenset({ActorKind.OPERATOR})

Circumstance = tuple[float, str]
"""Odds, and what is surprising."""


def context(case: Case) -> Sightings:
    """An act under circumstances that the pair, or the actor, has practically never had.

    Among many acts some are rare, so the odds of a circumstance are those of its share in the acts of two hours: where
    all of them are surprising, those of one act.
    """
    actor, act = case.actor, case.act
    if not (act.succeeded or act.probes):
        return ()  # what failed because a service is missing says nothing of the actor
    acts = case.state.lately.add(act.at_ms)
    while actor.surprises and actor.surprises[0].at_ms <= act.at_ms - SUM_OVER_MS:
        actor.surprises.popleft()
    surprises = [] if case.learning else _surprises(case)
    if not surprises:
        _learn(case)
        return ()
    pair = actor.key_of(act.pair)
    share = min(1.0, (1 + sum(known.pair == pair for known in actor.surprises)) / acts)
    factor = (1 if weight(act.action) == 1 else 2) * (1 + log2(case.criticality) / 2)
    part = sum(max(0.0, log10(share / odds)) for odds, _ in surprises) * factor
    total = part + sum(known.part for known in actor.surprises)
    usual = total <= FIRES_ABOVE
    actor.surprises.append(Surprise(act.at_ms, part, pair, act.count if usual else 0))
    if usual:
        _learn(case)
        return ()
    why = " and ".join(text for _, text in surprises)
    text = (
        f"{act.action} of {act.resource} {why}; with {len(actor.surprises) - 1} such acts before it within two hours "
        f"the surprise is {total:.1f}, the ceiling {FIRES_ABOVE}"
    )
    return (Sighting(Rule.CONTEXT, 20 + 2.2 * total, text),)


def _surprises(case: Case) -> list[Circumstance]:
    """What is surprising of the act. A new instance alone is a scale-out; it makes another surprise a greater one."""
    actor, act = case.actor, case.act
    surprises = [(odds, text) for odds, text in _circumstances(case) if odds < RARE]
    if surprises and act.instance and act.instance not in actor.instances:
        odds = _odds(len(actor.instances), actor.acts)
        surprises.append((odds, f"by {act.instance}, an instance never seen"))
    return surprises


def _circumstances(case: Case) -> Iterator[Circumstance]:
    """Each with its odds. Surprising acts of the same two hours do not vouch for each other."""
    actor, state, act = case.actor, case.state, case.act
    pair = actor.key_of(act.pair)
    learnt = sum(known.learnt for known in actor.surprises if known.pair == pair)
    if case.before is not None and not case.declared:  # declared work begins without other work for its entities
        times = max(0, state.precedents.times(case.before) - learnt)
        yield (
            _odds(times, state.precedents.acts),
            f"of {act.entity} without the work for it that usually comes before ({times} of {state.precedents.acts:,})",
        )
    if act.commands_known and act.command is None:
        times = max(0, state.without_command - learnt)
        yield _odds(times, state.seen), f"without a command ({times} of {state.seen:,})"
    if moved(act) and not case.declared:
        times, records = max(0, state.foreign - learnt), actor.hours.total()
        yield (
            _odds(times, records),
            f"of {act.entity}, which came by another gateway before ({times} of {records:,} records)",
        )
    if foreign(act):
        times = max(0, state.foreign - learnt)
        yield (
            _odds(times, state.seen),
            f"of {act.entity} in a command of {act.command_entity} ({times} of {state.seen:,})",
        )
    if actor.kind in KEEPS_HOURS:
        hour = _hour(act)
        near = _near(actor.hours, hour)
        times = max(0, near - sum(known.learnt > 0 for known in actor.surprises))
        yield _odds(times, actor.acts), f"at {hour:02}:00 UTC ({times} of {actor.acts:,} acts within an hour of it)"


def _near(hours: Counter[int], hour: int) -> int:
    """Acts within an hour of the hour, or, in a gap of the working day, those on the thinner side of it."""
    within, before, after = (
        sum(hours[(hour + shift) % HOURS_PER_DAY] for shift in shifts)
        for shifts in ((-1, 0, 1), range(-GAP_HOURS, 0), range(1, GAP_HOURS + 1))
    )
    return max(within, min(before, after))


def foreign(act: Act) -> bool:
    """Whether it is about another entity than its command."""
    return bool(act.entity and act.command_entity and act.entity != act.command_entity)


def moved(act: Act) -> bool:
    """Whether it is the record of a vehicle that came by another gateway before; its others are of no vehicle."""
    return act.kind is ActorKind.GATEWAY and act.session is not None and bool(act.entity)


def _odds(times: int, of: int) -> float:
    return (times + 1) / (of + 2)


def _hour(act: Act) -> int:
    return act.at_ms // HOUR_MS % HOURS_PER_DAY


def _learn(case: Case) -> None:
    actor, state, act = case.actor, case.state, case.act
    state.seen += act.count
    if case.before is not None:
        state.precedents.learn(case.before)
    state.without_command += act.count if act.commands_known and act.command is None else 0
    state.foreign += act.count if foreign(act) or moved(act) else 0
    actor.hours[_hour(act)] += 1
    if len(actor.instances) < MAX_INSTANCES:
        actor.instances.add(act.instance)
