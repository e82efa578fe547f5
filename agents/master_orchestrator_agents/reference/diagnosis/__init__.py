"""DIAGNOSIS: ranked causes, time to failure and the work to be done."""

from master_orchestrator_agents.reference.diagnosis.agent import DiagnosisAgent
from master_orchestrator_agents.reference.diagnosis.knowledge import Knowledge, KnownCause, load_knowledge

__all__ = ["DiagnosisAgent", "Knowledge", "KnownCause", "load_knowledge"]
