"""The fleet's gateway: simulated time against the wall clock, and every reading into Kafka."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from master_orchestrator.ingest.producer import TelemetryProducer
from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator.simulation.transport import Emission

MAX_SLEEP_S = 0.2
"""So that a stop is heard and delivery reports are taken."""


@dataclass(frozen=True)
class SimulatedTime:
    """Maps the fleet's time to the wall clock: ``speed`` seconds of the fleet in one second, None: no waiting.

    The fleet starts so far in the past that it arrives at the present when it ends: its readings are never in the
    future, which the engine would refuse.
    """

    wall_start_s: float
    start_ms: int
    speed: float | None

    @classmethod
    def ending_now(cls, wall_start_s: float, now_ms: int, duration_s: float, speed: float | None) -> "SimulatedTime":
        """For a fleet of ``duration_s`` that starts at ``wall_start_s`` (any origin), when it is ``now_ms`` UTC."""
        if speed is not None and speed < 1:
            raise ValueError(f"speed {speed:g} is below 1: the fleet's time cannot run slower than the clock")
        return cls(wall_start_s, now_ms - int(duration_s * 1000), speed)

    def due_s(self, at_ms: int) -> float:
        """When an emission of the fleet's time ``at_ms`` is due on the wall clock."""
        if self.speed is None:
            return self.wall_start_s
        return self.wall_start_s + (at_ms - self.start_ms) / 1000 / self.speed


@dataclass
class GatewayTally:
    """What the gateway did so far."""

    sent: int = 0
    acknowledged: int = 0
    failed: int = 0

    def delivered(self, failure: str | None) -> None:
        """Count a delivery report."""
        if failure is None:
            self.acknowledged += 1
        else:
            self.failed += 1


class SimulatedGateway:
    """Sends a fleet's readings when they are due.

    Args:
        now_s: a clock in seconds, of the same origin as ``time.wall_start_s``.
        wait_s: waits that many seconds, and returns True to stop the gateway.
    """

    def __init__(
        self,
        producer: TelemetryProducer,
        time: SimulatedTime,
        *,
        now_s: Callable[[], float],
        wait_s: Callable[[float], bool],
    ) -> None:
        self._producer = producer
        self._time = time
        self._now_s = now_s
        self._wait_s = wait_s
        self.tally = GatewayTally()

    @property
    def start_ms(self) -> int:
        """The fleet's first moment, milliseconds since 1970 UTC."""
        return self._time.start_ms

    def run(self, fleet: Fleet, progress: Callable[[GatewayTally, Emission], None] | None = None) -> GatewayTally:
        """Send everything, or what was due until the stop, and wait for the acknowledgements."""
        for emission in self._due(fleet.emissions(self._time.start_ms)):
            self._producer.send(emission.reading, self.tally.delivered)
            self.tally.sent += 1
            if progress is not None:
                progress(self.tally, emission)
        self._producer.close()
        return self.tally

    def _due(self, emissions: Iterator[Emission]) -> Iterator[Emission]:
        """Each emission when its time has come; ends early at a stop."""
        for emission in emissions:
            due_s = self._time.due_s(emission.at_ms)
            while (ahead_s := due_s - self._now_s()) > 0 and not self._wait_s(min(ahead_s, MAX_SLEEP_S)):
                self._producer.poll()
            if self._wait_s(0):
                return
            yield emission
