"""Where an orchestrator is tested: in memory, or on a real Kafka."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import cast

from master_orchestrator import AgentType, AsyncMasterOrchestrator, MasterOrchestrator
from master_orchestrator.facade.setup import without_unserved
from master_orchestrator.memory.shell import MemoryShell
from master_orchestrator_agents import Handler
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Activity
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.topology import Topology
from support.topics import topic_log

QUICK_WAITS_MS = (50, 100, 150)


def quick(topology: Topology) -> Topology:
    """The topology with short waits before retries, FEEDBACK and MANUFACTURING_QUALITY without a handler."""
    short = topology.model_copy(update={"retry": topology.retry.model_copy(update={"waits_ms": QUICK_WAITS_MS})})
    return without_unserved(short, {})


@dataclass
class FacadeStage:
    """Makes orchestrators on one shell and shuts down what a test leaves running."""

    topology: Topology
    kafka: KafkaSettings | None
    running: ExitStack = field(default_factory=ExitStack)

    def orchestrator(
        self, handlers: Mapping[AgentType, Handler], max_workers: int = 10, client: str | None = None
    ) -> MasterOrchestrator:
        """A new one, with these agents registered."""
        made = MasterOrchestrator(max_workers, kafka=self.kafka, topology=self.topology, timeout=60.0, client=client)
        for agent, handler in handlers.items():
            made.register_agent(agent, handler)
        self.running.push(made)  # shuts down what was started
        return made

    def async_orchestrator(self, handlers: Mapping[AgentType, Handler]) -> AsyncMasterOrchestrator:
        """A new one for an event loop; ``async with`` starts and ends it."""
        made = AsyncMasterOrchestrator(kafka=self.kafka, topology=self.topology, timeout=60.0)
        for agent, handler in handlers.items():
            made.register_agent(agent, handler)
        return made

    @contextmanager
    def on_record(self, made: MasterOrchestrator, actor: str) -> Iterator[list[Activity]]:
        """All that is on record, when the block is left, which shuts ``made`` down and awaits one of ``actor``."""
        records: list[Activity] = []
        log = None if self.kafka is not None else cast("MemoryShell", made._running).log
        yield records
        made.shutdown()
        if log is not None:
            records += log.activity
        elif self.kafka is not None:
            topic, partitions = self.topology.topic_of("Activity"), self.topology.partitions
            with topic_log(self.kafka, topic) as activity:
                activity.until(lambda log: any(message.key() == actor.encode() for message in log.messages))
            records += activity.decoded(Activity)
            keys = [(message.partition(), message.key() or b"") for message in activity.messages]
            assert [partition_of_key(key, partitions) for _, key in keys] == [partition for partition, _ in keys]

    def started(self, handlers: Mapping[AgentType, Handler], max_workers: int = 10) -> MasterOrchestrator:
        """A running one."""
        made = self.orchestrator(handlers, max_workers)
        made.start()
        return made
