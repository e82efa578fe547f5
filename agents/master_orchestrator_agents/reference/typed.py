"""A task's typed model, checked to be the one its agent understands."""

from typing import TypeVar

from master_orchestrator_agents.errors import PermanentError
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas import tasks

M = TypeVar("M", bound=tasks.Task)


def model_of(task: Task, model: type[M]) -> M:
    """The payload of ``task`` as ``model``. Raises :class:`PermanentError` for another agent's task."""
    if not isinstance(task.model, model):
        raise PermanentError(
            f"command {task.command_id} is for {task.agent_type}, this agent wants a {model.__name__}: "
            "register each reference agent under its own type"
        )
    return task.model
