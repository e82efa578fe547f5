"""Events of the vehicle: positions, trackers, and the newest hash of an audit trail."""

from msgspec.structs import replace

from master_orchestrator.core import events as ev
from master_orchestrator.core.evolve.chains import known_chain, put
from master_orchestrator.core.state import VehicleState


def input_applied(state: VehicleState, event: ev.InputApplied) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.InputApplied`."""
    return replace(state, positions=next_positions(state.positions, event.rank, event.next_offset))


def next_positions(known: tuple[int, ...], rank: int, next_offset: int) -> tuple[int, ...]:
    """The positions after an input of the topic with this rank."""
    if rank >= len(known):
        known += (0,) * (rank + 1 - len(known))
    return (*known[:rank], next_offset, *known[rank + 1 :])


def reading_observed(state: VehicleState, event: ev.ReadingObserved) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.ReadingObserved`."""
    unchanged = event.next_check_due_ms is None and event.model is None and event.odometer_m is None
    if unchanged and event.service is None:
        return replace(state, trackers=event.trackers, standing=event.standing, share=event.share, clock=event.clock)
    return replace(
        state,
        trackers=event.trackers,
        standing=event.standing,
        share=event.share,
        clock=event.clock,
        next_check_due_ms=state.next_check_due_ms if event.next_check_due_ms is None else event.next_check_due_ms,
        model=state.model if event.model is None else event.model,
        odometer_m=state.odometer_m if event.odometer_m is None else event.odometer_m,
        service=state.service if event.service is None else event.service,
    )


def gateway_changed(state: VehicleState, event: ev.GatewayChanged) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.GatewayChanged`."""
    return replace(state, gateway=(event.gateway, event.since_ms))


def reading_dropped(state: VehicleState, event: ev.ReadingDropped) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.ReadingDropped`."""
    return replace(state, clock=event.clock)


def audit_sealed(state: VehicleState, event: ev.AuditSealed) -> VehicleState:
    """Apply :class:`~master_orchestrator.core.events.AuditSealed`."""
    return put(state, replace(known_chain(state, event.workflow_id), hash=event.hash))
