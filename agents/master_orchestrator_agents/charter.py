"""What an actor may do, as the guard checks it before each act. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import NamedTuple, Self

from master_orchestrator_schemas.topology import CharterLine, ResourceTerms, Topology
from master_orchestrator_schemas.vocabulary import Action, ActorKind, AgentType, DeniedBy

AHEAD_FROM_CRITICALITY = 8
"""Acts on such resources are on record before they begin, as are those that leave the house."""

MAX_NAMED = 3


class Attempt(NamedTuple):
    """An act that is about to begin, or has just ended.

    Args:
        entity: whom it concerns; ``own``: the vehicle of the current command.
        rows: how many rows it touches; None: not known yet.
        number: of the attempts on this action and resource in this command, from 1.
    """

    entity: str | None = None
    own: str | None = None
    rows: int | None = None
    number: int = 1


class Permit:
    """What a charter says of one action on one resource, ready to be checked: handlers do this many times a second.

    Args:
        line: None: no line allows it.
        known: whether the resource is in the topology.
        ahead: whether an act is put on record before it begins.
    """

    __slots__ = ("_known", "_own", "_per_command", "_rows", "action", "ahead", "line", "resource")

    def __init__(self, action: Action, resource: str, line: CharterLine | None, *, known: bool, ahead: bool) -> None:
        self.action, self.resource, self.line, self.ahead = action, resource, line, ahead
        self._known = known
        self._own = line is not None and line.scope == "own_vehicle"
        self._rows = None if line is None else line.rows
        self._per_command = None if line is None else line.per_command

    def denied_by(self, attempt: Attempt) -> DeniedBy | None:
        """The first check that the act does not pass; None: it may begin."""
        if self.line is None:
            return DeniedBy.LINE if self._known else DeniedBy.RESOURCE
        if self._own and attempt.entity != attempt.own:
            return DeniedBy.SCOPE
        if self._rows is not None and attempt.rows is not None and attempt.rows > self._rows:
            return DeniedBy.ROWS
        if self._per_command is not None and attempt.number > self._per_command:
            return DeniedBy.PER_COMMAND
        return None


@dataclass(frozen=True)
class Charter:
    """One actor's charter, with the resources that it is about.

    Args:
        actor: as on the wire, ``agent:DIAGNOSIS``.
        lines: what is allowed; by action and resource, since no two lines have the same.
        resources: all that there are.
        enforced: False: breaches are recorded and let through.
    """

    actor: str
    lines: tuple[CharterLine, ...]
    resources: Mapping[str, ResourceTerms]
    enforced: bool = True

    @classmethod
    def of(cls, topology: Topology, actor: str, *, enforced: bool | None = None) -> Self:
        """The actor's charter; without one it allows nothing. ``enforced``: in place of the topology's."""
        kind, _, name = actor.partition(":")
        observed = kind == ActorKind.AGENT and name in topology.ueba.observed
        return cls(
            actor=actor,
            lines=topology.charter_of(actor) or (),
            resources=topology.resources,
            enforced=topology.ueba.enforce == "deny" and not observed if enforced is None else enforced,
        )

    @classmethod
    def of_agent(cls, topology: Topology, agent: AgentType, *, enforced: bool | None = None) -> Self:
        """The charter of an agent type."""
        return cls.of(topology, f"{ActorKind.AGENT}:{agent}", enforced=enforced)

    @cached_property
    def digest(self) -> str:
        """12 hexadecimal digits that change with any line."""
        written = [line.model_dump(mode="json") for line in self.lines]
        return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()[:12]

    def permit(self, action: Action, resource: str) -> Permit:
        """What it says of this action on this resource."""
        terms = self.resources.get(resource)
        ahead = terms is not None and (terms.leaves or terms.criticality >= AHEAD_FROM_CRITICALITY)
        line = self._by_pair.get((action, resource)) if terms is not None else None
        return Permit(action, resource, line, known=terms is not None, ahead=ahead)

    def explain(self, by: DeniedBy, permit: Permit, attempt: Attempt) -> str:
        """One line for people: who may not do what, why, and what would allow it."""
        name = self.actor.removeprefix(f"{ActorKind.AGENT}:")
        return f"{name} may not: {permit.action.lower()} of {permit.resource}: {self._why(by, permit, attempt)}"

    @cached_property
    def _by_pair(self) -> dict[tuple[Action, str], CharterLine]:
        return {pair: line for line in self.lines for pair in line.pairs}

    def _why(self, by: DeniedBy, permit: Permit, attempt: Attempt) -> str:
        line = permit.line
        if by is DeniedBy.RESOURCE:
            close = get_close_matches(permit.resource, self.resources, n=MAX_NAMED, cutoff=0.5)
            instead = f"the nearest are {', '.join(close)}" if close else "add it there"
            return f"it is not in resources of topology.yaml; {instead}"
        if line is None:
            name = self.actor.removeprefix(f"{ActorKind.AGENT}:")
            return f"no line allows it; add {line_for(permit.action, permit.resource)} under charters.{name}"
        if by is DeniedBy.SCOPE:
            about = f"it is about {attempt.entity or 'no vehicle'}, the command about {attempt.own or 'none'}"
            return f"{about}; write scope: any to allow it"
        if by is DeniedBy.ROWS:
            return f"{attempt.rows} rows, {line.rows} are allowed; raise rows to allow it"
        return f"{attempt.number} times in one command, {line.per_command} are allowed; raise per_command to allow it"


def line_for(action: Action, resource: str, limits: str = "") -> str:
    """A line of a charter as it is written in ``topology.yaml``."""
    return f"- {{may: {action.lower()}, of: {resource}{limits}}}"
