"""What the sync and the async orchestrator have in common: their life, and what they ask of the shell."""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import AbstractContextManager
from enum import Enum, auto
from typing import Any

import msgspec
import structlog
from pydantic import ValidationError

from master_orchestrator.client.activity import Requester
from master_orchestrator.client.asking import this_user
from master_orchestrator.errors import (
    AlreadyStartedError,
    InvalidArgumentError,
    MissingAgentError,
    NotStartedError,
    SettingsError,
    UnknownVehicleError,
    UnknownWorkflowError,
    WaitTimeoutError,
)
from master_orchestrator.facade.conduct import decided, explained
from master_orchestrator.facade.registration import RegistersAgents
from master_orchestrator.facade.registry import Registry
from master_orchestrator.facade.report import AuditLine, audit_line
from master_orchestrator.facade.requests import (
    campaign_request_of,
    campaign_workflow,
    customer_answer_of,
    now_ms,
    reading_of,
    service_event_of,
)
from master_orchestrator.facade.setup import make_shell
from master_orchestrator.ports import EngineAnswer, Pending, Shell
from master_orchestrator.readers.service_reports import vehicle_service
from master_orchestrator.readers.statistics import Statistics, statistics_of
from master_orchestrator.readers.topics import vehicle_of
from master_orchestrator_agents.guard import Access
from master_orchestrator_schemas.bounded_names import BoundedNames
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Status, UebaRequest
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.vocabulary import ActorKind, State

log = structlog.stdlib.get_logger(__name__)


class _Phase(Enum):
    NEW = auto()
    RUNNING = auto()
    STOPPED = auto()


