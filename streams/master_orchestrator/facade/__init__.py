"""The orchestrator as a Python object: ``from master_orchestrator import MasterOrchestrator, AgentType``."""

from master_orchestrator.facade.async_orchestrator import AsyncMasterOrchestrator
from master_orchestrator.facade.orchestrator import MasterOrchestrator

__all__ = ["AsyncMasterOrchestrator", "MasterOrchestrator"]
