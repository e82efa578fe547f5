"""What ``master-orchestrator simulate`` does, apart from its options."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress

from master_orchestrator.ingest.pacing import parse_speed
from master_orchestrator.ingest.producer import TelemetryProducer
from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator.simulation.gateway import GatewayTally, SimulatedGateway, SimulatedTime
from master_orchestrator.simulation.transport import Emission
from master_orchestrator.supervision.stopping import stop_requested
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

SHOW_EVERY = 200
TELL_EVERY_S = 10.0


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
    """Drive the whole fleet, or until Ctrl-C, and say so on ``console``."""
    with stop_requested() as stop, Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        gateway = fleet_gateway(fleet, speed, kafka, topology, stop)
        return gateway.run(fleet, Telling(bar, fleet, gateway.start_ms, stop))


class Telling:
    """Says what a run does while it does it: with a bar on a terminal, else in a line every ten seconds."""

    def __init__(
        self,
        bar: Progress,
        fleet: Fleet,
        start_ms: int,
        stop: threading.Event,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bar, self._start_ms, self._stop, self._now_s = bar, start_ms, stop, now_s
        self._task = bar.add_task("driving", total=fleet.duration_s * 1000)
        self._tell(f"driving {fleet.vehicles:,} vehicles, {fleet.duration_s / 60:g} minutes of their time")

    def __call__(self, tally: GatewayTally, emission: Emission) -> None:
        """A reading is about to be sent."""
        if tally.sent % SHOW_EVERY == 0:
            counts = f"{tally.sent:,} readings sent, {tally.acknowledged:,} acknowledged"
            line = "stopping" if self._stop.is_set() else counts
            self._bar.update(self._task, completed=emission.at_ms - self._start_ms, description=line)
            if self._now_s() >= self._next_s:
                self._tell(line)

    def _tell(self, line: str) -> None:
        self._next_s = self._now_s() + TELL_EVERY_S
        if not self._bar.console.is_terminal:
            self._bar.console.print(line, highlight=False)


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
