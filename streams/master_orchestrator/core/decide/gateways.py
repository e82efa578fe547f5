"""By which gateway a vehicle's readings come: a vehicle that comes by another one is on record."""

from master_orchestrator.core import events as ev
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.state import VehicleState

KEPT_MS = 3_600_000
"""How long a vehicle keeps its gateway, even if others bring readings: two may bring the same ones in turns."""


def comes_by_another(state: VehicleState, given: Input) -> bool:
    """Whether the reading came by another gateway than the vehicle's, long enough after the last change."""
    known = state.gateway
    if known is None:
        return given.gateway is not None
    return known[0] != given.gateway is not None and given.at_ms - known[1] >= KEPT_MS


def gateway_change(state: VehicleState, given: Input) -> list[ev.Event]:
    """The change, if it is one."""
    if given.gateway is None or not comes_by_another(state, given):
        return []
    before = None if state.gateway is None else state.gateway[0]
    return [ev.GatewayChanged(gateway=given.gateway, since_ms=given.at_ms, before=before)]
