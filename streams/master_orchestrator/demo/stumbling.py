"""Handlers for the demo: the reference agents, but for some vehicles their first executions fail, so retries are seen.

Which vehicles follows from their id alone, so a repeated command fails or succeeds as before. Given to the runners by
``agents --handler DIAGNOSIS=master_orchestrator.demo.stumbling:diagnosis``.
"""

from functools import cache
from typing import Any
from zlib import crc32

from master_orchestrator_agents.errors import RetryableError
from master_orchestrator_agents.task import Task
from master_orchestrator_schemas.vocabulary import AgentType

ONE_IN = 4
"""One vehicle in N meets a failing agent."""


def failures_of(vehicle_id: str, agent: AgentType) -> int:
    """How many executions fail before one succeeds: 0 for most vehicles, else 1 or 2."""
    drawn = crc32(f"{vehicle_id}/{agent}".encode())
    return 1 + drawn // ONE_IN % 2 if drawn % ONE_IN == 0 else 0


def diagnosis(task: Task) -> Any:
    """The reference DIAGNOSIS, whose knowledge base is sometimes away."""
    return _stumble(task, AgentType.DIAGNOSIS, "the knowledge base does not answer")


def scheduling(task: Task) -> Any:
    """The reference SCHEDULING, whose workshop is sometimes not reached."""
    return _stumble(task, AgentType.SCHEDULING, "the workshop's calendar does not answer")


def _stumble(task: Task, agent: AgentType, why: str) -> Any:
    if task.attempt < failures_of(task.vehicle_id, agent):
        raise RetryableError(f"{why} (a failure of the demo's making)")
    return _reference(agent)(task)


@cache
def _reference(agent: AgentType) -> Any:
    from master_orchestrator_agents.reference import reference_agent  # loads knowledge bases: when first needed

    return reference_agent(agent)