class OrchestratorBase(RegistersAgents):
    """Constructor and private calls of both orchestrators; see :class:`MasterOrchestrator`."""

    def __init__(
        self,
        max_workers: int = 10,
        *,
        bootstrap_servers: str | None = None,
        kafka: KafkaSettings | None = None,
        topology: Topology | None = None,
        timeout: float = 30.0,
        client: str | None = None,
    ) -> None:
        if not isinstance(max_workers, int) or max_workers < 1:
            raise InvalidArgumentError(f"max_workers is {max_workers!r}: give a whole number, at least 1")
        self._max_workers = max_workers
        self._timeout = checked_timeout(timeout)
        self._kafka = kafka if bootstrap_servers is None else _kafka_at(bootstrap_servers, kafka)
        self._topology = topology or load_topology()
        self._client = client or this_user()
        self._registry = Registry(remote_allowed=self._kafka is not None)
        self._left_out = BoundedNames()
        self._started_by_with = False
        self._phase = _Phase.NEW
        self._changing = threading.Lock()
        self._running: Shell | None = None
        self._requester: Requester | None = None

    def _check_new(self, call: str) -> None:
        if self._phase is not _Phase.NEW:
            raise AlreadyStartedError(call, by_with=self._started_by_with)

    def _start(self) -> None:
        with self._changing:
            self._check_new("start")
            self._registry.check()
            shell = make_shell(self._topology, self._registry.handlers, self._kafka, self._max_workers)
            shell.start()
            self._requester = self._requester_of(shell, ActorKind.CLIENT, self._client)
            self._running, self._phase = shell, _Phase.RUNNING

    def _shutdown(self) -> None:
        with self._changing:
            if self._phase is _Phase.NEW:
                raise NotStartedError("shutdown")
            shell, self._running, self._phase = self._running, None, _Phase.STOPPED
            if shell is not None:
                shell.stop()

    def _enter(self) -> None:
        if self._registry:
            try:
                self._start()
            except MissingAgentError as error:
                raise error.before_with() from None
            self._started_by_with = True

    def _exit(self) -> None:
        if self._phase is not _Phase.NEW:
            self._shutdown()

    def _shell(self, call: str) -> Shell:
        if self._running is None:
            raise NotStartedError(call)
        return self._running

    def _submit_reading(self, vehicle_id: str, telemetry_data: Mapping[str, object]) -> Pending:
        """Send a reading; names what is left out of it in the log, once per name."""
        shell = self._shell("receive_vehicle_telemetry")
        reading, left_out = reading_of(vehicle_id, telemetry_data)
        for item in left_out:
            if self._left_out.is_new(item.name):
                log.warning("left_out_of_reading", name=item.name, why=item.problem)
        with self._act("write", "workflow", reading.vehicle_id):
            return shell.submit(reading)

    def _submit_event(self, workflow_id: str, kind: str, fields: Mapping[str, object]) -> Pending:
        shell = self._shell("report_service_event")
        with self._act("write", "workflow", _vehicle(workflow_id)):
            return shell.submit(service_event_of(self._find(shell, workflow_id), kind, fields))

    def _status(self, workflow_id: str) -> Status:
        shell = self._shell("get_workflow_status")
        with self._act("read", "workflow", _vehicle(workflow_id)):
            return self._find(shell, workflow_id)

    def _submit_answer(self, workflow_id: str, answer: str, fields: Mapping[str, object]) -> Pending:
        shell = self._shell("report_customer_answer")
        with self._act("write", "workflow", _vehicle(workflow_id)):
            return shell.submit(customer_answer_of(self._find(shell, workflow_id), answer, fields))

    def _explained(self, actor: str) -> dict[str, Any]:
        shell = self._shell("explain_actor")
        with self._act("read", "agent_control", actor):
            return explained(shell, actor)

    def _decided(self, call: str, request: UebaRequest) -> None:
        """Have the judge do it, as an act of the operator in whose name it is asked."""
        shell = self._shell(call)
        with self._requester_of(shell, ActorKind.OPERATOR, request.by).act("admin", "agent_control", request.actor):
            decided(shell, request, self._timeout)

    def _open_campaign(
        self, campaign_id: str, vehicles: Iterable[str], operation: str, fields: Mapping[str, object]
    ) -> dict[str, str]:
        """One act, however many vehicles. The next vehicle is asked for when the engine has answered."""
        shell, by = self._shell("open_campaign"), self._client
        requests = [campaign_request_of(each, campaign_id, operation, fields, operator=by) for each in vehicles]
        with self._act("admin", "campaign"):
            return {request.vehicle_id: campaign_workflow(self._wait(shell.submit(request))) for request in requests}

    def _wait(self, pending: Pending) -> EngineAnswer:
        try:
            return pending.answer.result(self._timeout)
        except NotInTime:
            raise pending.overdue(self._timeout) from None

    def _find(self, shell: Shell, workflow_id: str) -> Status:
        """The newest status; one that this process has not seen yet is waited for."""
        status = shell.workflows.find(workflow_id)
        if status is None:
            shell.refresh()
            status = shell.workflows.find(workflow_id)
        if status is None:
            raise UnknownWorkflowError(workflow_id)
        return status

    def _audit_trail(self, workflow_id: str) -> list[AuditLine]:
        shell = self._shell("get_audit_trail")
        with self._act("read", "audit_log", _vehicle(workflow_id)):
            status = self._find(shell, workflow_id)
            return [audit_line(record) for record in shell.audit_trail(status.workflow_id)]

    def _vehicle_service(self, vehicle_id: str) -> dict[str, Any]:
        shell = self._shell("get_vehicle_service")
        with self._act("read", "workflow", str(vehicle_id)):
            state = shell.vehicle(vehicle_id)
            if state is None:
                raise UnknownVehicleError(vehicle_id)
        report: dict[str, Any] = msgspec.to_builtins(vehicle_service(self._topology, vehicle_id, state, now_ms()))
        return report

    def _statistics(self) -> Statistics:
        shell = self._shell("get_statistics")
        with self._act("read", "workflow"):
            shell.refresh()
            return statistics_of(shell.workflows.all())

    def _watch(self, workflow_id: str, states: Iterable[State]) -> Future[Status]:
        """Settled with the first status in one of the states."""
        shell = self._shell("wait_until")
        with self._act("read", "workflow", _vehicle(workflow_id)):
            self._find(shell, workflow_id)
        return shell.workflows.watch(workflow_id, lambda status: status.state in states)

    def _requester_of(self, shell: Shell, kind: ActorKind, name: str) -> Requester:
        return Requester(
            self._topology, kind, name,
            before=shell.write_activity, done=shell.put_activity, control=shell.control,
        )  # fmt: skip

    def _act(self, action: str, resource: str, entity: str | None = None) -> AbstractContextManager[Access]:
        """The block is a request of this client, checked against its charter and put on record."""
        if self._requester is None:
            raise NotStartedError(f"{action} of {resource}")
        return self._requester.act(action, resource, entity)

    def _seconds(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else checked_timeout(timeout)

    def _not_reached(self, workflow_id: str, states: Iterable[State], seconds: float) -> WaitTimeoutError:
        status = self._shell("wait_until").workflows.find(workflow_id)
        state = status.state if status is not None else "unknown"
        expected = " or ".join(sorted(states))
        return WaitTimeoutError(f"workflow {workflow_id} is not {expected} after {seconds:g} s: it is in {state}")


def checked_timeout(seconds: float) -> float:
    """A time-out that threads can wait for: infinity becomes their maximum. Raises :class:`InvalidArgumentError`."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise InvalidArgumentError(f"timeout is {seconds!r}: give a number of seconds, at least 0")
    return min(seconds, threading.TIMEOUT_MAX)


def _vehicle(workflow_id: object) -> str | None:
    """The vehicle that a workflow id names, whatever a caller takes for one."""
    return vehicle_of(str(workflow_id)) or None


def _kafka_at(bootstrap_servers: str, kafka: KafkaSettings | None) -> KafkaSettings:
    """Settings with these servers; the others are those given, or from the environment."""
    given = {} if kafka is None else kafka.model_dump(exclude_unset=True)
    try:
        return KafkaSettings.model_validate({**given, "bootstrap_servers": bootstrap_servers})
    except ValidationError as error:
        raise SettingsError.of(error) from error
