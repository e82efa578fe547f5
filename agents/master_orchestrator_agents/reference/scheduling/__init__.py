"""SCHEDULING: workshop appointments without double booking."""

from master_orchestrator_agents.reference.scheduling.agent import SchedulingAgent
from master_orchestrator_agents.reference.scheduling.seeding import seed_workshops
from master_orchestrator_agents.reference.scheduling.store import SchedulingStore

__all__ = ["SchedulingAgent", "SchedulingStore", "seed_workshops"]
