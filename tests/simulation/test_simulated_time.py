"""The gateway's pace: the fleet's past arrives at the present when it ends, never in the future."""

import pytest

from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator.simulation.gateway import SimulatedGateway, SimulatedTime
from master_orchestrator_schemas.messages import Telemetry

NOW_MS = 1_700_000_000_000


class FakeProducer:
    """Acknowledges everything at once, and notes when it came."""

    def __init__(self, clock: "FakeClock") -> None:
        self.clock = clock
        self.sent: list[tuple[float, Telemetry]] = []
        self.closed = False

    def send(self, reading: Telemetry, delivered: object) -> None:
        self.sent.append((self.clock.now, reading))
        delivered(None)  # type: ignore[operator]  # a callback

    def poll(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class FakeClock:
    """Waiting moves it on."""

    def __init__(self, stop_at: float = 1e9) -> None:
        self.now = 0.0
        self.stop_at = stop_at

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now >= self.stop_at


def drive(fleet: Fleet, speed: float | None, clock: FakeClock) -> FakeProducer:
    producer = FakeProducer(clock)
    simulated = SimulatedTime.ending_now(0.0, NOW_MS, fleet.duration_s, speed)
    gateway = SimulatedGateway(producer, simulated, now_s=lambda: clock.now, wait_s=clock.wait)  # type: ignore[arg-type]  # a fake
    gateway.run(fleet)
    assert len(producer.sent) == gateway.tally.sent == gateway.tally.acknowledged
    return producer


def test_no_reading_is_ever_ahead_of_the_clock() -> None:
    producer = drive(Fleet(vehicles=3, minutes=5), 60.0, FakeClock())
    assert all(reading.ts_ms <= NOW_MS + wall_s * 1000 for wall_s, reading in producer.sent)


def test_sixty_minutes_take_one_at_sixty_times_the_speed() -> None:
    clock = FakeClock()
    drive(Fleet(vehicles=1, minutes=60, interval_s=10), 60.0, clock)
    assert clock.now == pytest.approx(60, abs=1)


def test_without_a_speed_nothing_is_waited_for() -> None:
    clock = FakeClock()
    drive(Fleet(vehicles=1, minutes=5), None, clock)
    assert 0 == clock.now


def test_a_stop_ends_the_drive_and_still_waits_for_the_acknowledgements() -> None:
    producer = drive(Fleet(vehicles=1, minutes=5), 1.0, FakeClock(stop_at=20.0))
    assert producer.closed
    assert 15 < len(producer.sent) < 25


def test_slower_than_the_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1"):
        SimulatedTime.ending_now(0.0, NOW_MS, 60.0, 0.5)
