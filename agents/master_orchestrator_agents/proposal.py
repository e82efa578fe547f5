"""The lines of a charter that allow what an agent was seen to do. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from master_orchestrator_agents.charter import line_for
from master_orchestrator_schemas.messages import Activity, SessionAct
from master_orchestrator_schemas.vocabulary import Action, ActOutcome, DeniedBy, Phase

ROOM = 2
"""Times what was seen at most: a limit that is met every day is of no use."""

Pair = tuple[Action, str]


@dataclass
class _Seen:
    """What was seen of one action on one resource."""

    own: bool = True
    rows: int = 0
    per_command: int = 0

    def add(self, record: Activity, act: SessionAct, times: int) -> None:
        """Count an act; ``times``: how often its command has done it."""
        self.own = self.own and act.entity is None and record.session is not None
        self.rows = max(self.rows, act.max_rows)
        self.per_command = max(self.per_command, times)


@dataclass
class _Denied:
    """What one check denied of one action on one resource."""

    times: int = 0
    rows: int = 0

    def add(self, act: SessionAct) -> None:
        """Count an act."""
        self.times += act.count
        self.rows = max(self.rows, act.max_rows)


class ProposedCharter(NamedTuple):
    """``lines`` allow what was done; ``denied``: what was tried and denied, for which no line is proposed."""

    lines: list[str]
    denied: list[str]


def proposed(records: Iterable[Activity]) -> ProposedCharter:
    """Lines for all acts of these records that were done, by resource; no line allows acts on unknown resources.

    Limits are twice what was seen. A pair that was only ever about the command's vehicle is held to it. What was
    denied does not say what is needed: else who tries to take everything would be proposed everything.
    """
    seen: dict[Pair, _Seen] = {}
    denied: dict[tuple[Pair, DeniedBy], _Denied] = {}
    times: Counter[tuple[object, Pair]] = Counter()
    for session, record in _done(records):
        for act in record.acts:
            pair = (act.action, act.resource)
            if (check := _refused_by(record, act)) is not None:
                denied.setdefault((pair, check), _Denied()).add(act)
            elif act.denied_by is not DeniedBy.RESOURCE:
                times[session, pair] += act.count
                seen.setdefault(pair, _Seen()).add(record, act, times[session, pair])
    return ProposedCharter(
        [line_for(*pair, _limits(seen[pair])) for pair in sorted(seen, key=_key)],
        [_sentence(*key, denied[key]) for key in sorted(denied, key=lambda key: (_key(key[0]), key[1]))],
    )


def _refused_by(record: Activity, act: SessionAct) -> DeniedBy | None:
    """The check that stopped the act, or, where its rows were known too late, that ended its session."""
    stopped = ActOutcome.DENIED in (act.outcome, record.outcome)
    return act.denied_by if stopped else None


def _done(records: Iterable[Activity]) -> Iterator[tuple[object, Activity]]:
    for record in records:
        if record.phase is Phase.DONE:
            yield (record.session, record.instance, record.start_ms), record


def _limits(seen: _Seen) -> str:
    scope = ", scope: own_vehicle" if seen.own else ""
    rows = f", rows: {ROOM * seen.rows}" if seen.rows else ""
    return f"{scope}{rows}, per_command: {ROOM * seen.per_command}"


def _sentence(pair: Pair, check: DeniedBy, denied: _Denied) -> str:
    action, resource = pair
    rows = f", of up to {denied.rows:,} rows" if denied.rows else ""
    return f"{action.lower()} of {resource}{rows}: {denied.times:,} denied by the check of {check.lower()}"


def _key(pair: Pair) -> tuple[str, str]:
    return pair[1], pair[0].value
