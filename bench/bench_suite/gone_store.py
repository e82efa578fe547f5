"""An agent whose store does not answer: its acts fail as UNAVAILABLE, its commands in every try."""

from master_orchestrator_agents.task import Task


def analyse(task: Task) -> dict[str, object]:
    """Never comes to an answer."""
    with task.access("read", "telemetry"):
        raise ConnectionError("the store does not answer")
