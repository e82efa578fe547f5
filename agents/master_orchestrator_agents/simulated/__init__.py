"""A simulated outside world: customers, workshops, a production register. Seeded, so that a run can be repeated."""

from master_orchestrator_agents.simulated.customers import CustomerBehaviour, SimulatedCustomers
from master_orchestrator_agents.simulated.production import SimulatedProduction
from master_orchestrator_agents.simulated.workshop import PlannedEvent, SimulatedWorkshops, WorkshopBehaviour

__all__ = [
    "CustomerBehaviour",
    "PlannedEvent",
    "SimulatedCustomers",
    "SimulatedProduction",
    "SimulatedWorkshops",
    "WorkshopBehaviour",
]
