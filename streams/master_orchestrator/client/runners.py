"""The registered agents of a façade on Kafka: a runner each, in threads of this process."""

import threading
from collections.abc import Mapping

import structlog

from master_orchestrator.errors import OrchestratorError
from master_orchestrator_agents.handler import Handler
from master_orchestrator_agents.runner.agent_runner import AgentRunner
from master_orchestrator_agents.runner.quarantine.isolation import Isolation
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import tracing_of_process
from master_orchestrator_schemas.vocabulary import AgentType

log = structlog.stdlib.get_logger(__name__)


class Runners:
    """Runs until stopped; the first that cannot go on is reported by ``check``."""

    def __init__(
        self, handlers: Mapping[AgentType, Handler], kafka: KafkaSettings, topology: Topology, *, max_workers: int
    ) -> None:
        isolation = Isolation()
        self._runners = {
            agent: AgentRunner(
                agent,
                handler,
                kafka=kafka,
                topology=topology,
                max_workers=max_workers,
                isolation=isolation,
                tracing=tracing_of_process("master-orchestrator-agents"),
            )
            for agent, handler in handlers.items()
        }
        self._threads = [
            threading.Thread(target=self._run, args=(agent,), name=f"runner-{agent.lower()}", daemon=True)
            for agent in self._runners
        ]
        self._fault: tuple[AgentType, BaseException] | None = None

    def start(self) -> None:
        """Start all."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let all drain, together, and end."""
        for runner in self._runners.values():
            runner.stop()
        for thread in self._threads:
            thread.join()

    def check(self) -> None:
        """Raises :class:`OrchestratorError` if a runner has ended on its own."""
        if self._fault is not None:
            agent, fault = self._fault
            raise OrchestratorError(
                f"the {agent} runner has ended ({fault}): shut down and start a new MasterOrchestrator; nothing is lost"
            ) from fault

    def _run(self, agent: AgentType) -> None:
        try:
            self._runners[agent].run()
        except BaseException as fault:
            log.exception("runner_ended", agent=agent)
            self._fault = (agent, fault)  # raised by check(), in a thread that can do something about it
