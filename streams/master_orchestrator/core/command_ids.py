"""Names of commands. Deterministic, so a command that is sent again has the name it had."""

import re
from typing import NamedTuple

_AFTER_THE_WORKFLOW = re.compile(r"/([^/]*)/(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,8})")


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
    parts = _AFTER_THE_WORKFLOW.fullmatch(command, len(workflow_id)) if command.startswith(workflow_id) else None
    return None if parts is None else CommandName(parts[1], int(parts[2]), int(parts[3]))
