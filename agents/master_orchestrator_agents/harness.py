"""Try a handler without a broker: what it is given is what a runner would give it, and its result is checked alike."""

from collections.abc import Mapping, Sequence
from typing import Any

import pydantic

from master_orchestrator_agents.errors import HarnessError, first_fault
from master_orchestrator_agents.handler import Handler, execute_batch
from master_orchestrator_schemas.messages import Command, Reply
from master_orchestrator_schemas.results import RESULTS, Result
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.vocabulary import AgentType, Priority

WITHIN_MS = 60_000
DEFAULT_AT_MS = 1_767_258_000_000
"""1 January 2026, 09:00 UTC: a harness reads no clock, so that a test means the same every day."""


class AgentHarness:
    """Runs one handler for payloads of its agent type.

    >>> def diagnose(task):
    ...     return {"causes": [{"component": "thermostat", "probability": 0.8}], "severity": 0.4}
    >>> AgentHarness(diagnose, AgentType.DIAGNOSIS).run(dtcs=["P0128"]).causes[0].component
    'thermostat'
    """

    def __init__(
        self,
        handler: Handler,
        agent_type: AgentType,
        *,
        vehicle_id: str = "vehicle-1",
        priority: Priority = Priority.SCHEDULED,
        attempt: int = 0,
        at_ms: int = DEFAULT_AT_MS,
    ) -> None:
        """``vehicle_id`` to ``at_ms`` (when the command was issued) go into the task's envelope."""
        self._handler = handler
        self._agent = AgentType(agent_type)
        self._vehicle_id = vehicle_id
        self._priority = priority
        self._attempt = attempt
        self._at_ms = at_ms

    def run(self, **payload: Any) -> Result:
        """The handler's typed result. Raises :class:`HarnessError` for a wrong payload, a failure, a wrong result."""
        reply = self.run_raw(**payload)
        if reply.failure is not None:
            failure = reply.failure
            raise HarnessError(f"the {self._agent} handler failed, {failure.kind} {failure.error}: {failure.message}")
        return RESULTS[self._agent].from_wire(reply.result or {})

    def run_raw(self, **payload: Any) -> Reply:
        """The reply as the engine would get it, failures included. Raises :class:`HarnessError` for a wrong payload."""
        return self.run_batch([payload])[0]

    def run_batch(self, payloads: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """For a batch handler: all payloads in one call, each of a vehicle of its own."""
        commands = [self._command(payload, number) for number, payload in enumerate(payloads)]
        return execute_batch(self._handler, commands, worker="harness")

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
            raise HarnessError(f"this is no payload of a {self._agent} task (fields: {fields}): {fault}") from error
