"""The ways an engine may be set up; a shard takes one of them."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator.shell.vehicle_job import VehicleJob
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.limits import Limits
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType


class WitnessedJob(VehicleJob):
    """The engine's job, which remembers the readings that led to a state and nothing else: they have no outcome."""

    def __init__(self, topology: Topology, policy: Policy, codec: Codec, counts: EngineCounts) -> None:
        super().__init__(topology, policy, codec, counts)
        self.counts = counts
        self.quiet_offsets: set[int] = set()

    def quiet(self, state: VehicleState, given: Input) -> VehicleState | None:
        """The engine's answer."""
        after = super().quiet(state, given)
        if after is not None:
            self.quiet_offsets.add(given.cause.offset)
        return after


class FuzzContracts(NamedTuple):
    """Topology and codecs; ``written``: that of the senders."""

    topology: Topology
    policy: Policy
    codec: Codec
    written: Codec

    def job(self) -> "WitnessedJob":
        """The engine's own job."""
        return WitnessedJob(self.topology, self.policy, self.codec, EngineCounts(Metrics()))


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
