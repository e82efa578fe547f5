"""The engine's processor, as ``worker.py`` makes it."""

from typing import TypeAlias

from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.state import VehicleState
from master_orchestrator.shell.processor import Processor, Work
from master_orchestrator.shell.worker import vehicle_job
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.topology import Topology

VehicleProcessor: TypeAlias = Processor[VehicleState, Outcome]
VehicleWork: TypeAlias = Work[VehicleState, Outcome]


def vehicle_processor(topology: Topology, metrics: Metrics | None = None) -> VehicleProcessor:
    """One of this topology, which counts into ``metrics``."""
    return Processor(*vehicle_job(topology, metrics or Metrics()))
