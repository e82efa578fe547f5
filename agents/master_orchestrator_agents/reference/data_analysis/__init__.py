"""DATA_ANALYSIS: which of triage's suspicions hold on the vehicle's readings and past."""

from master_orchestrator_agents.reference.data_analysis.agent import DataAnalysisAgent

__all__ = ["DataAnalysisAgent"]
