"""Master Orchestrator: every vehicle's maintenance workflow, on Kafka or in memory.

The names below are loaded when they are first asked for, so that an engine or the command line loads what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from master_orchestrator.errors import OrchestratorError
    from master_orchestrator.facade import AsyncMasterOrchestrator, MasterOrchestrator
    from master_orchestrator_agents.errors import PermanentError, RetryableError
    from master_orchestrator_agents.task import Task
    from master_orchestrator_schemas.vocabulary import AgentType, Answer, Priority, ServiceEventKind, State

__all__ = [
    "AgentType",
    "Answer",
    "AsyncMasterOrchestrator",
    "MasterOrchestrator",
    "OrchestratorError",
    "PermanentError",
    "Priority",
    "RetryableError",
    "ServiceEventKind",
    "State",
    "Task",
]

_HOMES = {
    "AgentType": "master_orchestrator_schemas.vocabulary",
    "Answer": "master_orchestrator_schemas.vocabulary",
    "AsyncMasterOrchestrator": "master_orchestrator.facade",
    "MasterOrchestrator": "master_orchestrator.facade",
    "OrchestratorError": "master_orchestrator.errors",
    "PermanentError": "master_orchestrator_agents.errors",
    "Priority": "master_orchestrator_schemas.vocabulary",
    "RetryableError": "master_orchestrator_agents.errors",
    "ServiceEventKind": "master_orchestrator_schemas.vocabulary",
    "State": "master_orchestrator_schemas.vocabulary",
    "Task": "master_orchestrator_agents.task",
}


if not TYPE_CHECKING:  # a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
