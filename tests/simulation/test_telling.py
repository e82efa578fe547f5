"""`simulate` says what it does off a terminal too."""

import io
import threading

from rich.console import Console
from rich.progress import Progress

from master_orchestrator.simulation.command import SHOW_EVERY, TELL_EVERY_S, Telling
from master_orchestrator.simulation.fleet import Fleet
from master_orchestrator.simulation.gateway import GatewayTally
from master_orchestrator.simulation.transport import Emission
from master_orchestrator_schemas.messages import Telemetry


def test_a_line_is_written_at_the_start_and_every_ten_seconds() -> None:
    written, stop, now = io.StringIO(), threading.Event(), [0.0]
    fleet = Fleet(
        vehicles=3, seed=1, fault_share=0.0, minutes=5.0, interval_s=1.0, prefix="car", faults=("overheating",)
    )
    emission = Emission(0, Telemetry(vehicle_id="car-1", ts_ms=1))
    with Progress(console=Console(file=written, width=100), disable=True) as bar:
        telling = Telling(bar, fleet, 0, stop, lambda: now[0])
        telling(GatewayTally(sent=SHOW_EVERY, acknowledged=1), emission)
        now[0] = TELL_EVERY_S
        telling(GatewayTally(sent=2 * SHOW_EVERY, acknowledged=399), emission)
        now[0] = 2 * TELL_EVERY_S
        stop.set()
        telling(GatewayTally(sent=3 * SHOW_EVERY, acknowledged=599), emission)
    assert [
        "driving 3 vehicles, 5 minutes of their time",
        "400 readings sent, 399 acknowledged",
        "stopping",
    ] == written.getvalue().splitlines()
