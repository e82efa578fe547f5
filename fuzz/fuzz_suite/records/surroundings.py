"""The ways an engine may be set up; a shard takes one of them."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from master_orchestrator.core.policy import Policy
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator.shell.processor import Processor
from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType


class Surroundings(NamedTuple):
    """Topology and codecs; ``written``: those that senders may use."""

    topology: Topology
    policy: Policy
    codec: Codec
    written: tuple[Codec, ...]

    def processor(self, counts: EngineCounts) -> Processor:
        """The engine's own processor."""
        return Processor(self.topology, self.policy, self.codec, counts)


def _with_feed(topology: Topology) -> Topology:
    return topology.model_copy(update={"service": topology.service.model_copy(update={"workshop_feed": True})})


def _without_optional_agents(topology: Topology) -> Topology:
    without = {AgentType.FEEDBACK, AgentType.MANUFACTURING_QUALITY}
    agents = {a: terms.model_copy(update={"enabled": a not in without}) for a, terms in topology.agents.items()}
    return topology.model_copy(update={"agents": agents})


VARIANTS: tuple[tuple[Callable[[Topology], Topology], bool], ...] = (
    (lambda topology: topology, False),
    (_with_feed, True),
    (_without_optional_agents, False),
    (_with_feed, False),
)
"""How the packaged topology is changed, and whether a schema registry's ids are used."""

GENEROUS = Limits.model_validate({"max_record": "64MiB"})
"""Senders know no bounds."""


@cache
def surroundings(variant: int) -> Surroundings:
    """One of :data:`VARIANTS`."""
    change, registry = VARIANTS[variant % len(VARIANTS)]
    topology = change(load_topology())
    ids = {schema.stem: number for number, schema in enumerate(schema_versions(), 1)} if registry else None
    written = (Codec(GENEROUS, ids), Codec(GENEROUS)) if registry else (Codec(GENEROUS),)
    return Surroundings(topology, Policy.from_topology(topology), Codec(topology.limits, ids), written)
