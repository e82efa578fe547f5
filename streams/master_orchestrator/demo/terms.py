"""What a demo is told."""

from collections.abc import Callable
from dataclasses import dataclass

from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator.supervision.local_system import LocalSystem
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology


@dataclass(frozen=True)
class DemoTerms:
    """What the demo runs.

    Args:
        system: broker (if it is to be started), engine and agents.
        kafka: where they meet.
        fleet: who drives; its vehicles are new to the cluster.
        speed: seconds of the fleet's time in one second.
        timeout_s: seconds after which the demo gives up.
        provision: makes the topics.
        started_s: ``time.monotonic()`` when the user asked for the demo.
    """

    system: LocalSystem
    topology: Topology
    kafka: KafkaSettings
    fleet: Fleet
    speed: float
    timeout_s: float
    provision: Callable[[], object]
    started_s: float
