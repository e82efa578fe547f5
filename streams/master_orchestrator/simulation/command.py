"""What ``master-orchestrator simulate`` does, apart from its options."""

import threading
import time
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress, TaskID

from master_orchestrator.ingest.pacing import parse_speed
from master_orchestrator.ingest.producer import TelemetryProducer
from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator.simulation.gateway import GatewayTally, SimulatedGateway, SimulatedTime
from master_orchestrator.supervision.stopping import stop_requested
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

SHOW_EVERY = 200


def unique_prefix() -> str:
    """A prefix for vehicles that no earlier run has had: to those, this run's past would be late."""
    return f"sim-{datetime.now(UTC):%m%d%H%M%S}"


def fleet_speed(text: str) -> float | None:
    """``60x``, or None for ``max``. Raises ValueError, also below 1x: the fleet's time would fall behind the clock."""
    speed = parse_speed(text)
    if speed is not None and speed < 1:
        raise ValueError(f"speed {text} is below 1x: the fleet's time cannot run slower than the clock")
    return speed


def fleet_gateway(
    fleet: Fleet, speed: float | None, kafka: KafkaSettings, topology: Topology, stop: threading.Event
) -> SimulatedGateway:
    """A gateway for ``fleet``, starting now; setting ``stop`` ends it. Raises if no broker answers."""
    producer = TelemetryProducer(kafka, topology, "master-orchestrator/simulate")
    producer.check()
    simulated = SimulatedTime.ending_now(time.monotonic(), int(time.time() * 1000), fleet.duration_s, speed)
    return SimulatedGateway(producer, simulated, now_s=time.monotonic, wait_s=stop.wait)


def run_fleet(
    fleet: Fleet, speed: float | None, kafka: KafkaSettings, topology: Topology, console: Console
) -> GatewayTally:
    """Drive the whole fleet, or until Ctrl-C, with a progress bar if ``console`` is a terminal."""
    with stop_requested() as stop, Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        gateway = fleet_gateway(fleet, speed, kafka, topology, stop)
        task = bar.add_task("driving", total=fleet.duration_s * 1000)
        start_ms = gateway.start_ms
        return gateway.run(fleet, lambda tally, emission: _show(bar, task, tally, emission.at_ms - start_ms, stop))


def _show(bar: Progress, task: TaskID, tally: GatewayTally, elapsed_ms: int, stop: threading.Event) -> None:
    if tally.sent % SHOW_EVERY == 0:
        text = "stopping" if stop.is_set() else f"{tally.sent:,} readings sent, {tally.acknowledged:,} acknowledged"
        bar.update(task, completed=elapsed_ms, description=text)


def tally_json(fleet: Fleet, tally: GatewayTally) -> dict[str, object]:
    """The result for ``--json``: the counts, and what was broken in which vehicle."""
    broken = {plan.vehicle_id: plan.fault.name for plan in fleet.roster() if plan.fault}
    counts = {"sent": tally.sent, "acknowledged": tally.acknowledged, "failed": tally.failed}
    return {**counts, "vehicles": fleet.vehicles, "seed": fleet.seed, "faults": broken}


def tally_text(fleet: Fleet, tally: GatewayTally) -> str:
    """The result for people."""
    broken = [f"{plan.vehicle_id}: {plan.fault.name}" for plan in fleet.roster() if plan.fault]
    readings = f"{tally.sent:,} readings sent, {tally.acknowledged:,} acknowledged"
    failed = f", {tally.failed:,} FAILED" if tally.failed else ""
    return "\n".join([*broken, f"{fleet.vehicles} vehicles, {len(broken)} of them faulty: {readings}{failed}"])
