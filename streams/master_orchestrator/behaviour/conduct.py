"""What actors are judged by, as the topology says it."""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Self

import msgspec

from master_orchestrator.behaviour.acts import DEFAULT_CRITICALITY, Pair
from master_orchestrator_schemas.registry import UEBA_INPUTS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import ActorKind, ControlLevel

LEVELS = (ControlLevel.OBSERVE, ControlLevel.THROTTLE, ControlLevel.BLOCK)
"""From the weakest to the strongest."""

NEVER_CONTROLLED = frozenset({ActorKind.GATEWAY, ActorKind.ENGINE, ActorKind.WORKSHOP})
"""Kinds whose acts are alerted and never stopped: what they send has to arrive."""


MAX_CHARTERS = 1_024
MAX_NAME = 180
"""Characters of an actor's name; with a number behind it, it is still a name that every record can hold."""


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """Resources, charters and responses.

    Args:
        allowed: the actions and resources of an actor's charter, each with how often in an hour, None for any
            number; None where it has no charter.
        chartered: whether there are charters at all; without any, no agent is unknown.
        topics: the app's input topics in rank order; ``ranks`` the inverse.
        strongest: the strongest control that is set without an operator.
    """

    criticality: Mapping[str, int]
    leaves: frozenset[str]
    chartered: bool
    allowed: Callable[[str], Mapping[Pair, int | None] | None]
    strongest: ControlLevel
    topics: tuple[str, ...]
    ranks: Mapping[str, int]

    @classmethod
    def from_topology(cls, topology: Topology) -> Self:
        """What this topology says."""
        topics = tuple(topology.topic_of(name) for name in UEBA_INPUTS)
        return cls(
            criticality={name: terms.criticality for name, terms in topology.resources.items()},
            leaves=frozenset(name for name, terms in topology.resources.items() if terms.leaves),
            chartered=bool(topology.charters),
            allowed=lru_cache(MAX_CHARTERS)(partial(_allowed, topology)),
            strongest=ControlLevel(topology.ueba.respond.upper()),
            topics=topics,
            ranks={topic: rank for rank, topic in enumerate(topics)},
        )

    def criticality_of(self, resource: str) -> int:
        """How bad it is if somebody does with a resource what they should not."""
        return self.criticality.get(resource, DEFAULT_CRITICALITY)

    def capped(self, level: ControlLevel) -> ControlLevel:
        """The level, no stronger than what may be set without an operator."""
        return min(level, self.strongest, key=LEVELS.index)


def _allowed(topology: Topology, actor: str) -> Mapping[Pair, int | None] | None:
    lines = topology.charter_of(actor)
    if lines is None:
        return None
    return {(action.value.lower(), resource): line.per_hour for line in lines for action, resource in line.pairs}
