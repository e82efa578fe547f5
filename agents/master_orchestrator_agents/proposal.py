"""The lines of a charter that allow what an agent was seen to do. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from master_orchestrator_agents.charter import line_for
from master_orchestrator_schemas.messages import Activity
from master_orchestrator_schemas.vocabulary import Action, DeniedBy, Phase

ROOM = 2
"""Times what was seen at most: a limit that is met every day is of no use."""

Pair = tuple[Action, str]


@dataclass
class _Seen:
    """What was seen of one action on one resource."""

    own: bool = True
    rows: int = 0
    per_command: int = 0


def proposed_lines(records: Iterable[Activity]) -> list[str]:
    """Lines for all acts of these records, by resource; acts on unknown resources cannot be allowed by a line.

    Limits are twice what was seen. A pair that was only ever about the command's vehicle is held to it.
    """
    seen = _seen(records)
    return [line_for(action, resource, _limits(seen[action, resource])) for action, resource in sorted(seen, key=_key)]


def _seen(records: Iterable[Activity]) -> dict[Pair, _Seen]:
    seen: dict[Pair, _Seen] = {}
    times: Counter[tuple[object, Pair]] = Counter()
    for session, record in _done(records):
        for act in record.acts:
            if act.denied_by is DeniedBy.RESOURCE:
                continue
            pair = (act.action, act.resource)
            known = seen.setdefault(pair, _Seen())
            times[session, pair] += act.count
            known.own = known.own and act.entity is None and record.session is not None
            known.rows = max(known.rows, act.max_rows)
            known.per_command = max(known.per_command, times[session, pair])
    return seen


def _done(records: Iterable[Activity]) -> Iterator[tuple[object, Activity]]:
    for record in records:
        if record.phase is Phase.DONE:
            yield (record.session, record.instance, record.start_ms), record


def _limits(seen: _Seen) -> str:
    scope = ", scope: own_vehicle" if seen.own else ""
    rows = f", rows: {ROOM * seen.rows}" if seen.rows else ""
    return f"{scope}{rows}, per_command: {ROOM * seen.per_command}"


def _key(pair: Pair) -> tuple[str, str]:
    return pair[1], pair[0].value
