"""Names of commands. Deterministic, so a command that is sent again has the name it had."""

from typing import NamedTuple


class CommandName(NamedTuple):
    """The parts of a command id behind the workflow id."""

    step: str
    attempt: int
    revision: int


def command_id(workflow_id: str, step: str, attempt: int, revision: int) -> str:
    """``workflow_id/step/attempt/revision``."""
    return f"{workflow_id}/{step}/{attempt}/{revision}"


def parse_command_id(workflow_id: str, command: str) -> CommandName | None:
    """The inverse of :func:`command_id`, None for what it does not make."""
    parts = command.removeprefix(workflow_id + "/").split("/")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 10 for part in parts[1:]):
        return None
    name = CommandName(parts[0], int(parts[1]), int(parts[2]))
    return name if command_id(workflow_id, *name) == command else None
