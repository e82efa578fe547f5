"""Which shell an orchestrator runs on."""

from collections.abc import Mapping

import structlog

from master_orchestrator.client.shell import KafkaShell
from master_orchestrator.memory.shell import MemoryShell
from master_orchestrator.ports import Shell
from master_orchestrator_agents.handler import Handler
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.checks import OPTIONAL_AGENTS
from master_orchestrator_schemas.tracing import tracing_of_process
from master_orchestrator_schemas.vocabulary import AgentType

log = structlog.stdlib.get_logger(__name__)


def make_shell(
    topology: Topology, handlers: Mapping[AgentType, Handler], kafka: KafkaSettings | None, max_workers: int
) -> Shell:
    """The in-memory shell, or with ``kafka`` a client and runners on a cluster whose engines know their topology."""
    if kafka is None:
        served = without_unserved(topology, handlers)
        return MemoryShell(served, handlers, max_workers=max_workers, tracing=tracing_of_process("master-orchestrator"))
    if elsewhere := [agent for agent, terms in topology.agents.items() if terms.enabled and agent not in handlers]:
        log.info("no_runner_here", agents=elsewhere, note="the engines wait for runners of theirs elsewhere")
    return KafkaShell(topology, handlers, kafka, max_workers=max_workers)


def without_unserved(topology: Topology, handlers: Mapping[AgentType, Handler]) -> Topology:
    """The topology with those optional agents disabled that have no handler: their steps are skipped."""
    agents = {
        agent: terms.model_copy(update={"enabled": False})
        if agent in OPTIONAL_AGENTS and agent not in handlers
        else terms
        for agent, terms in topology.agents.items()
    }
    return topology.model_copy(update={"agents": agents})
