"""What practically never happens, summed over two hours: ``context``."""

from collections.abc import Iterator
from math import log2, log10

from master_orchestrator.behaviour.actor import MAX_INSTANCES
from master_orchestrator.behaviour.acts import HOUR_MS, Act, weight
from master_orchestrator.behaviour.case import RARE, Case
from master_orchestrator.behaviour.findings import Rule, Sighting, Sightings
from master_orchestrator_schemas.vocabulary import ActorKind

SUM_OVER_MS = 2 * HOUR_MS
FIRES_ABOVE = 12
HOURS_PER_DAY = 24
KEEPS_HOURS = frozenset({ActorKind.OPERATOR})

Surprise = tuple[float, str]
"""Odds, and what is surprising."""


def context(case: Case) -> Sightings:
    """An act under circumstances that the pair, or the actor, has practically never had."""
    actor, act = case.actor, case.act
    if not (act.succeeded or act.probes):
        return ()  # what failed because a service is missing says nothing of the actor
    surprises = [] if case.learning else _surprises(case)
    if not surprises:
        _learn(case)
        return ()
    factor = (1 if weight(act.action) == 1 else 2) * (1 + log2(case.criticality) / 2)
    actor.surprises.append((act.at_ms, sum(-log10(odds) for odds, _ in surprises) * factor))
    while actor.surprises[0][0] <= act.at_ms - SUM_OVER_MS:
        actor.surprises.popleft()
    total = sum(part for _, part in actor.surprises)
    if total <= FIRES_ABOVE:
        _learn(case)
        return ()
    why = " and ".join(text for _, text in surprises)
    text = (
        f"{act.action} of {act.resource} {why}; with {len(actor.surprises) - 1} such acts before it within two hours "
        f"the surprise is {total:.1f}, the ceiling {FIRES_ABOVE}"
    )
    return (Sighting(Rule.CONTEXT, 20 + 2.2 * total, text),)


def _surprises(case: Case) -> list[Surprise]:
    """What is surprising of the act. A new instance alone is a scale-out; it makes another surprise a greater one."""
    actor, act = case.actor, case.act
    surprises = [(odds, text) for odds, text in _circumstances(case) if odds < RARE]
    if surprises and act.instance and act.instance not in actor.instances:
        odds = _odds(len(actor.instances), actor.acts)
        surprises.append((odds, f"by {act.instance}, an instance never seen"))
    return surprises


def _circumstances(case: Case) -> Iterator[Surprise]:
    actor, state, act = case.actor, case.state, case.act
    if case.lag is not None and not case.declared:  # declared work begins without other work for its entities
        times = sum(state.lags[case.lag :])
        yield (
            state.lag_odds(case.lag),
            f"of {act.entity} with no other work for it shortly before ({times} of {sum(state.lags):,})",
        )
    if act.commands_known and act.command is None:
        yield _odds(state.without_command, state.seen), f"without a command ({state.without_command} of {state.seen:,})"
    if foreign(act):
        yield (
            _odds(state.foreign, state.seen),
            f"of {act.entity} in a command of {act.command_entity} ({state.foreign} of {state.seen:,})",
        )
    if actor.kind in KEEPS_HOURS:
        hour = _hour(act)
        near = sum(actor.hours[(hour + shift) % HOURS_PER_DAY] for shift in (-1, 0, 1))
        yield _odds(near, actor.acts), f"at {hour:02}:00 UTC ({near} of {actor.acts:,} acts within an hour of it)"


def foreign(act: Act) -> bool:
    """Whether it is about another entity than its command."""
    return bool(act.entity and act.command_entity and act.entity != act.command_entity)


def _odds(times: int, of: int) -> float:
    return (times + 1) / (of + 2)


def _hour(act: Act) -> int:
    return act.at_ms // HOUR_MS % HOURS_PER_DAY


def _learn(case: Case) -> None:
    actor, state, act = case.actor, case.state, case.act
    state.seen += act.count
    if case.lag is not None:
        state.lags[case.lag] += 1
    state.without_command += act.count if act.commands_known and act.command is None else 0
    state.foreign += act.count if foreign(act) else 0
    actor.hours[_hour(act)] += 1
    if len(actor.instances) < MAX_INSTANCES:
        actor.instances.add(act.instance)
