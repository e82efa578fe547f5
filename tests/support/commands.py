"""Commands as the engine makes them, for tests of what comes after it."""

from collections.abc import Mapping
from typing import Any

from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.vocabulary import AgentType, Priority


def command_for(
    agent: AgentType,
    workflow_id: str = "v1~1",
    *,
    priority: Priority = Priority.HIGH,
    attempt: int = 0,
    revision: int = 0,
    issued_at_ms: int = 0,
    within_ms: int = 60_000,
    payload: Mapping[str, Any] | None = None,
) -> Command:
    """The command of a workflow's step, to be answered within N milliseconds."""
    return Command(
        command_id=f"{workflow_id}/{agent}/{attempt}/{revision}",
        workflow_id=workflow_id,
        vehicle_id=workflow_id.rpartition("~")[0],
        agent=agent,
        priority=priority,
        step=agent.value,
        attempt=attempt,
        revision=revision,
        issued_at_ms=issued_at_ms,
        deadline_ms=issued_at_ms + within_ms,
        payload=dict(payload or {}),
    )
