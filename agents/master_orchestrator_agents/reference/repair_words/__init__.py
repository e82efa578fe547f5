"""What technicians write of a repair, as components: free text in English, German and Spanish."""

from master_orchestrator_agents.reference.repair_words.reading import RepairText, component_of, read_repair
from master_orchestrator_agents.reference.repair_words.words import causes_of

__all__ = ["RepairText", "causes_of", "component_of", "read_repair"]
