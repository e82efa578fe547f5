"""The agent SDK, its runners and the reference agents of Master Orchestrator."""

from master_orchestrator_agents.errors import (
    AgentError,
    HarnessError,
    InvalidResultError,
    InvalidTaskError,
    PermanentError,
    RetryableError,
    RunnerError,
)
from master_orchestrator_agents.handler import BatchHandler, Handler, aexecute, batch_handler, execute
from master_orchestrator_agents.harness import AgentHarness
from master_orchestrator_agents.lanes import LanePicker, wait_bound
from master_orchestrator_agents.task import Task

__all__ = [
    "AgentError",
    "AgentHarness",
    "BatchHandler",
    "Handler",
    "HarnessError",
    "InvalidResultError",
    "InvalidTaskError",
    "LanePicker",
    "PermanentError",
    "RetryableError",
    "RunnerError",
    "Task",
    "aexecute",
    "batch_handler",
    "execute",
    "wait_bound",
]
