"""The options of a runner, and the client configurations that follow from them."""

from dataclasses import dataclass

from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.handler import Handler
from master_orchestrator_agents.recording import Author
from master_orchestrator_agents.runner.consumer import CONSUMER_OVERRIDES
from master_orchestrator_agents.runner.quarantine.isolation import Isolation
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import ClientConfig, KafkaSettings, consumer_config, producer_config
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import Tracing
from master_orchestrator_schemas.vocabulary import AgentType

MAX_SEND_QUEUE_KIB = 65_536
"""Replies and dead letters that no broker accepts for now; when full, handlers wait."""


@dataclass(frozen=True, kw_only=True)
class RunnerOptions:
    """The options of a runner.

    Args:
        agent: the agent type.
        handler: called for each command.
        kafka: connection settings.
        topology: topics, lanes, and the agent's settings.
        codec: decodes commands, encodes replies.
        workers: commands handled at once.
        worker_id: its name in replies and audit records.
        static_member: whether ``worker_id`` is also its identity in the group, so that a restart within the session
            time-out gets the same partitions back at once.
        drain_seconds: maximum wait of a stop for handlers.
        isolation: shared by all runners of this process.
        author: who writes the activity.
        charter: what the handler may do.
    """

    agent: AgentType
    handler: Handler
    kafka: KafkaSettings
    topology: Topology
    codec: Codec
    workers: int
    worker_id: str
    static_member: bool
    drain_seconds: float
    isolation: Isolation
    author: Author
    charter: Charter
    tracing: Tracing | None

    @property
    def group(self) -> str:
        """The consumer group of all runners of this type."""
        return self.topology.agent_group(self.agent)


def producer_options(options: RunnerOptions) -> ClientConfig:
    """The producer's configuration. Replies linger for each other: otherwise, under load, nearly each is a request to
    the broker (``docs/performance.md``).
    """
    over = {"linger.ms": 10, "queue.buffering.max.kbytes": MAX_SEND_QUEUE_KIB}
    return producer_config(options.kafka, options.topology.limits, options.topology.compression, **over)


def consumer_options(options: RunnerOptions) -> ClientConfig:
    """The consumer's configuration; a named runner is a static member of its group."""
    over: ClientConfig = dict(CONSUMER_OVERRIDES)
    if options.static_member:
        over["group.instance.id"] = options.worker_id
    return consumer_config(options.kafka, options.group, **over)


def control_options(options: RunnerOptions) -> ClientConfig:
    """The configuration of the reader of controls, which joins no group."""
    return consumer_config(options.kafka, options.group)
