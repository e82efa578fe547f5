"""What a handler is given: one command, as a mapping and with attributes."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pydantic

from master_orchestrator_agents.errors import InvalidTaskError, first_fault
from master_orchestrator_schemas import tasks
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.vocabulary import AgentType, Priority

ENVELOPE = (
    "command_id",
    "workflow_id",
    "vehicle_id",
    "agent_type",
    "priority",
    "step",
    "attempt",
    "issued_at_ms",
    "deadline_ms",
)
"""The keys every task has, whatever its agent; the others are the fields of the agent's task model."""


class Task(Mapping[str, Any]):
    """One command for one agent. Read-only.

    As a mapping it holds plain builtins, as they travelled: ``task["findings"][0]["subsystem"]``. As attributes the
    payload's fields are typed: ``task.findings[0].subsystem``. Both know the envelope: ``task.vehicle_id``,
    ``task["vehicle_id"]``. ``task.model`` is the whole typed task; the car's model is ``task["model"]``.
    """

    def __init__(self, command: Command) -> None:
        self.command_id: str = command.command_id
        self.workflow_id: str = command.workflow_id
        self.vehicle_id: str = command.vehicle_id
        self.agent_type: AgentType = command.agent
        self.priority: Priority = command.priority
        self.step: str = command.step
        self.attempt: int = command.attempt
        self.issued_at_ms: int = command.issued_at_ms
        self.deadline_ms: int = command.deadline_ms
        self.payload: dict[str, Any] = command.payload

    @property
    def deadline(self) -> datetime:
        """When the engine stops waiting for the reply, UTC."""
        return datetime.fromtimestamp(self.deadline_ms / 1000, UTC)

    @cached_property
    def model(self) -> tasks.Task:
        """The typed task of this agent (``master_orchestrator_schemas.tasks``). Raises :class:`InvalidTaskError`."""
        model = tasks.TASKS[self.agent_type]
        try:
            return model.model_validate(self.payload)
        except pydantic.ValidationError as error:
            fault = first_fault(error)
            raise InvalidTaskError(f"command {self.command_id}: its payload is no {model.__name__}: {fault}") from error

    def __getattr__(self, name: str) -> Any:
        """The payload's fields, typed."""
        if name.startswith("_") or "agent_type" not in vars(self):  # copying and pickling ask before there is anything
            raise AttributeError(name)
        if name in tasks.TASKS[self.agent_type].model_fields:
            return getattr(self.model, name)
        known = sorted({*ENVELOPE, *tasks.TASKS[self.agent_type].model_fields})
        raise AttributeError(f"a {self.agent_type} task has no {name!r}; it has {', '.join(known)}")

    def __getitem__(self, key: str) -> Any:
        if key in ENVELOPE:
            return getattr(self, key)
        return self.payload[key]

    def __iter__(self) -> Iterator[str]:
        yield from ENVELOPE
        yield from (key for key in self.payload if key not in ENVELOPE)

    def __len__(self) -> int:
        return len(ENVELOPE) + sum(key not in ENVELOPE for key in self.payload)

    def __repr__(self) -> str:
        return f"Task({self.command_id}, {self.agent_type}, {self.priority.name})"
