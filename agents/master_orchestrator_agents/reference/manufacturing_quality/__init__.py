"""MANUFACTURING_QUALITY: confirmed repairs against production, and an action where a build month stands out."""

from master_orchestrator_agents.reference.manufacturing_quality.agent import ManufacturingQualityAgent
from master_orchestrator_agents.reference.ports import Built, ProductionRegister

__all__ = ["Built", "ManufacturingQualityAgent", "ProductionRegister"]
