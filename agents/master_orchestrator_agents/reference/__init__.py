"""The reference agents: honest first versions of all six, asked for by name and never used silently."""

from master_orchestrator_agents.reference.registry import reference_agent, reference_agents

__all__ = ["reference_agent", "reference_agents"]
