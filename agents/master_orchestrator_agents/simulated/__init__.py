"""Simulated outside world: customers, workshops and a production register. Seeded, so that a run can be repeated."""

from master_orchestrator_agents.simulated.customers import CustomerBehaviour, SimulatedCustomers

__all__ = ["CustomerBehaviour", "SimulatedCustomers"]
