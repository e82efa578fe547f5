"""The runner of one agent type."""

import hashlib
import inspect
import socket
import threading
import time

import structlog

from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.handler import BatchHandler, Handler
from master_orchestrator_agents.recording import Author
from master_orchestrator_agents.runner.health import RunnerHealth
from master_orchestrator_agents.runner.metrics import RunnerMetrics
from master_orchestrator_agents.runner.options import RunnerOptions
from master_orchestrator_agents.runner.poll_loop import PollLoop
from master_orchestrator_agents.runner.quarantine.isolation import Isolation
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import Tracing
from master_orchestrator_schemas.vocabulary import ActorKind, AgentType

log = structlog.stdlib.get_logger(__name__)

DRAIN_S = 20.0


class AgentRunner:
    """Takes the commands of one agent type from its four lanes, runs the handler, sends the replies.

    Args:
        agent_type: the agent whose commands it takes.
        handler: plain or async; see ``handler.py``.
        kafka: connection settings.
        topology: topics, lanes, number of workers.
        max_workers: commands handled at once; the topology's figure by default.
        worker_id: a name of this runner, unique among the running ones of its type: with it a restarted runner gets its
            partitions back at once. Default: a name shared by all, and a new group member at each start.
        metrics: the registry to count in; its own by default.
        drain_seconds: maximum wait of ``stop`` for handlers.
        isolation: shared by all runners of a process, which crash together; its own by default.
        version: of the handler, on record with all that it does; by default a hash of its source.
        enforced: False lets breaches of the charter through, on record; by default the topology says.
        tracing: writes a span for each command that was handled; by default nothing does.
    """

    def __init__(
        self,
        agent_type: AgentType,
        handler: Handler,
        *,
        kafka: KafkaSettings,
        topology: Topology,
        max_workers: int | None = None,
        worker_id: str | None = None,
        metrics: Metrics | None = None,
        drain_seconds: float = DRAIN_S,
        isolation: Isolation | None = None,
        version: str | None = None,
        enforced: bool | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        workers = topology.agents[agent_type].max_workers if max_workers is None else max_workers
        if workers < 1:
            raise RunnerError(f"max_workers={workers} for {agent_type}: at least 1 is needed")
        charter = Charter.of_agent(topology, agent_type, enforced=enforced)
        name = worker_id or f"{agent_type.lower().replace('_', '-')}-runner"
        self._options = RunnerOptions(
            agent=agent_type,
            handler=handler,
            kafka=kafka,
            topology=topology,
            codec=Codec(topology.limits),
            workers=workers,
            worker_id=name,
            static_member=worker_id is not None,
            drain_seconds=drain_seconds,
            isolation=isolation or Isolation(),
            author=Author(
                charter.actor,
                ActorKind.AGENT,
                instance=f"{name}@{socket.gethostname()}",
                start_ms=_now_ms(),
                version=version or handler_version(handler),
                charter=charter.digest,
            ),
            charter=charter,
            tracing=tracing,
        )
        self._metrics = RunnerMetrics(metrics or Metrics(Process.RUNNER), agent_type, workers)
        self.health = RunnerHealth(agent_type)
        """For readiness and liveness, see ``health.py``."""
        self._stop = threading.Event()

    def run(self) -> None:
        """Handle commands until :meth:`stop`, then drain; blocks. Raises :class:`RunnerError` when it cannot go on.

        After an error the process should end and be started again: nothing uncommitted is lost.
        """
        log.info("runner_starting", agent=self._options.agent, group=self._options.group, workers=self._options.workers)
        PollLoop(self._options, self._metrics, _now_ms, self.health).run(self._stop)
        log.info("runner_stopped", agent=self._options.agent)

    def stop(self) -> None:
        """Ask the runner to drain and end; from any thread or a signal handler. Returns at once."""
        self._stop.set()


def handler_version(handler: Handler) -> str | None:
    """The first 12 hexadecimal digits of the hash of its source; None where there is no source, as in a shell."""
    function = inspect.unwrap(handler.function if isinstance(handler, BatchHandler) else handler)
    named = function if inspect.isroutine(function) else type(function)
    try:
        source = inspect.getsource(inspect.getmodule(named) or named)
    except (OSError, TypeError):
        return None
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
