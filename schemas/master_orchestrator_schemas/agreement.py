"""What has to hold of a message beyond its fields' types: an agent's commands and replies carry its own records."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from master_orchestrator_schemas.messages import Command, Reply
from master_orchestrator_schemas.results import MAX_EXTRAS, RESULTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.vocabulary import AgentType

TASK_KEYS: Mapping[AgentType, frozenset[str]] = {agent: frozenset(model.model_fields) for agent, model in TASKS.items()}
RESULT_KEYS: Mapping[AgentType, frozenset[str]] = {
    agent: frozenset(model.model_fields) | {"extras"} for agent, model in RESULTS.items()
}
BRANCHES: Mapping[type[msgspec.Struct], Mapping[AgentType, str]] = {
    Command: {agent: model.__name__ for agent, model in TASKS.items()},
    Reply: {agent: model.__name__ for agent, model in RESULTS.items()},
}
"""Message class -> agent -> the Avro record of its payload or result."""


def written_command(command: Command) -> None:
    """Raise ``ValueError`` if the payload has keys that would get lost."""
    _known(command.payload, TASK_KEYS[command.agent])


def written_reply(reply: Reply) -> None:
    """Raise ``ValueError`` if the result has keys that would get lost."""
    if reply.result is not None:
        _known(reply.result, RESULT_KEYS[reply.agent])


def read_command(command: Command) -> None:
    """Raise ``ValueError`` unless the payload is of the command's agent."""
    if command.payload.keys() != TASK_KEYS[command.agent]:
        raise ValueError(f"the payload is not a task of {command.agent}")


def read_reply(reply: Reply) -> None:
    """Raise ``ValueError`` unless there is either a failure or a result of the reply's agent, with readable extras."""
    if (reply.result is None) == (reply.failure is None):
        raise ValueError("a reply has either a result or a failure")
    if reply.result is None:
        return
    if reply.result.keys() != RESULT_KEYS[reply.agent]:
        raise ValueError(f"the result is not one of {reply.agent}")
    if len(reply.result["extras"]) > MAX_EXTRAS:
        raise ValueError(f"more than {MAX_EXTRAS} extras")
    for name, text in reply.result["extras"].items():
        _readable(name, text)


def _known(value: Mapping[str, Any], keys: frozenset[str]) -> None:
    if not value.keys() <= keys:
        unknown = ", ".join(sorted(value.keys() - keys))
        raise ValueError(f"{unknown} would be lost; a result's own keys go through Result.to_wire()")


def _readable(name: str, text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"extras.{name} is not JSON text") from error


WRITTEN: Mapping[type[msgspec.Struct], Callable[[Any], None]] = {Command: written_command, Reply: written_reply}
"""Message class -> what is checked before writing."""

READ: Mapping[type[msgspec.Struct], Callable[[Any], None]] = {Command: read_command, Reply: read_reply}
"""Message class -> what is checked after reading."""
