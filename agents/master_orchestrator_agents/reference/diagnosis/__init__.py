"""DIAGNOSIS: ranked causes, time to failure and the work to be done."""

from master_orchestrator_agents.reference.diagnosis.agent import DiagnosisAgent
from master_orchestrator_agents.reference.diagnosis.knowledge import Cause, Knowledge, load_knowledge

__all__ = ["Cause", "DiagnosisAgent", "Knowledge", "load_knowledge"]
