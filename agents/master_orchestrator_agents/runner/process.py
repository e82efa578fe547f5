"""Several runners in one process: one metrics endpoint, one end."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

import structlog

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.handler import Handler
from master_orchestrator_agents.runner.agent_runner import DRAIN_S, AgentRunner
from master_orchestrator_agents.runner.health import ProcessHealth
from master_orchestrator_agents.runner.quarantine.isolation import Isolation
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.metrics_server import start_metrics_server
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import tracing_of_process
from master_orchestrator_schemas.vocabulary import AgentType

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class AgentSpec:
    """One agent to run; ``max_workers`` None takes the topology's figure.

    ``version``: of the handler, on record with all that it does; by default a hash of its source.
    """

    agent_type: AgentType
    handler: Handler
    max_workers: int | None = None
    version: str | None = None


def run_agents(
    specs: Sequence[AgentSpec],
    kafka: KafkaSettings,
    topology: Topology,
    *,
    worker_id: str | None = None,
    metrics_port: int | None = None,
    metrics_host: str = "127.0.0.1",
    drain_seconds: float = DRAIN_S,
    stop: threading.Event | None = None,
    enforced: bool | None = None,
) -> None:
    """Run agents until ``stop`` is set, SIGTERM or SIGINT comes, or one of them fails; then drain them all.

    Signals are handled when called in the main thread. ``worker_id`` as for :class:`AgentRunner`. Raises the
    :class:`RunnerError` of the first that failed, after the others have drained. ``enforced`` False: breaches of the
    charters are recorded and let through; by default the topology says.
    """
    stop = stop or threading.Event()
    metrics = Metrics(Process.RUNNER)
    metrics.topology_info.labels(topology.fingerprint).set(1)
    isolation = Isolation()
    runners = [
        AgentRunner(
            spec.agent_type,
            spec.handler,
            kafka=kafka,
            topology=topology,
            max_workers=spec.max_workers,
            worker_id=worker_id,
            metrics=metrics,
            drain_seconds=drain_seconds,
            isolation=isolation,
            version=spec.version,
            enforced=enforced,
            tracing=tracing_of_process("master-orchestrator-agents"),
        )
        for spec in specs
    ]
    with ExitStack() as stack:
        stack.enter_context(_stopped_by_signals(stop))
        if metrics_port is not None:
            health = ProcessHealth([runner.health for runner in runners])
            stack.enter_context(start_metrics_server(metrics, metrics_port, metrics_host, health=health))
        _run_all(runners, stop)


def _run_all(runners: Sequence[AgentRunner], stop: threading.Event) -> None:
    errors: list[BaseException] = []

    def run(runner: AgentRunner) -> None:
        try:
            runner.run()
        except BaseException as error:  # noqa: BLE001  raised again by the main thread, once the others have drained
            errors.append(error)
            stop.set()

    threads = [threading.Thread(target=run, args=(runner,), daemon=True) for runner in runners]
    for thread in threads:
        thread.start()
    stop.wait()
    for runner in runners:
        runner.stop()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0] if isinstance(errors[0], RunnerError) else RunnerError(f"a runner failed: {errors[0]!r}")


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set ``stop`` while this runs; outside the main thread Python allows no signal handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, _frame: FrameType | None) -> None:
        log.info("signal", name=signal.Signals(number).name)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
