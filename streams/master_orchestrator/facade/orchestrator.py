"""``MasterOrchestrator``: register agents, start, hand in telemetry, ask how things stand, shut down."""

import asyncio
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import TimeoutError as NotInTime
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self

import structlog

from master_orchestrator.core.transitions import END_STATES
from master_orchestrator.errors import (
    AlreadyStartedError,
    MissingAgentError,
    NotStartedError,
    OrchestratorError,
    UnknownWorkflowError,
    WaitTimeoutError,
)
from master_orchestrator.facade.registry import Registry
from master_orchestrator.facade.report import AuditLine, WorkflowStatus, audit_line, workflow_status
from master_orchestrator.facade.requests import accepted, reading_of, service_event_of, workflow_of
from master_orchestrator.facade.setup import make_shell
from master_orchestrator.ports import Answer, Pending, Shell, waitable
from master_orchestrator.readers.statistics import Statistics, fold_statistics
from master_orchestrator_agents.handler import Handler
from master_orchestrator_schemas.bounded_names import BoundedNames
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status, Telemetry
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import AgentType, ServiceEventKind, State

log = structlog.stdlib.get_logger(__name__)


class _Phase(Enum):
    NEW = auto()
    RUNNING = auto()
    STOPPED = auto()


class MasterOrchestrator:
    """One orchestrator: in memory as it comes, on Kafka with ``bootstrap_servers`` (or ``kafka``).

    In memory the whole system runs in this process and ends with it. On Kafka this object hands in telemetry, reads
    the engine's outputs and runs the registered agents; engines are processes of their own
    (``master-orchestrator engine``), and whatever has been accepted survives all of them.

    Every method has an async twin with an ``a`` before its name, where it can block. As a context manager it starts on
    entry if agents have been registered by then (otherwise ``start()`` is called inside) and shuts down at the end.

    Args:
        max_workers: agent tasks at once: in all, in memory; per registered agent, on Kafka.
        bootstrap_servers: Kafka's addresses, ``host:port,host:port``.
        kafka: the same with security settings; read from ``KAFKA_*`` where left out and ``bootstrap_servers`` given.
        topology: the terms of the system; by default ``load_topology()``.
        timeout: seconds to wait for an answer before raising.
    """

    def __init__(
        self,
        max_workers: int = 10,
        *,
        bootstrap_servers: str | None = None,
        kafka: KafkaSettings | None = None,
        topology: Topology | None = None,
        timeout: float = 30.0,
    ) -> None:
        if not isinstance(max_workers, int) or max_workers < 1:
            raise OrchestratorError(f"max_workers is {max_workers!r}: give a whole number, at least 1")
        if bootstrap_servers is not None:
            kafka = (kafka or KafkaSettings()).model_copy(update={"bootstrap_servers": bootstrap_servers})
        self._max_workers = max_workers
        self._kafka = kafka
        self._topology = topology or load_topology()
        self._timeout = waitable(timeout)
        self._registry = Registry(remote_allowed=kafka is not None)
        self._left_out = BoundedNames()
        self._started_by_with = False
        self._phase = _Phase.NEW
        self._changing = threading.Lock()
        self._running: Shell | None = None

    def register_agent(self, agent_type: AgentType | str, handler: Handler | str) -> None:
        """Say who does an agent's work; comes before ``start()``. Registering again replaces.

        Args:
            agent_type: one of the six.
            handler: ``handler(task) -> result``, plain or async; ``"reference"`` for the built-in agent; over Kafka
                also ``"remote"``, when runners elsewhere do the work.

        Raises:
            AlreadyStartedError, UnknownAgentError, InvalidHandlerError.
        """
        with self._changing:
            if self._phase is not _Phase.NEW:
                raise AlreadyStartedError("register_agent", by_with=self._started_by_with)
            self._registry.add(agent_type, handler)

    def start(self) -> None:
        """Start working. FEEDBACK and MANUFACTURING_QUALITY may be left out.

        In memory their steps are then skipped; over Kafka the engines' topology says whether these agents are enabled,
        and if they are, runners elsewhere must serve them.

        Raises:
            MissingAgentError: one of the other four has no handler.
            AlreadyStartedError: this one has been started before.
            BrokerUnreachableError, BrokerRefusesError, TopicsMissingError: over Kafka.
        """
        with self._changing:
            if self._phase is not _Phase.NEW:
                raise AlreadyStartedError("start", by_with=self._started_by_with)
            self._registry.check()
            shell = make_shell(self._topology, self._registry.handlers, self._kafka, self._max_workers)
            shell.start()
            self._running, self._phase = shell, _Phase.RUNNING

    def shutdown(self) -> None:
        """Let running handlers finish, see their replies taken, and end. A second call does nothing.

        Over Kafka no workflow is lost by this, it goes on with the next runner; in memory everything ends here.
        """
        with self._changing:
            if self._phase is _Phase.NEW:
                raise NotStartedError("shutdown")
            shell, self._running, self._phase = self._running, None, _Phase.STOPPED
            if shell is not None:
                shell.stop()

    def receive_vehicle_telemetry(self, vehicle_id: str, telemetry_data: Mapping[str, object]) -> str:
        """Hand in a reading and ask for a check of its vehicle; returns when that is durable.

        The reading opens a workflow, or folds into the one the vehicle has open.

        Args:
            vehicle_id: the gateway's pseudonym, 1 to 64 of ``A-Z a-z 0-9 . _ : -``; never a VIN.
            telemetry_data: signals by their names (``coolant_temp_c``) or plain names (``engine_temp``), ``timestamp``
                as ``datetime`` or ISO 8601 (this machine's local time where it names no zone; now, if left out),
                ``dtcs``; unknown numbers are kept, other unknown things are left out, with a warning for each name.

        Returns:
            The id of the vehicle's workflow.

        Raises:
            InvalidTelemetryError: the reading cannot be taken; nothing has happened.
            EngineSilentError: over Kafka; the reading is durable, but nobody has worked on it in time.
        """
        shell = self._shell("receive_vehicle_telemetry")
        pending = shell.submit(self._reading(vehicle_id, telemetry_data))
        return workflow_of(self._answered(pending))

    def report_service_event(self, workflow_id: str, kind: ServiceEventKind | str, **fields: object) -> None:
        """Report what happened at the workshop; returns when it has been taken.

        Args:
            workflow_id: whose appointment it is.
            kind: in any case, ``CHECKED_IN``, ``COMPLETED``, ``NO_SHOW``, ``CANCELLED`` or ``PARTS_MISSING``.
            fields: of ``ServiceEvent``: ``event_id`` (the workshop's own; a repeat is dropped), ``timestamp`` (as in
                ``receive_vehicle_telemetry()``), ``workshop_id``, ``confirmed_cause``, ``confirmed_subsystem``,
                ``parts_replaced``, ``labour_hours``, ``note``.

        Raises:
            UnknownWorkflowError: no such workflow.
            InvalidRequestError: a field is wrong, or the event does not fit the state the workflow is in.
        """
        shell = self._shell("report_service_event")
        event = service_event_of(self._find(shell, workflow_id), kind, fields)
        accepted(self._answered(shell.submit(event)))

    def get_workflow_status(self, workflow_id: str) -> WorkflowStatus:
        """Where a workflow stands. Raises :class:`UnknownWorkflowError`."""
        return workflow_status(self._find(self._shell("get_workflow_status"), workflow_id))

    def get_audit_trail(self, workflow_id: str) -> list[AuditLine]:
        """Everything that happened to a workflow so far. Raises :class:`UnknownWorkflowError`."""
        shell = self._shell("get_audit_trail")
        status = self._find(shell, workflow_id)
        return [audit_line(record) for record in shell.audit_trail(status.workflow_id)]

    def get_statistics(self) -> Statistics:
        """The figures of all workflows; over Kafka, of everyone's."""
        shell = self._shell("get_statistics")
        shell.refresh()
        return fold_statistics(shell.workflows.all())

    def wait_until(self, workflow_id: str, *states: State, timeout: float | None = None) -> WorkflowStatus:
        """The first status of a workflow, the present one included, in which it is in one of ``states``.

        Raises:
            UnknownWorkflowError: no such workflow.
            WaitTimeoutError: not within ``timeout`` seconds (the orchestrator's own, if left out).
        """
        shell = self._shell("wait_until")
        self._find(shell, workflow_id)
        reached = shell.workflows.watch(workflow_id, lambda status: status.state in states)
        seconds = self._timeout if timeout is None else waitable(timeout)
        try:
            return workflow_status(reached.result(seconds))
        except NotInTime:
            reached.cancel()
            raise self._not_reached(shell, workflow_id, states, seconds) from None

    def wait_until_ended(self, workflow_id: str, timeout: float | None = None) -> WorkflowStatus:
        """``wait_until()`` it is COMPLETED or FAILED."""
        return self.wait_until(workflow_id, *END_STATES, timeout=timeout)

    async def astart(self) -> None:
        """``start()`` without blocking the event loop."""
        await asyncio.to_thread(self.start)

    async def ashutdown(self) -> None:
        """``shutdown()`` without blocking the event loop."""
        await asyncio.to_thread(self.shutdown)

    async def areceive_vehicle_telemetry(self, vehicle_id: str, telemetry_data: Mapping[str, object]) -> str:
        """``receive_vehicle_telemetry()`` without blocking the event loop; any number may be on their way at once."""
        shell = self._shell("areceive_vehicle_telemetry")
        pending = shell.submit(self._reading(vehicle_id, telemetry_data))
        return workflow_of(await self._aanswered(pending))

    async def areport_service_event(self, workflow_id: str, kind: ServiceEventKind | str, **fields: object) -> None:
        """``report_service_event()`` without blocking the event loop."""
        shell = self._shell("areport_service_event")
        event = service_event_of(await asyncio.to_thread(self._find, shell, workflow_id), kind, fields)
        accepted(await self._aanswered(shell.submit(event)))

    async def aget_workflow_status(self, workflow_id: str) -> WorkflowStatus:
        """``get_workflow_status()`` without blocking the event loop."""
        return await asyncio.to_thread(self.get_workflow_status, workflow_id)

    async def aget_audit_trail(self, workflow_id: str) -> list[AuditLine]:
        """``get_audit_trail()`` without blocking the event loop."""
        return await asyncio.to_thread(self.get_audit_trail, workflow_id)

    async def aget_statistics(self) -> Statistics:
        """``get_statistics()`` without blocking the event loop."""
        return await asyncio.to_thread(self.get_statistics)

    async def await_until(self, workflow_id: str, *states: State, timeout: float | None = None) -> WorkflowStatus:
        """``wait_until()`` without blocking the event loop; any number may wait at once."""
        shell = self._shell("await_until")
        await asyncio.to_thread(self._find, shell, workflow_id)
        reached = shell.workflows.watch(workflow_id, lambda status: status.state in states)
        seconds = self._timeout if timeout is None else waitable(timeout)
        try:
            return workflow_status(await asyncio.wait_for(asyncio.wrap_future(reached), seconds))
        except TimeoutError:
            raise self._not_reached(shell, workflow_id, states, seconds) from None

    async def await_until_ended(self, workflow_id: str, timeout: float | None = None) -> WorkflowStatus:
        """``wait_until_ended()`` without blocking the event loop; any number may wait at once."""
        return await self.await_until(workflow_id, *END_STATES, timeout=timeout)

    def __enter__(self) -> Self:
        if self._registry:
            try:
                self.start()
            except MissingAgentError as error:
                raise error.before_with() from None
            self._started_by_with = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._phase is not _Phase.NEW:
            self.shutdown()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _reading(self, vehicle_id: str, telemetry_data: Mapping[str, object]) -> Telemetry:
        """The reading; what is left out of it is said once per name."""
        reading, left_out = reading_of(vehicle_id, telemetry_data)
        for item in left_out:
            if self._left_out.is_new(item.name):
                log.warning("left_out_of_reading", name=item.name, why=item.problem)
        return reading

    def _shell(self, call: str) -> Shell:
        if self._running is None:
            raise NotStartedError(call)
        return self._running

    def _find(self, shell: Shell, workflow_id: Any) -> Status:
        """The newest status; what this process has not seen yet may still be on its way."""
        status = shell.workflows.find(workflow_id)
        if status is None:
            shell.refresh()
            status = shell.workflows.find(workflow_id)
        if status is None:
            raise UnknownWorkflowError(workflow_id)
        return status

    def _answered(self, pending: Pending) -> Answer:
        try:
            return pending.answer.result(self._timeout)
        except NotInTime:
            raise pending.overdue(self._timeout) from None

    async def _aanswered(self, pending: Pending) -> Answer:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(pending.answer), self._timeout)
        except TimeoutError:
            raise pending.overdue(self._timeout) from None

    @staticmethod
    def _not_reached(shell: Shell, workflow_id: str, states: Iterable[State], seconds: float) -> WaitTimeoutError:
        status = shell.workflows.find(workflow_id)
        state = status.state if status is not None else "unknown"
        wanted = " or ".join(sorted(states))
        return WaitTimeoutError(f"workflow {workflow_id} is not {wanted} after {seconds:g} s: it is in {state}")
