"""A vehicle's share: how many readings and checks it may send before they are rejected, so that none crowds out others.

A rejected reading is a dead letter: counted by its reason, and kept so that it can be sent again. Fixed windows
are enough: at a window's edge a vehicle has at most twice its share, for a moment.
"""

from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import Share
from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.topology import VehicleTerms

SECOND_MS, HOUR_MS = 1_000, 3_600_000


def after_reading(
    terms: VehicleTerms, had: Share, reading: Telemetry, at_ms: int, *, accepted: bool
) -> Share | Rejection:
    """The share after a reading, or its rejection. One that was not ``accepted`` (late, a repeat) costs next to nothing
    and counts only as the check that it asks for.
    """
    second, readings, hour, checks = had.second, had.readings, had.hour, had.checks
    if accepted:
        second, readings = _counted(reading.ts_ms // SECOND_MS, had.second, had.readings)
    if reading.check_requested:
        hour, checks = _counted(at_ms // HOUR_MS, had.hour, had.checks)
    if readings > terms.readings_per_second:
        return Rejection(
            "too_many_readings",
            f"{reading.vehicle_id} has sent {terms.readings_per_second} readings of this second already: have it send "
            "less often, or raise vehicle.readings_per_second in the topology",
        )
    if checks > terms.checks_per_hour:
        return Rejection(
            "too_many_checks",
            f"{reading.vehicle_id} has asked for {terms.checks_per_hour} checks within this hour already: wait for "
            "what they say, or raise vehicle.checks_per_hour in the topology",
        )
    return Share(second, readings, hour, checks)


def _counted(window: int, newest: int, count: int) -> tuple[int, int]:
    return window, count + 1 if window == newest else 1
