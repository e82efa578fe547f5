"""The ways an engine may be set up; a shard takes one of them."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState
from master_orchestrator.shell.processor import Processor
from master_orchestrator.shell.worker import vehicle_job
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType


class FuzzContracts(NamedTuple):
    """Topology and codecs; ``written``: that of the senders."""

    topology: Topology
    policy: Policy
    codec: Codec
    written: Codec

    def processor(self) -> Processor[VehicleState, Outcome]:
        """The engine's own processor."""
        return Processor(*vehicle_job(self.topology, Metrics()))


def _with_feed(topology: Topology) -> Topology:
    return topology.model_copy(update={"service": topology.service.model_copy(update={"workshop_feed": True})})


def _without_optional_agents(topology: Topology) -> Topology:
    without = {AgentType.FEEDBACK, AgentType.MANUFACTURING_QUALITY}
    agents = {a: terms.model_copy(update={"enabled": a not in without}) for a, terms in topology.agents.items()}
    return topology.model_copy(update={"agents": agents})


VARIANTS: tuple[Callable[[Topology], Topology], ...] = (
    lambda topology: topology,
    _with_feed,
    _without_optional_agents,
)
"""How the packaged topology is changed."""

GENEROUS = Limits.model_validate({"max_record": "64MiB"})
"""Senders know no bounds."""


@cache
def surroundings(variant: int) -> FuzzContracts:
    """One of :data:`VARIANTS`."""
    topology = VARIANTS[variant % len(VARIANTS)](load_topology())
    return FuzzContracts(topology, Policy.from_topology(topology), Codec(topology.limits), Codec(GENEROUS))
