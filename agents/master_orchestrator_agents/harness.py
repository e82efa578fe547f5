"""Try a handler without a broker: what it is given is what a runner would give it, and its result is checked alike."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack, cast, overload

import pydantic

from master_orchestrator_agents.charter import Charter
from master_orchestrator_agents.errors import HarnessError, first_fault
from master_orchestrator_agents.guard import Guard, Session
from master_orchestrator_agents.handler import Handler, execute_batch
from master_orchestrator_agents.recording import Author, Occasion, outcome_of
from master_orchestrator_schemas.messages import Activity, Command, Reply, SessionAct
from master_orchestrator_schemas.results import (
    RESULTS,
    CustomerEngagementResult,
    DataAnalysisResult,
    DiagnosisResult,
    FeedbackResult,
    ManufacturingQualityResult,
    Result,
    SchedulingResult,
)
from master_orchestrator_schemas.tasks import (
    TASKS,
    CustomerEngagementTask,
    DataAnalysisTask,
    DiagnosisTask,
    FeedbackTask,
    ManufacturingQualityTask,
    SchedulingTask,
)
from master_orchestrator_schemas.vocabulary import ActorKind, AgentType, Priority

WITHIN_MS = 60_000
DEFAULT_AT_MS = 1_767_258_000_000
"""1 January 2026, 09:00 UTC: a harness reads no clock, so that a test means the same every day."""


R = TypeVar("R", bound=Result)


class Envelope(TypedDict, total=False):
    """What a harness puts into the envelope of its tasks.

    ``vehicle_id`` ("vehicle-1"), ``priority`` (SCHEDULED), ``attempt`` (0); ``at_ms``: when the command was issued
    (1 January 2026, 09:00 UTC). ``charter``: what the handler may do, ``Charter.of_agent(load_topology(), agent)``; by
    default nothing is refused.
    """

    vehicle_id: str
    priority: Priority
    attempt: int
    at_ms: int
    charter: Charter | None


class AgentHarness(Generic[R]):
    """Runs one handler for payloads of its agent type.

    >>> def diagnose(task):
    ...     return {"causes": [{"component": "thermostat", "probability": 0.8}], "severity": 0.4}
    >>> AgentHarness(diagnose, AgentType.DIAGNOSIS).run(dtcs=["P0128"]).causes[0].component
    'thermostat'

    ``activity`` holds the records of what the handler said it does, one session per payload, in order.
    """

    @overload
    def __init__(
        self: "AgentHarness[DataAnalysisResult]",
        handler: Handler[DataAnalysisTask, DataAnalysisResult],
        agent_type: Literal[AgentType.DATA_ANALYSIS, "DATA_ANALYSIS"],
        **envelope: Unpack[Envelope],
    ) -> None: ...

    @overload
    def __init__(
        self: "AgentHarness[DiagnosisResult]",
        handler: Handler[DiagnosisTask, DiagnosisResult],
        agent_type: Literal[AgentType.DIAGNOSIS, "DIAGNOSIS"],
        **envelope: Unpack[Envelope],
    ) -> None: ...

    @overload
    def __init__(
        self: "AgentHarness[CustomerEngagementResult]",
        handler: Handler[CustomerEngagementTask, CustomerEngagementResult],
        agent_type: Literal[AgentType.CUSTOMER_ENGAGEMENT, "CUSTOMER_ENGAGEMENT"],
        **envelope: Unpack[Envelope],
    ) -> None: ...

    @overload
    def __init__(
        self: "AgentHarness[SchedulingResult]",
        handler: Handler[SchedulingTask, SchedulingResult],
        agent_type: Literal[AgentType.SCHEDULING, "SCHEDULING"],
        **envelope: Unpack[Envelope],
    ) -> None: ...

    @overload
    def __init__(
        self: "AgentHarness[FeedbackResult]",
        handler: Handler[FeedbackTask, FeedbackResult],
        agent_type: Literal[AgentType.FEEDBACK, "FEEDBACK"],
        **envelope: Unpack[Envelope],
    ) -> None: ...

    @overload
    def __init__(
        self: "AgentHarness[ManufacturingQualityResult]",
        handler: Handler[ManufacturingQualityTask, ManufacturingQualityResult],
        agent_type: Literal[AgentType.MANUFACTURING_QUALITY, "MANUFACTURING_QUALITY"],
        **envelope: Unpack[Envelope],
    ) -> None: ...

    @overload
    def __init__(
        self: "AgentHarness[Any]", handler: Handler, agent_type: AgentType, **envelope: Unpack[Envelope]
    ) -> None: ...

    def __init__(self, handler: Handler, agent_type: AgentType | str, **envelope: Unpack[Envelope]) -> None:
        self._handler = handler
        self._agent = AgentType(agent_type)
        self._vehicle_id = envelope.get("vehicle_id", "vehicle-1")
        self._priority = envelope.get("priority", Priority.SCHEDULED)
        self._attempt = envelope.get("attempt", 0)
        self._at_ms = envelope.get("at_ms", DEFAULT_AT_MS)
        charter = envelope.get("charter")
        self._guard = Guard(charter, ahead=self._written_ahead)
        actor, digest = f"{ActorKind.AGENT}:{self._agent}", None if charter is None else charter.digest
        self._author = Author(actor, ActorKind.AGENT, "harness", self._at_ms, charter=digest)
        self.activity: list[Activity] = []

    def run(self, **payload: Any) -> R:
        """The handler's typed result. Raises :class:`HarnessError` for a wrong payload, a failure, a wrong result."""
        reply = self.run_raw(**payload)
        if reply.failure is not None:
            failure = reply.failure
            raise HarnessError(f"the {self._agent} handler failed, {failure.kind} {failure.error}: {failure.message}")
        result = RESULTS[self._agent].from_wire(reply.result or {})
        return cast("R", result)  # R is the result model of this agent type

    def run_raw(self, **payload: Any) -> Reply:
        """The reply as the engine would get it, failures included. Raises :class:`HarnessError` for a wrong payload."""
        return self.run_batch([payload])[0]

    def run_batch(self, payloads: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """For a batch handler: all payloads in one call, each of a vehicle of its own."""
        commands = [self._command(payload, number) for number, payload in enumerate(payloads)]
        sessions = [Session.of(self._guard, command) for command in commands]
        replies = execute_batch(self._handler, commands, worker="harness", sessions=sessions)
        for session, reply in zip(sessions, replies, strict=True):
            self.activity += self._author.done(
                session.occasion, session.acts.merged(), outcome=outcome_of(reply), at_ms=self._at_ms
            )
        return replies

    def _written_ahead(self, occasion: Occasion, act: SessionAct) -> None:
        self.activity.append(self._author.before(occasion, act, at_ms=self._at_ms))

    def _command(self, payload: Mapping[str, Any], number: int) -> Command:
        vehicle_id = f"{self._vehicle_id}-{number}" if number else self._vehicle_id
        workflow_id = f"{vehicle_id}~1"
        checked = self._checked(payload)
        return Command(
            command_id=f"{workflow_id}/{self._agent}/{self._attempt}/0",
            workflow_id=workflow_id,
            vehicle_id=vehicle_id,
            agent=self._agent,
            priority=Priority(checked.get("priority", self._priority)),
            step=self._agent.value,
            attempt=self._attempt,
            revision=0,
            issued_at_ms=self._at_ms,
            deadline_ms=self._at_ms + WITHIN_MS,
            payload=checked,
        )

    def _checked(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The payload with the defaults filled in, as builtins, as it would arrive."""
        model = TASKS[self._agent]
        try:
            return model.model_validate(dict(payload)).model_dump(mode="json")
        except pydantic.ValidationError as error:
            fields = ", ".join(model.model_fields)
            fault = first_fault(error)
            raise HarnessError(
                f"this is not a valid payload of a {self._agent} task (fields: {fields}): {fault}"
            ) from error
