"""The quick look at an input: most inputs are readings of which nothing comes but the next state.

It asks the functions that the rules ask (``decide/telemetry.py``), and leaves to ``step`` whatever has an effect.
"""

from msgspec.structs import replace

from master_orchestrator.core.decide.gateways import comes_by_another
from master_orchestrator.core.decide.regular_service import is_look_due
from master_orchestrator.core.decide.share import after_reading
from master_orchestrator.core.evolve.vehicle import next_positions
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.rejection import Rejection
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.triage import QUIET, observe, odometer_of
from master_orchestrator.core.triage.clock import is_plain
from master_orchestrator_schemas.instants import mistake_in
from master_orchestrator_schemas.messages import Telemetry


def quiet(policy: Policy, state: VehicleState, given: Input) -> VehicleState | None:
    """The state after a reading of which nothing else comes; None: it takes :func:`~.step.step`. Pure.

    ``given`` is an input of this vehicle. Where this answers, ``step`` has the same state and no effect, and the
    reading has made the vehicle blind to no rule.
    """
    reading, at_ms, trackers = given.body, given.at_ms, state.trackers
    if (
        type(reading) is not Telemetry
        or reading.check_requested
        or state.standing
        or at_ms >= state.next_check_due_ms
        or (reading.model is not None and reading.model != state.model)
        or not is_plain(trackers, state.clock, reading.ts_ms, at_ms)
        or mistake_in(reading.ts_ms, at_ms, policy.episodes.max_future_ms)
        or is_look_due(policy, state, reading)
        or comes_by_another(state, given)
    ):
        return None
    after, seen = observe(policy.triage, trackers, reading)
    if seen is not QUIET or after.engine.reach_ms > trackers.engine.reach_ms:
        return None
    share = after_reading(policy.vehicle, state.share, reading, at_ms, accepted=True)
    if isinstance(share, Rejection):
        return None
    rank, odometer_m = policy.ranks.get(given.cause.topic), odometer_of(policy.triage, reading)
    return replace(
        state,
        positions=state.positions if rank is None else next_positions(state.positions, rank, given.cause.offset + 1),
        trackers=after,
        share=share,
        odometer_m=state.odometer_m if odometer_m is None else odometer_m,
    )
