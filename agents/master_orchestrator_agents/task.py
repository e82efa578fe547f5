"""What a handler is given: one command, as a mapping and with attributes."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, cast

import pydantic
from typing_extensions import TypeVar

from master_orchestrator_agents.errors import InvalidTaskError, first_fault
from master_orchestrator_agents.guard import UNGUARDED, Access, Session, in_hand
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.tasks import TASKS, TaskModel
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


M = TypeVar("M", bound=TaskModel)
M_co = TypeVar("M_co", bound=TaskModel, covariant=True, default=TaskModel)


class Task(Mapping[str, Any], Generic[M_co]):
    """One command for one agent. Read-only.

    ``Task[DiagnosisTask]`` is a task of DIAGNOSIS; ``task.model`` is its payload as the typed model, so that a type
    checker knows ``task.model.findings[0].subsystem``. As a mapping it holds plain builtins, as they travelled:
    ``task["findings"][0]["subsystem"]``; the car's model is ``task["model"]``. Attributes and mapping both have the
    envelope: ``task.vehicle_id``, ``task["vehicle_id"]``. Without a type checker, the model's fields are attributes of
    the task as well: ``task.findings``.
    """

    def __init__(self, command: Command, session: Session | None = None) -> None:
        """``session``: where its acts are checked and recorded; by default nothing is refused."""
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
        self._session = Session.of(UNGUARDED, command) if session is None else session

    def access(self, action: str, resource: str, *, entity: str | None = None, rows: int | None = None) -> Access:
        """Ask for one act and put it on record: ``with task.access("read", "customer_profile") as access:``.

        In an async handler ``async with``. It is checked against the agent's charter before the block begins:
        :class:`CharterError` if it is not allowed, :class:`ControlledError` if the agent is held back for now. An
        exception in the block is the act's failure, and goes on.

        Args:
            action: read, write, delete, send or admin.
            resource: a name of ``resources`` in ``topology.yaml``.
            entity: whom it concerns; by default the task's vehicle.
            rows: how many rows it reads or writes; where that is not known before, set ``access.rows`` in the block.
        """
        return self._session.access(action, resource, entity=entity, rows=rows)

    def in_hand(self) -> AbstractContextManager[None]:
        """Within the block, guarded functions are acts of this task: for batch handlers, and threads of your own."""
        return in_hand(self._session)

    @property
    def deadline(self) -> datetime:
        """When the engine stops waiting for the reply, UTC."""
        return datetime.fromtimestamp(self.deadline_ms / 1000, UTC)

    @cached_property
    def model(self) -> M_co:
        """The payload as the task model of its agent. Raises :class:`InvalidTaskError`."""
        model = TASKS[self.agent_type]
        try:
            return cast("M_co", model.model_validate(self.payload))  # M_co is the model of this agent type
        except pydantic.ValidationError as error:
            fault = first_fault(error)
            problem = f"command {self.command_id}: its payload is not a valid {model.__name__}: {fault}"
            raise InvalidTaskError(problem) from error

    def expect(self, model: type[M]) -> M:
        """The payload as ``model``, checked when it runs, for handlers that are called without a type checker.

        Raises :class:`InvalidTaskError` for the task of another agent, which means a handler registered for it.
        """
        if not isinstance(self.model, model):
            raise InvalidTaskError(
                f"command {self.command_id} is for {self.agent_type}, this handler takes a {model.__name__}: "
                "register each handler for its own agent"
            )
        return self.model

    if not TYPE_CHECKING:  # a type checker would accept any name

        def __getattr__(self, name: str) -> Any:
            """The model's fields."""
            if name.startswith("_") or "agent_type" not in vars(self):  # before __init__, as copy and pickle do
                raise AttributeError(name)
            if name in TASKS[self.agent_type].model_fields:
                return getattr(self.model, name)
            known = sorted({*ENVELOPE, *TASKS[self.agent_type].model_fields})
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
