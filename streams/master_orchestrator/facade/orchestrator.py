"""``MasterOrchestrator``: register agents, start, send telemetry, ask for status, shut down."""

from collections.abc import Iterable, Mapping
from concurrent.futures import TimeoutError as NotInTime
from types import TracebackType
from typing import Any, Self, Unpack

from master_orchestrator.client.judge_requests import acknowledgement, request_about
from master_orchestrator.core.transitions import END_STATES
from master_orchestrator.facade.base import OrchestratorBase
from master_orchestrator.facade.fields import (
    AnswerName,
    CampaignFields,
    CustomerAnswerFields,
    ServiceEventFields,
    ServiceEventName,
)
from master_orchestrator.facade.report import AuditLine, WorkflowStatus, workflow_status
from master_orchestrator.facade.requests import accepted, workflow_of
from master_orchestrator.readers.statistics import Statistics
from master_orchestrator_schemas.vocabulary import State, UebaAction


class MasterOrchestrator(OrchestratorBase):
    """One orchestrator: in memory by default, on Kafka with ``bootstrap_servers`` (or ``kafka``).

    In memory the whole system runs in this process and ends with it. On Kafka this object sends telemetry, reads the
    engine's outputs and runs the registered agents; engines are separate processes (``master-orchestrator engine``),
    and accepted records survive all of them.

    Calls block; :class:`AsyncMasterOrchestrator` has the same ones for an event loop. As a context manager it starts on
    entry if agents have been registered before (otherwise call ``start()`` inside), and shuts down at the end.

    Args:
        max_workers: agent tasks at once: in all, in memory; per registered agent, on Kafka.
        bootstrap_servers: Kafka's addresses, ``host:port,host:port``.
        kafka: the same with security settings; read from ``KAFKA_*`` if left out and ``bootstrap_servers`` is given.
        topology: by default ``load_topology()``.
        timeout: maximum wait for an answer, in seconds.
        client: who is on record with what is asked here, as ``client:<name>``, and under whose charter; by default the
            user this process runs as.

    Raises:
        InvalidArgumentError, SettingsError, TopologyError.
    """

    def start(self) -> None:
        """Start working. FEEDBACK and MANUFACTURING_QUALITY may be left out.

        In memory their steps are then skipped; over Kafka the engines' topology says whether these agents are enabled,
        and if they are, runners in other processes must serve them.

        Raises:
            MissingAgentError: one of the other four has no handler.
            AlreadyStartedError: this one has been started before.
            BrokerUnreachableError, BrokerRefusesError, TopicsMissingError: over Kafka.
        """
        self._start()

    def shutdown(self) -> None:
        """Wait for running handlers and the engine's answer to their replies, then end. A second call does nothing.

        Over Kafka no workflow is lost by this: it goes on with the next runner. In memory everything ends here.
        """
        self._shutdown()

    def receive_vehicle_telemetry(self, vehicle_id: str, telemetry_data: Mapping[str, object]) -> str:
        """Send a reading and ask for a check of its vehicle; returns when that is durable.

        The reading opens a workflow, or joins the one the vehicle has open.

        Args:
            vehicle_id: the gateway's pseudonym, 1 to 64 of ``A-Z a-z 0-9 . _ : -``; never a VIN.
            telemetry_data: signals by their names (``coolant_temp_c``) or plain names (``engine_temp``), ``timestamp``
                as ``datetime`` or ISO 8601 (this machine's local time where it names no zone; by default now),
                ``dtcs``; unknown numbers are kept, other unknown values are left out, with a warning for each name.

        Returns:
            The id of the vehicle's workflow.

        Raises:
            InvalidTelemetryError: the reading is not valid; nothing has happened.
            EngineSilentError: over Kafka; the reading is durable, but no engine has answered in time.
        """
        return workflow_of(self._wait(self._submit_reading(vehicle_id, telemetry_data)))

    def report_service_event(
        self, workflow_id: str, kind: ServiceEventName, **fields: Unpack[ServiceEventFields]
    ) -> None:
        """Report what happened at the workshop; returns when the engine has accepted it.

        Args:
            workflow_id: the workflow with the appointment.
            kind: ``CHECKED_IN``, ``COMPLETED``, ``NO_SHOW``, ``CANCELLED``, ``PARTS_MISSING`` or ``MOVED``; case is
                ignored.
            fields: see :class:`ServiceEventFields`.

        Raises:
            UnknownWorkflowError: no such workflow.
            InvalidRequestError: a field is wrong, or the event does not fit the state of the workflow.
        """
        accepted(self._wait(self._submit_event(workflow_id, kind, fields)))

    def report_customer_answer(
        self, workflow_id: str, answer: AnswerName, **fields: Unpack[CustomerAnswerFields]
    ) -> None:
        """Report what the owner has answered to a contact; returns when the engine has accepted it.

        Args:
            workflow_id: the workflow that the owner was contacted about.
            answer: ``ACCEPT``, ``DECLINE``, ``RESCHEDULE``, ``NEED_INFO``, ``WRONG_PERSON``, ``OPT_OUT``,
                ``NO_ANSWER`` or, of a repair, ``RATED``; case is ignored.
            fields: see :class:`CustomerAnswerFields`.

        Raises:
            UnknownWorkflowError: no such workflow.
            InvalidRequestError: a field is wrong, or the conversation is over.
        """
        accepted(self._wait(self._submit_answer(workflow_id, answer, fields)))

    def open_campaign(
        self, campaign_id: str, vehicles: Iterable[str], operation: str, **fields: Unpack[CampaignFields]
    ) -> dict[str, str]:
        """Ask for a campaign's work, such as a recall's, on each vehicle; once per vehicle, however often it is called.

        Args:
            campaign_id: 1 to 40 of ``A-Z a-z 0-9 . _ -``.
            vehicles: ids of vehicles; they need not be known yet. One after the other is asked for.
            operation: the work, at most 40 characters.
            fields: see :class:`CampaignFields`.

        Returns:
            Vehicle id -> the workflow that has the work, or whose end it waits for.

        Raises:
            InvalidRequestError: a field is wrong, and nothing has happened; or three campaigns are under way for a
                vehicle, and none after it was asked for.
            EngineSilentError: over Kafka; no engine has answered in time. Call it again.
        """
        return self._open_campaign(campaign_id, vehicles, operation, fields)

    def get_workflow_status(self, workflow_id: str) -> WorkflowStatus:
        """The present status of a workflow. Raises :class:`UnknownWorkflowError`."""
        return workflow_status(self._status(workflow_id))

    def get_audit_trail(self, workflow_id: str) -> list[AuditLine]:
        """Everything that happened to a workflow so far. Raises :class:`UnknownWorkflowError`."""
        return self._audit_trail(workflow_id)

    def get_vehicle_service(self, vehicle_id: str) -> dict[str, Any]:
        """Regular service of a vehicle, as ``service show --json`` tells it: its meters, and each item of its plan.

        Raises :class:`UnknownVehicleError`.
        """
        return self._vehicle_service(vehicle_id)

    def get_statistics(self) -> Statistics:
        """Figures of all workflows; over Kafka, those of other clients too."""
        return self._statistics()

    def explain_actor(self, actor: str) -> dict[str, Any]:
        """Why an actor has its risk, as ``ueba explain --json`` tells it: score, band, level, findings, what was done.

        Over Kafka, ``master-orchestrator ueba run`` is the judge. Raises :class:`UnknownActorError`.
        """
        return self._explained(actor)

    def acknowledge_finding(self, finding_id: str, *, benign: bool, operator: str, reason: str) -> None:
        """Close a finding of :meth:`explain_actor`: benign, it adds nothing and is usual from now on; else it is kept.

        Raises:
            InvalidRequestError: it is not open, or about the operator; that is on the trail.
            OrchestratorError: over Kafka, the judge did not answer in time.
        """
        request = acknowledgement(finding_id, benign=benign, by=operator, reason=reason)
        self._decided("acknowledge_finding", request)

    def release_actor(self, actor: str, *, operator: str, reason: str) -> None:
        """End what an actor is held to. Raises as :meth:`acknowledge_finding` does."""
        request = request_about(actor, UebaAction.RELEASE, by=operator, reason=reason)
        self._decided("release_actor", request)

    def wait_until(
        self, workflow_id: str, state: State, *states: State, timeout: float | None = None
    ) -> WorkflowStatus:
        """The first status of a workflow, the present one included, that is in one of the states.

        Raises:
            UnknownWorkflowError: no such workflow.
            WaitTimeoutError: not within ``timeout`` seconds (by default the orchestrator's).
        """
        expected = (state, *states)
        seconds = self._seconds(timeout)
        reached = self._watch(workflow_id, expected)
        try:
            return workflow_status(reached.result(seconds))
        except NotInTime:
            reached.cancel()
            raise self._not_reached(workflow_id, expected, seconds) from None

    def wait_until_ended(self, workflow_id: str, timeout: float | None = None) -> WorkflowStatus:
        """``wait_until()`` it is COMPLETED or FAILED."""
        return self.wait_until(workflow_id, *END_STATES, timeout=timeout)

    def __enter__(self) -> Self:
        self._enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit()
