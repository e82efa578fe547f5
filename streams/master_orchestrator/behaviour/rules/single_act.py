"""What one act or one command holds more of than ever before: ``rows`` and ``per_command``."""

from math import log2

from master_orchestrator.behaviour.actor import Actor, OpenTask
from master_orchestrator.behaviour.acts import MINUTE_MS
from master_orchestrator.behaviour.case import Case
from master_orchestrator.behaviour.findings import UNALERTED_CAP, Rule, Sighting, Sightings
from master_orchestrator_schemas.vocabulary import ActorKind

OPEN_KINDS = frozenset({ActorKind.OPERATOR, ActorKind.CLIENT})
"""Kinds that take up new work without a release."""
NEW_PAIR_ACTS = 20
"""Until an operator or a client has done this many acts of a pair, little is known of how many rows each may have."""
NEW_PAIR_ROWS = 100
"""Rows of one act of such a pair that are learnt, and do not alert by themselves."""

TASK_OVER_MS = 10 * MINUTE_MS
"""A command, or the work for an entity, is over this long after its last act."""


def rows(case: Case) -> Sightings:
    """One act that touches more than four times the rows that any act of the pair has touched.

    Those of a gateway are the vehicles of a minute, which is a rate: a fleet that reports by the hour comes back at
    once after an outage, with sixty times the vehicles.

    What an operator or a client does for the first times has no usual size yet. Else its first size, above the ceiling
    and so never learnt, would be told as new each time.
    """
    act, state = case.act, case.state
    limit = case.most_rows
    most = act.rows if act.max_rows is None else act.max_rows
    if case.learning or most <= limit:
        state.greatest_rows = max(state.greatest_rows, most)
        return ()
    ratio = most / limit
    text = (
        f"one {act.action} of {act.resource} touched {most:,} rows, {ratio:.1f} times the ceiling of {limit:,} "
        f"(the most ever was {state.greatest_rows:,})"
    )
    severity = 30 + 12 * log2(ratio)
    if act.kind is ActorKind.GATEWAY:
        severity = min(severity, case.most_of_a_rate)
    if act.succeeded and most <= NEW_PAIR_ROWS and _is_new_pair(case):
        state.greatest_rows = most
        severity = min(severity, UNALERTED_CAP)
    return (Sighting(Rule.ROWS, severity, text, observed=most),)


def _is_new_pair(case: Case) -> bool:
    return case.act.kind in OPEN_KINDS and case.state.seen < NEW_PAIR_ACTS


def per_command(case: Case) -> Sightings:
    """A pair that one command repeats more often than twice what any command did, plus two."""
    act, state = case.act, case.state
    _end_tasks(case.actor, act.at_ms)
    name = case.task
    if name is None or not act.succeeded:
        return ()
    task = _opened(case.actor, name, act.at_ms)
    pair = case.actor.key_of(act.pair)
    count = task.counts[pair] = task.counts.get(pair, 0) + act.count
    limit = 2 * state.greatest_in_task + 2
    if case.learning or not state.tasks or count <= limit:
        return ()
    task.flagged.add(pair)
    text = (
        f"{act.action} of {act.resource} {count} times for {name}, the ceiling is {limit} "
        f"(the most in any of {state.tasks:,} was {state.greatest_in_task})"
    )
    return (Sighting(Rule.PER_COMMAND, 35 + 6 * case.stake, text, observed=count),)


def _opened(actor: Actor, name: str, at_ms: int) -> OpenTask:
    """The task of that name, moved to the end as the newest."""
    task = actor.open_tasks.pop(name, None) or OpenTask()
    task.last_ms = at_ms
    actor.open_tasks[name] = task
    return task


def _end_tasks(actor: Actor, at_ms: int) -> None:
    """Learn from commands that are over, and from the oldest where too many are open."""
    tasks = actor.open_tasks
    while tasks:
        name = next(iter(tasks))
        oldest = tasks[name]
        if len(tasks) <= actor.max_open_tasks and at_ms - oldest.last_ms < TASK_OVER_MS:
            return
        del tasks[name]
        for pair, count in oldest.counts.items():
            if pair not in oldest.flagged:
                state = actor.state_of(pair)
                state.greatest_in_task = max(state.greatest_in_task, count)
                state.tasks += 1
